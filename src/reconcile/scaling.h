// Scaling: Application Auto Scaling at work. An alarm calls it, a rule decides, and the new desired count,
// its activity and the policy's cooldown are written in one transaction; later it follows the service until
// the activity is over. Scheduled actions are scheduled_scaling.h; starting and stopping tasks is the service
// scheduler's work.
#pragma once

#include <map>
#include <set>
#include <string>

#include "reconcile/scaling_inputs.h"
#include "reconcile/scaling_trigger.h"
#include "reconcile/table_watch.h"
#include "services/context.h"

namespace berth::reconcile {

class Scaling final : public ScalingTrigger {
 public:
  Scaling(Store& store, Loop& loop);
  ~Scaling() override;
  Scaling(const Scaling&) = delete;
  Scaling& operator=(const Scaling&) = delete;

  void start();

  Result<> on_alarm(std::string_view policy_arn, std::string_view alarm,
                    std::span<const double> recent_datapoints) override;

  // The clock went on by so much while nobody was called: alarms in ALARM stand by what they said last.
  void pass_over(Duration span) { readings_.pass_over(span); }

  // Whether it waits for the end of this activity.
  bool follows(const std::string& activity) const;

 private:
  control::ScalingDecision decide(const autoscaling::ScalingPolicyRow& policy,
                                  const control::ScalableCapacity& capacity,
                                  const cloudwatch::AlarmRow& alarm, control::Words words) const;
  control::ScalingDecision decide_tracking(const autoscaling::ScalingPolicyRow& policy,
                                           const Policies& policies,
                                           const control::ScalableCapacity& capacity,
                                           const cloudwatch::AlarmRow& alarm, control::Words words) const;
  Result<> act(const autoscaling::ScalingPolicyRow& policy, const control::ScalingDecision& decision);

  bool notice(const Changes& changes);
  void notice_activity(const std::string& key, const autoscaling::ScalingActivityRow& activity);
  void follow();
  void remove_targets_of_deleted_services(const std::set<std::string>& services);
  void follow_activities(const std::set<std::string>& services);
  void run_forced_alarms(const std::set<std::string>& alarms);
  void run_forced(const cloudwatch::AlarmRow& alarm);

  Store& store_;
  Loop& loop_;
  AlarmReadings readings_;
  std::map<std::string, std::set<std::string>> open_;  // service -> keys of activities to follow
  std::set<std::string> changed_services_, changed_alarms_;
  // When each alarm's transition into ALARM was answered. One that the evaluator did not bring came from
  // SetAlarmState.
  std::map<std::string, Time, std::less<>> answered_;
  TableWatch watch_;
};

}  // namespace berth::reconcile
