// Orders: setting a service's desired count together with the activity that tells of it and the cooldown that
// it starts, following an order to its end, and what else is recorded. The decisions come from src/control,
// the occasions from handlers and the reconcilers; everything here runs inside their transaction.
#pragma once

#include <optional>
#include <string>

#include "control/scaling.h"
#include "control/scaling_activity.h"
#include "control/scheduled_action.h"
#include "loop/loop.h"
#include "services/autoscaling/rows.h"

namespace berth::autoscaling {

struct Order {
  std::string resource_id;
  int desired = 0;
  std::string description;
  std::string cause;
  std::string policy{};  // ScalingPolicyRow::key(), when a policy ordered it
  std::string explanation{};
};

// False: the service is not ACTIVE, and nothing was written.
bool order(Store& store, Loop& loop, const Order& order);

// A decision not to scale, unless the policy's last record since the target's last order says the same.
void record_not_scaled(Store& store, Loop& loop, const ScalingPolicyRow& policy,
                       const control::ScalingDecision& decision);
bool is_recorded(const ScalingPolicyRow& policy, const control::NotScaledReason& reason);

// An activity that was over as soon as it began.
struct Record {
  std::string resource_id;
  control::activity::Status status{};
  std::string description;
  std::string cause;
  std::string message{};
};
void record(Store& store, Loop& loop, const Record& record);

// Where an open activity stands now, from the service's row and tasks. A service that is gone has none.
control::activity::Progress progress_of(const Store& store, const ScalingActivityRow& activity);
// Ends the activity; its policy's cooldown begins or is given up.
void end_activity(Store& store, const std::string& key, const control::activity::Progress& progress,
                  Time now);

// New limits for the target and, when the service is ACTIVE with a count outside them, the order to move it.
void set_limits(Store& store, Loop& loop, const std::string& resource_id,
                const control::LimitsChange& change);

// AWS: 300 s for ECS when the policy names none.
struct Cooldowns {
  Duration scale_out{};
  Duration scale_in{};
};
Cooldowns cooldowns_of(const ScalingPolicyRow& policy);

}  // namespace berth::autoscaling
