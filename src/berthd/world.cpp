#include "berthd/world.h"

#include <optional>

#include "base/log.h"
#include "cloudformation/stack_engine.h"
#include "cloudformation/types/types.h"
#include "host/http_poster.h"
#include "host/smtp_mailer.h"
#include "reconcile/alarm_evaluator.h"
#include "reconcile/balancer_sync.h"
#include "reconcile/log_collector.h"
#include "reconcile/log_retention.h"
#include "reconcile/network_sync.h"
#include "reconcile/notifications.h"
#include "reconcile/scaling.h"
#include "reconcile/scheduled_scaling.h"
#include "reconcile/service_metrics.h"
#include "reconcile/service_scheduler.h"
#include "reconcile/target_health.h"
#include "reconcile/task_lifecycle.h"
#include "reconcile/traffic_metrics.h"

namespace berth {

// In order of what holds what: ports below, reconcilers above.
struct World::Parts {
  Parts(Context& context, AsioLoop& loop, const Options& options, gateway::Gateway& gateway,
        world::Mailer& mailer)
      : lag(Duration::seconds(options.metric_lag_s)),
        network(loop, options.data_dir),
        lifecycle(context.store, loop, context.settings),
        runtime(loop, lifecycle, network, {options.data_dir, options.engine_socket, options.images}),
        target_health(context.store, loop),
        traffic(context.store, loop, context.metrics, lag),
        balancer_events(target_health, traffic),
        balancer(loop, balancer_events,
                 {options.data_dir, options.haproxy,
                  [this](const std::string& vpc_id) { return network.vpc_namespace(vpc_id); }}),
        poster(loop),
        network_sync(std::in_place, context.store, loop, network),
        balancer_sync(context.store, loop, balancer),
        collector(context.store, loop, context.log_events, runtime),
        retention(context.store, loop, context.log_events),
        scheduler(std::in_place, context.store, loop, context.settings),
        service_metrics(context.store, loop, context.settings, runtime, context.metrics, lag),
        scaling(context.store, loop),
        scheduled_scaling(context.store, loop),
        alarms(context.store, loop, context.settings, context.metrics, scaling),
        notifications(context.store, loop, mailer, poster),
        stacks(context.store, loop, context.settings, context.metrics, context.log_events),
        endpoints(context.store, loop, context.settings, gateway),
        listeners(context.store, loop, network, endpoints) {}

  Duration lag;
  host::VpcNetwork network;
  reconcile::TaskLifecycle lifecycle;
  host::ContainerRuntime runtime;
  reconcile::TargetHealth target_health;
  reconcile::TrafficMetrics traffic;
  reconcile::BalancerEvents balancer_events;
  host::HaproxyBalancer balancer;
  host::HttpPoster poster;
  std::optional<reconcile::NetworkSync> network_sync;
  reconcile::BalancerSync balancer_sync;
  reconcile::LogCollector collector;
  reconcile::LogRetention retention;
  std::optional<reconcile::ServiceScheduler> scheduler;
  reconcile::ServiceMetrics service_metrics;
  reconcile::Scaling scaling;
  reconcile::ScheduledScaling scheduled_scaling;
  reconcile::AlarmEvaluator alarms;
  reconcile::Notifications notifications;
  cloudformation::StackEngine stacks;
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
  cfn::types::add_all();
  parts_ = std::make_unique<Parts>(context_, loop_, options_, gateway_, *mailer_);
  parts_->network_sync->start();
  parts_->listeners.start();
  parts_->lifecycle.start(parts_->runtime, parts_->collector);
  parts_->collector.start();
  parts_->target_health.start();
  parts_->balancer_sync.start();
  parts_->traffic.start();
  parts_->scheduler->start();
  parts_->service_metrics.start();
  parts_->scaling.start();
  parts_->scheduled_scaling.start();
  parts_->alarms.start();
  parts_->notifications.start();
  parts_->retention.start();
  parts_->stacks.start();
  return {};
}

world::RuntimeInfo World::runtime_info() const {
  return parts_->runtime.info();
}

world::BalancerInfo World::balancer_info() {
  return parts_->balancer.info();
}

std::string World::network_problem() const {
  return parts_->network_sync ? parts_->network_sync->problem() : "";
}

void World::take_down(Callback done) {
  // Nobody may start again what is about to go.
  parts_->scheduler.reset();
  parts_->network_sync.reset();
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
