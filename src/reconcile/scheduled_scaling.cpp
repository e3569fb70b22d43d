#include "reconcile/scheduled_scaling.h"

#include <vector>

#include "base/log.h"
#include "control/scheduled_action.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/orders.h"
#include "services/autoscaling/zones.h"
#include "services/ecs/rows.h"

namespace berth::reconcile {

using autoscaling::ScalableTargetRow;
using autoscaling::ScheduledActionRow;

namespace {

// A firing that the loop reaches later than this (a suspended machine) is a missed one.
constexpr Duration lateness_max = Duration::minutes(5);

std::optional<int> narrow(const std::optional<std::int64_t>& value) {
  return value ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

void change_limits(Store& store, Loop& loop, const ScheduledActionRow& action,
                   const ScalableTargetRow& target) {
  using control::activity::Status;
  const auto& wanted = *action.description.scalable_target_action;
  const auto minimum = narrow(wanted.min_capacity), maximum = narrow(wanted.max_capacity);
  const auto* service = store.find<ecs::ServiceRow>(autoscaling::service_key(target.resource_id));
  autoscaling::Record record{
      target.resource_id, Status::Successful, control::activity::setting_limits(minimum, maximum),
      control::activity::scheduled_cause(action.name), control::activity::limits_set(minimum, maximum)};
  const auto change = control::change_limits(target.min_capacity, target.max_capacity, minimum, maximum,
                                             service ? service->desired_count : 0);
  if (!change) {
    record.status = Status::Failed;
    record.message = change.error().message;
  }
  autoscaling::record(store, loop, record);
  if (change) autoscaling::set_limits(store, loop, target.resource_id, *change);
}

}  // namespace

std::optional<Time> next_firing(const ScheduledActionRow& row, Time after) {
  const auto& action = row.description;
  const auto schedule = control::parse_schedule(action.schedule.value_or(""));
  const auto zone = autoscaling::find_zone(action.timezone.value_or(""));
  if (!schedule || !zone) {
    log::warn("scheduled action {}: {}", row.key(), (schedule ? zone.error() : schedule.error()).message);
    return std::nullopt;
  }
  const control::ScheduleBounds bounds{action.creation_time.value_or(Time{}), action.start_time,
                                       action.end_time};
  return control::next_firing(*schedule, bounds, *zone, after);
}

ScheduledScaling::ScheduledScaling(Store& store, Loop& loop)
    : store_(store),
      loop_(loop),
      watch_(store, loop, any_of<ScheduledActionRow>, [this] { follow_actions(); }) {}

ScheduledScaling::~ScheduledScaling() {
  loop_.cancel(timer_);
}

void ScheduledScaling::start() {
  watch_.start();
  follow_actions();
}

void ScheduledScaling::follow_actions() {
  const auto& actions = store_.all<ScheduledActionRow>();
  std::erase_if(next_, [&](const auto& entry) { return !actions.contains(entry.first); });
  for (const auto& [key, action] : actions) {
    const std::string& arn = *action.description.scheduled_action_arn;
    const auto known = next_.find(key);
    if (known != next_.end() && known->second.arn == arn && known->second.version == action.version) continue;
    next_[key] = {arn, action.version, next_firing(action, loop_.now())};
  }
  arm();
}

void ScheduledScaling::arm() {
  loop_.cancel(timer_);
  timer_ = no_timer;
  std::optional<Time> first;
  for (const auto& [key, firing] : next_) {
    if (firing.at && (!first || *firing.at < *first)) first = firing.at;
  }
  if (first) timer_ = loop_.at(*first, [this] { run_due(); });
}

void ScheduledScaling::run_due() {
  const Time now = loop_.now();
  for (auto& [key, firing] : next_) {
    if (!firing.at || *firing.at > now) continue;
    const bool missed = now - *firing.at > lateness_max;
    const auto* action = store_.find<ScheduledActionRow>(key);
    firing.at = action ? next_firing(*action, now) : std::nullopt;
    if (action && !missed) run(*action);
  }
  arm();
}

void ScheduledScaling::run(const ScheduledActionRow& action) {
  const auto* target = store_.find<ScalableTargetRow>(action.resource_id);
  if (!target || target->schedules_suspended) return;
  const auto done = store_.transact([&]() -> Result<> {
    change_limits(store_, loop_, action, *target);
    return {};
  });
  if (!done) log::warn("scheduled action {}: {}", action.key(), done.error().message);
}

}  // namespace berth::reconcile
