// ScalingTrigger: how an alarm reaches a scaling policy. The alarm evaluator calls it on a transition and, as AWS
// does for Auto Scaling actions alone, every minute while the state lasts.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace berth::reconcile {

class ScalingTrigger {
 public:
  virtual ~ScalingTrigger() = default;
  // `policy_arn`: the alarm's action, perhaps with `:createdBy/<uuid>` behind it. `recent_datapoints`: oldest
  // first, freshly evaluated.
  virtual Result<> on_alarm(std::string_view policy_arn, std::string_view alarm,
                            std::span<const double> recent_datapoints) = 0;
};

}  // namespace berth::reconcile
