// How a service is scaled: its policies and what their alarms watch, as they stand, for explaining what they
// did.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "store/store.h"

namespace berth {

struct AlarmSetting {
  std::string name, metric, statistic, comparison;
  double threshold = 0;
  int period_s = 60;
  int evaluation_periods = 1;
  int datapoints = 1;
};

struct PolicySetting {
  std::string name, type, metric;
  double target = 0;
  int scale_out_cooldown_s = 300;
  int scale_in_cooldown_s = 300;
  bool scale_in_disabled = false;
  std::vector<AlarmSetting> alarms;
};

struct ScalingSettings {
  int minimum = 0;
  int maximum = 0;
  std::vector<PolicySetting> policies;
};

// `service_key`: "cluster/service". Without a scalable target nothing is set.
ScalingSettings scaling_settings(const Store& store, const std::string& service_key);
json::object policy_json(const PolicySetting& policy);

}  // namespace berth
