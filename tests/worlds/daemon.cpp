#include "daemon.h"

#include "region/services.h"

namespace berth::worlds {

Daemon::Daemon(Machine& machine, Outside outside)
    : outside_(outside),
      loop_(machine),
      store_(&outside.disk),
      metrics_(&outside.disk),
      context_{store_, loop_, settings_, metrics_, outside.disk.log_events()},
      plane_(context_, Duration::seconds(0)) {
  context_.principal.arn = settings_.global_arn("iam", "root");
  add_all_tables(store_);
}

Daemon::~Daemon() {
  outside_.engine.attach(nullptr);
  outside_.proxy.attach(nullptr);
}

bool Daemon::start(Store::Watch watch) {
  if (!store_.load() || !metrics_.load(loop_.now())) return false;
  store_.watch(std::move(watch));
  outside_.engine.attach(&plane_.runtime_listener());
  outside_.proxy.attach(&plane_.balancer_listener());
  plane_.start({outside_.networks, outside_.engine, outside_.proxy, outside_.relay, outside_.web});
  flush_later();
  return true;
}

// As berthd does.
void Daemon::flush_later() {
  loop_.after(Duration::minutes(1), [this] {
    static_cast<void>(!metrics_.flush(loop_.now()));
    flush_later();
  });
}

}  // namespace berth::worlds
