// What berth keeps of Application Auto Scaling: scalable targets, policies with their cooldowns, scheduled
// actions and the activities that tell what was done and why.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/scaling.h"
#include "model/autoscaling.h"
#include "store/row_codec.h"
#include "store/store.h"

namespace berth::control {
BOOST_DESCRIBE_STRUCT(Cooldown, (),
                      (scale_out_until, scale_in_until, scale_out_credit, scale_out_in_progress,
                       scale_in_in_progress))
}  // namespace berth::control

namespace berth::autoscaling {

struct ScalableTargetRow {
  static constexpr const char* table = "autoscaling.targets";
  std::string resource_id;  // service/<cluster>/<service>
  std::string arn;
  int min_capacity = 0;
  int max_capacity = 0;
  std::string role_arn;
  bool scale_in_suspended = false;
  bool scale_out_suspended = false;
  bool schedules_suspended = false;
  std::map<std::string, std::string> tags;
  Time created_at{};

  std::string key() const { return resource_id; }
};
BOOST_DESCRIBE_STRUCT(ScalableTargetRow, (),
                      (resource_id, arn, min_capacity, max_capacity, role_arn, scale_in_suspended,
                       scale_out_suspended, schedules_suspended, tags, created_at))

struct ScalingPolicyRow {
  static constexpr const char* table = "autoscaling.policies";
  std::string resource_id;
  std::string name;
  std::string arn;
  std::string type;  // TargetTrackingScaling | StepScaling
  std::optional<TargetTrackingScalingPolicyConfiguration> tracking;
  std::optional<StepScalingPolicyConfiguration> step;
  std::vector<Alarm> alarms;  // its own, [AlarmHigh, AlarmLow]; those of a step policy belong to the user
  control::Cooldown cooldown;
  std::string last_order;  // key of the activity that the cooldown follows
  // Recorded last since the target's last order: the same reason is not recorded again.
  std::optional<NotScaledReason> last_not_scaled;
  Time created_at{};

  std::string key() const { return resource_id + "|" + name; }
  const std::string& belongs_to() const { return resource_id; }
};
BOOST_DESCRIBE_STRUCT(ScalingPolicyRow, (),
                      (resource_id, name, arn, type, tracking, step, alarms, cooldown, last_order,
                       last_not_scaled, created_at))

struct ScheduledActionRow {
  static constexpr const char* table = "autoscaling.scheduled_actions";
  std::string resource_id;
  std::string name;
  ScheduledAction description;  // as DescribeScheduledActions answers
  int version = 1;              // counts its changes

  std::string key() const { return resource_id + "|" + name; }
  const std::string& belongs_to() const { return resource_id; }
};
BOOST_DESCRIBE_STRUCT(ScheduledActionRow, (), (resource_id, name, description, version))

struct ScalingActivityRow {
  static constexpr const char* table = "autoscaling.activities";
  std::int64_t sequence = 0;
  ScalingActivity description;  // as DescribeScalingActivities answers
  std::optional<int> ordered;   // the desired count that it set
  std::string policy;           // ScalingPolicyRow::key(); empty when no policy ordered it
  std::string explanation;      // how the numbers led here, for people

  std::string key() const;
  bool open() const { return description.status_code == "InProgress"; }
};
BOOST_DESCRIBE_STRUCT(ScalingActivityRow, (), (sequence, description, ordered, policy, explanation))

void add_tables(Store& store);

}  // namespace berth::autoscaling
