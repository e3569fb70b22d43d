// What the scaling rules look at, gathered from the store and from what the alarms said last: the capacity of
// a target, its policies and what those in breach wish. It decides and writes nothing.
#pragma once

#include <boost/container/small_vector.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/step_scaling.h"
#include "control/target_tracking.h"
#include "loop/time.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"

namespace berth::reconcile {

// The datapoints that alarms in ALARM brought with their last call. An alarm that stays in ALARM calls every
// minute, so older ones say nothing any more; a restarted daemon knows them again within a minute.
class AlarmReadings {
 public:
  void note(const std::string& alarm, std::span<const double> datapoints, Time now);
  // Empty when there are none that still count.
  const std::vector<double>& of(const std::string& alarm, Time now) const;
  void forget(const std::string& alarm) { readings_.erase(alarm); }
  // Time that went by without calls does not count.
  void pass_over(Duration span);

 private:
  struct Reading {
    std::vector<double> datapoints;
    Time at{};
  };
  std::map<std::string, Reading, std::less<>> readings_;
};

// nullopt: the service is not ACTIVE.
std::optional<control::ScalableCapacity> capacity_of(const Store& store,
                                                     const autoscaling::ScalableTargetRow& target);

using Policies = RowsOf<autoscaling::ScalingPolicyRow>;

// Views into rows and readings: valid as long as neither changes.
using TrackingPolicies = boost::container::small_vector<control::TrackingPolicy, 2>;
TrackingPolicies tracking_policies(const Store& store, const Policies& policies,
                                   const AlarmReadings& readings, Time now);

control::StepAlarm step_alarm(const cloudwatch::AlarmRow& alarm, const AlarmReadings& readings, Time now);

// What the target's step scaling policies in breach compute, but for `except`.
std::vector<control::Wish> step_wishes(const Store& store, const control::ScalableCapacity& capacity,
                                       const Policies& policies,
                                       const autoscaling::ScalingPolicyRow* except,
                                       const AlarmReadings& readings, Time now);
// What its target tracking policies in breach high compute. Those in breach low have no say in a step
// policy's scale-in (AWS: step scaling stands outside the agreement of the target tracking policies).
std::vector<control::Wish> tracking_wishes(const control::ScalableCapacity& capacity,
                                           std::span<const control::TrackingPolicy> policies);

}  // namespace berth::reconcile
