#include "berthd/daemon.h"

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstring>

#include "base/data_dir.h"
#include "base/log.h"
#include "base/text.h"
#include "berthd/admin.h"
#include "berthd/clock.h"
#include "berthd/random_bytes.h"
#include "berthd/registry_identity.h"
#include "berthd/root_key.h"
#include "berthd/store_identity.h"
#include "berthd/world.h"
#include "gateway/gateway.h"
#include "host/socket_owners.h"
#include "host/vpc_routes.h"
#include "loop/asio_loop.h"
#include "net/http_server.h"
#include "region/services.h"
#include "services/cloudwatch/metric_store.h"
#include "store/blob_files.h"
#include "store/sqlite_journal.h"

namespace berth {
namespace {

constexpr Duration flush_interval = Duration::minutes(1);
constexpr Duration flush_delay = Duration::seconds(1);

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};

ListenAddress listen_address(const std::string& text) {
  const auto colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host,
          static_cast<std::uint16_t>(parse_integer(std::string_view(text).substr(colon + 1)).value_or(0))};
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  std::memcpy(&seed, random_bytes(sizeof seed).data(), sizeof seed);
  return seed;
}

gateway::AuthMode auth_mode(const std::string& name) {
  if (name == "test") return gateway::AuthMode::test;
  return name == "any" ? gateway::AuthMode::any : gateway::AuthMode::signed_only;
}

}  // namespace

class Daemon::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}

  Result<> start();
  Result<> run();

 private:
  Result<> open_store();
  Result<> open_gateway();
  Result<> open_world();
  Result<> listen();
  Context context() {
    return {.store = *store_,
            .loop = *loop_,
            .settings = settings_,
            .metrics = *metrics_,
            .log_events = *journal_,
            .blobs = blobs_.get()};
  }
  void flush_later();
  void flush();
  void shut_down();

  Options options_;
  Settings settings_;
  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<BlobFiles> blobs_;
  std::unique_ptr<cloudwatch::MetricStore> metrics_;
  std::unique_ptr<AsioLoop> loop_;
  RootKey root_key_;
  std::unique_ptr<Credentials> credentials_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<ServiceHistory> history_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<boost::asio::signal_set> signals_;
  bool stopping_ = false;
};

Result<> Daemon::Impl::start() {
  if (options_.take_down && !holds_store(options_.data_dir)) {
    return Error{"NothingThere", "There is nothing to take down: no berthd has used " + options_.data_dir};
  }
  if (auto opened = open_store(); !opened) return opened;
  if (options_.take_down) take_identity(*store_, options_);
  settings_.account = options_.account;
  settings_.region = options_.region;
  settings_.strict_aws = options_.strict_aws;
  settings_.cpu_overcommit = options_.cpu_overcommit;
  settings_.endpoint = "http://" + options_.listen;
  const auto registry = read_or_make_registry_identity(options_.data_dir, options_.registry);
  if (!registry) return registry.error();
  settings_.registry_address = registry->address;
  settings_.registry_key = registry->key;
  if (auto same = check_identity(*store_, options_); !same) return same;
  const auto clock = start_clock(*store_, options_, machine_date());
  if (!clock) return clock.error();
  loop_ = std::make_unique<AsioLoop>(clock->now, clock->time_scale, random_seed());
  if (auto loaded = metrics_->load(loop_->now()); !loaded) return loaded;
  if (auto opened = open_gateway(); !opened) return opened;
  if (auto listening = options_.take_down ? Result<>() : listen(); !listening) return listening;
  if (auto opened = open_world(); !opened) return opened;
  flush_later();
  return {};
}

Result<> Daemon::Impl::open_store() {
  auto journal = SqliteJournal::open(options_.data_dir);
  if (!journal) return journal.error();
  journal_ = std::move(*journal);
  store_ = std::make_unique<Store>(journal_.get());
  add_all_tables(*store_);
  store_->add<ClockRow>();
  store_->add<StoreIdentityRow>();
  metrics_ = std::make_unique<cloudwatch::MetricStore>(journal_.get());
  if (auto loaded = store_->load(); !loaded) return loaded;
  blobs_ = std::make_unique<BlobFiles>(*store_, options_.data_dir);
  return blobs_->collect();
}

Result<> Daemon::Impl::open_gateway() {
  auto key = read_or_make_root_key(options_.data_dir);
  if (!key) return key.error();
  root_key_ = *key;
  const Principal root{settings_.global_arn("iam", "root"), settings_.account, key->access_key_id};
  credentials_ = std::make_unique<Credentials>(*store_, *key, root);
  const auto address = listen_address(options_.listen);
  gateway_ = std::make_unique<gateway::Gateway>(
      context(), implemented_services(), *credentials_,
      gateway::GatewayOptions{auth_mode(options_.auth), {address.host, "169.254.170.2", host::api_address}});
  return {};
}

Result<> Daemon::Impl::listen() {
  const auto address = listen_address(options_.listen);
  server_ = std::make_unique<net::HttpServer>(
      *loop_,
      [this](wire::Request request, std::string remote, net::Respond respond) {
        gateway_->handle(std::move(request), remote, std::move(respond));
      },
      [this](const wire::Request& request, int status) { return gateway_->refuse(request, status); });
  server_->take_bodies([this](const wire::Request& head) { return gateway_->take_body(head); });
  const auto listening = server_->listen(address.host, address.port);
  if (!listening) {
    Error error = listening.error();
    if (const auto owner = host::owner_of(address.host, address.port)) {
      error.message += fmt::format(": {} listens there; stop it or give another --listen", owner->text());
    }
    return error;
  }
  if (address.port == 0) settings_.endpoint = fmt::format("http://{}:{}", address.host, listening->port);
  if (auto told =
          tell_where(options_.data_dir, {settings_.endpoint, settings_.region, options_.engine_socket});
      !told)
    return told;
  log::info("berthd listens on {}, data in {}, time scale {}", settings_.endpoint, options_.data_dir,
            shortest(loop_->time_scale()));
  return {};
}

Result<> Daemon::Impl::open_world() {
  history_ = std::make_unique<ServiceHistory>(context());
  world_ = std::make_unique<World>(context(), *loop_, options_, *gateway_);
  if (auto started = world_->start(); !started) return started;
  const auto machine = world_->runtime_info();
  settings_.host_vcpu = machine.host_vcpu;
  settings_.host_memory_bytes = machine.host_memory_bytes;
  admin_ = std::make_unique<Admin>(context(), options_, root_key_, *world_, *journal_, *history_,
                                   [this] { shut_down(); });
  admin_->add_routes(gateway_->routes());
  return {};
}

// Just behind the minute's own points, so that a kill takes at most what PutMetricData has brought since.
void Daemon::Impl::flush_later() {
  const Duration behind = Duration::seconds(options_.metric_lag_s) + flush_delay;
  loop_->at(floor_to_minute(loop_->now() - behind) + flush_interval + behind, [this] {
    flush();
    flush_later();
  });
}

void Daemon::Impl::flush() {
  // What cannot be written now is written with the next flush; the store has said why.
  static_cast<void>(!metrics_->flush(loop_->now()));
  static_cast<void>(!remember_clock(*store_, loop_->now()));
}

Result<> Daemon::Impl::run() {
  Result<> outcome;
  signals_ = std::make_unique<boost::asio::signal_set>(loop_->io(), SIGINT, SIGTERM);
  signals_->async_wait([this, &outcome](const auto& error, int) {
    if (error) return;
    if (options_.take_down) outcome = Error{"Interrupted", "Stopped before everything was taken down"};
    shut_down();
  });
  if (options_.take_down) {
    const auto delayed = [&](const Error& delay) {
      outcome = delay;
      shut_down();
    };
    loop_->post([this, delayed] { world_->take_down(delayed, [this] { shut_down(); }); });
  }
  loop_->run();
  return outcome;
}

void Daemon::Impl::shut_down() {
  if (stopping_) return;
  stopping_ = true;
  if (!options_.take_down) {
    log::info("berthd stops; tasks and load balancers go on, the next start takes them over");
  }
  flush();
  gateway_->release_waiters();
  const auto leave = [this] { world_->leave([this] { loop_->stop(); }); };
  if (!server_) return leave();
  server_->close(leave);
}

Daemon::Daemon(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Daemon::~Daemon() = default;

Result<> Daemon::start() {
  return impl_->start();
}

Result<> Daemon::run() {
  return impl_->run();
}

}  // namespace berth
