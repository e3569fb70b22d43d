#include "berthd/world.h"

#include <fmt/format.h>

#include "base/log.h"
#include "berthd/build_listeners.h"
#include "gateway/build_endpoints.h"
#include "gateway/registry_api.h"
#include "host/container_builds.h"
#include "host/http_poster.h"
#include "host/smtp_mailer.h"
#include "reconcile/builds.h"
#include "reconcile/registry_sync.h"
#include "region/control_plane.h"
#include "services/ecr/password.h"
#include "services/ecr/rows.h"

namespace berth {
namespace {

// Longer than Podman's service takes to come up.
constexpr RealDuration engine_patience = RealDuration::seconds(15);
constexpr Duration pull_password_life = Duration::minutes(60);
constexpr RealDuration engine_look = RealDuration::ms(200);

host::RegistryConfig registry_config(const Settings& settings, const Options& options,
                                     std::function<bool()> is_pushed_to) {
  std::string api = settings.endpoint.substr(std::string_view("http://").size());
  if (api.starts_with("0.0.0.0:")) api.replace(0, std::string_view("0.0.0.0").size(), "127.0.0.1");
  return {.data_dir = options.data_dir,
          .address = settings.registry_address,
          .api_address = std::move(api),
          .api_route = gateway::registry_route,
          .key = settings.registry_key,
          .is_pushed_to = std::move(is_pushed_to),
          .haproxy = options.haproxy};
}

// A task's image, by AWS's name of this account's registry.
std::optional<host::RegistryImage> find_in_registry(const Context& context, const std::string& image) {
  const auto named = ecr::parse_image_name(context.settings, image);
  if (!named) return std::nullopt;
  const auto* found = ecr::find_image(context.store, named->repository, named->reference);
  if (!found) return host::RegistryImage{};
  const auto expires_at = context.loop.real_now() + pull_password_life;
  return host::RegistryImage{
      fmt::format("{}/{}@{}", context.settings.registry_address, found->repository, found->digest),
      found->digest,
      {ecr::registry_user,
       ecr::make_password(context.settings.registry_key, "ecs-tasks.amazonaws.com", expires_at)}};
}

host::BuildsConfig builds_config(const Settings& settings, const Options& options,
                                 BuildListeners& listeners) {
  return {
      .place = {options.data_dir, options.haproxy, ecr::registry_host(settings), settings.registry_address},
      .locations = {options.sources, options.buckets, options.data_dir + "/s3"},
      .serve = [&listeners](const std::string& build_id, int socket) { listeners.open(build_id, socket); },
      .close = [&listeners](const std::string& build_id) { listeners.close(build_id); }};
}

}  // namespace

// In order of what holds what. The control plane hears of the ports and acts on them, so it is made before
// them and stops before they go.
struct World::Parts {
  Parts(Context& context, AsioLoop& loop, const Options& options, gateway::Gateway& gateway)
      : network(loop, options.data_dir),
        poster(loop),
        control(context, Duration::seconds(options.metric_lag_s)),
        runtime(loop, control.runtime_listener(), network,
                {options.data_dir, options.engine_socket, options.images,
                 [&context](const std::string& image) { return find_in_registry(context, image); }}),
        balancer(loop, control.balancer_listener(),
                 {options.data_dir, options.haproxy,
                  [this](const std::string& vpc_id) { return network.vpc_namespace(vpc_id); }}),
        endpoints(context.store, loop, context.settings, gateway),
        listeners(context.store, loop, network, endpoints, gateway),
        resolvers(context.store, loop, network),
        registry(loop,
                 registry_config(context.settings, options, [this] { return registry_api.is_pushing(); })),
        registry_sync(std::in_place, context.store, loop, registry),
        registry_api(context, host::RegistryPaths(options.data_dir).socket,
                     [this] { return registry.is_collecting(); }),
        build_endpoints(context.store, loop, gateway),
        build_listeners(loop, build_endpoints),
        builds(context.store, loop, context.settings, context.log_events, options.builds_at_once),
        build_runner(runtime.tools(), builds, builds_config(context.settings, options, build_listeners)) {}
  ~Parts() { control.stop(); }

  host::VpcNetwork network;
  host::HttpPoster poster;
  ControlPlane control;
  host::ContainerRuntime runtime;
  host::HaproxyBalancer balancer;
  gateway::TaskEndpoints endpoints;
  VpcListeners listeners;
  VpcResolvers resolvers;
  host::DockerRegistry registry;
  std::optional<reconcile::RegistrySync> registry_sync;
  gateway::RegistryApi registry_api;
  gateway::BuildEndpoints build_endpoints;
  BuildListeners build_listeners;
  reconcile::Builds builds;
  host::ContainerBuilds build_runner;
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
  if (options_.take_down) return {};  // nothing may be started again; what is there is found by its name
  parts_->listeners.start();
  parts_->resolvers.start();
  parts_->registry_api.add_routes(gateway_.routes());
  parts_->registry_sync->start();
  parts_->builds.start(parts_->build_runner);
  parts_->control.start({parts_->network, parts_->runtime, parts_->balancer, *mailer_, parts_->poster});
  return {};
}

world::RuntimeInfo World::runtime_info() const {
  return parts_->runtime.info();
}

std::optional<world::Usage> World::usage(const std::string& task_id) {
  return parts_->runtime.usage(task_id);
}

world::BalancerInfo World::balancer_info() {
  return parts_->balancer.info();
}

const world::RegistryInfo& World::registry_info() const {
  return parts_->registry.info();
}

std::string World::network_problem() const {
  return parts_->control.network_problem();
}

void World::leave(Callback done) {
  parts_->runtime.leave(std::move(done));
}

void World::take_down(Delayed delayed, Callback done) {
  when_engine_answers(loop_.steady() + engine_patience,
                      [this, delayed = std::move(delayed), done = std::move(done)](Result<> answers) {
                        if (!answers) return delayed(answers.error());
                        remove_everything(delayed, done);
                      });
}

void World::when_engine_answers(SteadyTime deadline, std::function<void(Result<>)> then) {
  const auto& engine = parts_->runtime.info();
  if (engine.reachable) return then({});
  if (loop_.steady() >= deadline) {
    return then(Error{"EngineMissing", "Nothing was taken down, because containers cannot be removed: " +
                                           engine.problem + ". Mend that and try again."});
  }
  loop_.after_real(engine_look,
                   [this, deadline, then = std::move(then)] { when_engine_answers(deadline, then); });
}

void World::remove_everything(const Delayed& delayed, Callback done) {
  // Nobody may start again what is about to go.
  parts_->control.stop_making();
  parts_->builds.stop_making();
  parts_->registry_sync.reset();
  parts_->balancer.shutdown();
  if (options_.take_down) reset_store();  // no reconciler runs that could take note of a task's end
  const auto finished = std::make_shared<bool>(false);
  watch_engine(loop_.steady(), finished, delayed);
  // Builds first: with the last task the engine goes.
  parts_->build_runner.remove_everything([this, finished, done = std::move(done)] {
    parts_->runtime.remove_everything([this, finished, done] {
      *finished = true;
      reset_store();
      parts_->network.apply({}, [this, done](const Result<>& removed) {
        if (!removed) log::error("networks: {}", removed.error().message);
        parts_->registry.remove_everything(done);
      });
    });
  });
}

void World::reset_store() {
  if (auto emptied = context_.store.reset(); !emptied) log::error("store: {}", emptied.error().message);
}

void World::watch_engine(SteadyTime answered, std::shared_ptr<bool> finished, Delayed delayed) {
  if (*finished) return;
  const auto& engine = parts_->runtime.info();
  if (engine.reachable) answered = loop_.steady();
  if (loop_.steady() - answered >= engine_patience) {
    return delayed(Error{"EngineMissing", "Some tasks are left, because containers cannot be removed: " +
                                              engine.problem + ". Mend that and try again."});
  }
  loop_.after_real(engine_look,
                   [this, answered, finished = std::move(finished), delayed = std::move(delayed)] {
                     watch_engine(answered, finished, delayed);
                   });
}

}  // namespace berth
