// What `berth status` and `berth doctor` show: everything that runs, on one screen, as JSON.
#pragma once

#include "base/json.h"
#include "services/cloudwatch/metric_store.h"
#include "services/context.h"
#include "world/balancer.h"
#include "world/registry.h"
#include "world/runtime.h"

namespace berth {

struct StatusSources {
  const Store& store;
  const Loop& loop;
  const Settings& settings;
  const cloudwatch::MetricStore& metrics;
  world::RuntimeInfo runtime;
  world::BalancerInfo balancer;
  world::RegistryInfo registry;
  std::string network_problem;
  std::string store_problem;
  double metric_lag_s = 0;
};

json::object status_of(const StatusSources& sources);

}  // namespace berth
