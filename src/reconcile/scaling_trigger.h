// ScalingTrigger: how an alarm reaches a scaling policy. The alarm evaluator calls it on a transition and, as AWS
// does for Auto Scaling actions alone, every minute while the state lasts.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace berth::reconcile {

struct AlarmSignal {
  std::string alarm;
  std::string alarm_arn;
  std::string state;                      // "ALARM", ...
  std::vector<double> recent_datapoints;  // oldest first, freshly evaluated
  double threshold = 0;
  bool transition = false;  // false: the every-minute repetition
};

class ScalingTrigger {
 public:
  virtual ~ScalingTrigger() = default;
  // `policy_arn`: the alarm's action, perhaps with `:createdBy/<uuid>` behind it.
  virtual Result<> on_alarm(const std::string& policy_arn, const AlarmSignal& signal) = 0;
};

}  // namespace berth::reconcile
