#include "berthd/world.h"

#include "base/log.h"
#include "host/http_poster.h"
#include "host/smtp_mailer.h"
#include "region/control_plane.h"

namespace berth {

// In order of what holds what. The control plane hears of the ports and acts on them, so it is made before
// them and stops before they go.
struct World::Parts {
  Parts(Context& context, AsioLoop& loop, const Options& options, gateway::Gateway& gateway)
      : network(loop, options.data_dir),
        poster(loop),
        control(context, Duration::seconds(options.metric_lag_s)),
        runtime(loop, control.runtime_listener(), network,
                {options.data_dir, options.engine_socket, options.images}),
        balancer(loop, control.balancer_listener(),
                 {options.data_dir, options.haproxy,
                  [this](const std::string& vpc_id) { return network.vpc_namespace(vpc_id); }}),
        endpoints(context.store, loop, context.settings, gateway),
        listeners(context.store, loop, network, endpoints) {}
  ~Parts() { control.stop(); }

  host::VpcNetwork network;
  host::HttpPoster poster;
  ControlPlane control;
  host::ContainerRuntime runtime;
  host::HaproxyBalancer balancer;
  gateway::TaskEndpoints endpoints;
  VpcListeners listeners;
};

World::World(Context context, AsioLoop& loop, const Options& options, gateway::Gateway& gateway)
    : context_(std::move(context)), loop_(loop), options_(options), gateway_(gateway) {}

World::~World() = default;

Result<> World::make_mailer() {
  if (options_.mail.url.empty()) {
    auto mailbox = host::Mailbox::open(loop_, options_.data_dir + "/mail");
    if (!mailbox) return mailbox.error();
    mailbox_ = mailbox->get();
    mailer_ = std::move(*mailbox);
    return {};
  }
  auto relay = host::SmtpMailer::create(
      loop_, {options_.mail.url, options_.mail.user, options_.mail.password_file, options_.mail.from, {}});
  if (!relay) return relay.error();
  mailer_ = std::move(*relay);
  return {};
}

Result<> World::start() {
  if (auto made = make_mailer(); !made) return made;
  parts_ = std::make_unique<Parts>(context_, loop_, options_, gateway_);
  parts_->listeners.start();
  parts_->control.start({parts_->network, parts_->runtime, parts_->balancer, *mailer_, parts_->poster});
  return {};
}

world::RuntimeInfo World::runtime_info() const {
  return parts_->runtime.info();
}

world::BalancerInfo World::balancer_info() {
  return parts_->balancer.info();
}

std::string World::network_problem() const {
  return parts_->control.network_problem();
}

void World::take_down(Callback done) {
  // Nobody may start again what is about to go.
  parts_->control.stop_making();
  parts_->balancer.shutdown();
  parts_->runtime.remove_everything([this, done = std::move(done)] {
    if (auto emptied = context_.store.reset(); !emptied) log::error("store: {}", emptied.error().message);
    parts_->network.apply({}, [done](const Result<>& removed) {
      if (!removed) log::error("networks: {}", removed.error().message);
      done();
    });
  });
}

}  // namespace berth
