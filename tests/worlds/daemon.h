// Daemon: one process of berthd in a world: store, metrics, clock and control plane over the same disk and
// the same outside as the process before it. People call it through its handlers, as the gateway does.
#pragma once

#include <memory>
#include <type_traits>

#include "disk.h"
#include "engine.h"
#include "outside.h"
#include "proxy.h"
#include "region/control_plane.h"
#include "services/cloudwatch/metric_store.h"

namespace berth::worlds {

struct Outside {
  Disk& disk;
  Engine& engine;
  Proxy& proxy;
  Relay& relay;
  Networks& networks;
  NoWeb& web;
};

class Daemon {
 public:
  Daemon(Machine& machine, Outside outside);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // `watch` hears of every commit. False: the disk refused.
  bool start(Store::Watch watch);

  template <class In, class Out>
  Result<Out> call(Result<Out> (*handler)(Context&, const In&), const std::type_identity_t<In>& input) {
    return store_.transact([&] { return handler(context_, input); });
  }

  Store& store() { return store_; }
  const cloudwatch::MetricStore& metrics() const { return metrics_; }
  Context& context() { return context_; }

 private:
  void flush_later();

  Outside outside_;
  ProcessLoop loop_;
  Settings settings_;
  Store store_;
  cloudwatch::MetricStore metrics_;
  Context context_;
  ControlPlane plane_;
};

}  // namespace berth::worlds
