#include "study/quiet_stretches.h"

#include <algorithm>

#include "control/alarm.h"
#include "reconcile/alarm_evaluator.h"
#include "reconcile/rule_schedules.h"
#include "reconcile/scheduled_scaling.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"

namespace berth::study {
namespace {

constexpr Duration shortest_memory = Duration::minutes(15);
constexpr Duration after_cooldown = Duration::minutes(3);
constexpr std::int64_t shortest_skip_minutes = 3;  // less is played as quickly
// What is set further ahead than any tick of the region's clocks is a deadline.
constexpr Duration deadline_ahead = Duration::minutes(5);

}  // namespace

QuietStretches::QuietStretches(SimulatedRegion& region) : region_(region) {
  watch_ = region_.store().watch([this](const auto&) {
    last_change_ = region_.loop().now();
    rows_changed_ = true;
  });
}

QuietStretches::~QuietStretches() {
  region_.store().stop_watching(watch_);
}

std::int64_t QuietStretches::minutes_ahead(Time traffic_changes) {
  const Time now = region_.loop().now();
  if (traffic_changes != traffic_changes_) {  // another level has begun; its points are still to come
    traffic_changes_ = traffic_changes;
    last_change_ = now;
  }
  if (now - last_change_ < newest_point_age || minutes_until(traffic_changes) < shortest_skip_minutes)
    return 0;
  if (rows_changed_) read_alarms();
  if (now - last_change_ < settling_ || cooldown_runs()) return 0;
  const std::int64_t minutes = minutes_until(next_deadline(traffic_changes));
  if (minutes < shortest_skip_minutes) return 0;
  return region_.metrics().level_since(now - memory_, now, newest_point_age) ? minutes : 0;
}

std::int64_t QuietStretches::minutes_until(Time when) const {
  return (when - region_.loop().now()).us / us_per_minute;
}

// Scheduled actions share one timer, and so do rules: one that does nothing and comes soon would hide the
// others.
Time QuietStretches::next_deadline(Time latest) const {
  const Time now = region_.loop().now();
  Time next = std::min(latest, region_.loop().next_set_ahead(deadline_ahead).value_or(latest));
  for (const auto& [key, action] : region_.store().all<autoscaling::ScheduledActionRow>()) {
    const auto* target = region_.store().find<autoscaling::ScalableTargetRow>(action.resource_id);
    if (!target || target->schedules_suspended) continue;
    next = std::min(next, reconcile::next_firing(action, now).value_or(next));
  }
  for (const auto& [name, rule] : region_.store().all<events::RuleRow>())
    next = std::min(next, reconcile::next_firing(rule, now).value_or(next));
  return next;
}

void QuietStretches::read_alarms() {
  rows_changed_ = false;
  memory_ = shortest_memory;
  settling_ = newest_point_age;
  const Time now = region_.loop().now();
  for (const auto& [name, alarm] : region_.store().all<cloudwatch::AlarmRow>()) {
    if (!alarm.metric) continue;
    const auto rule = reconcile::rule_of(*alarm.metric);
    memory_ = std::max(memory_, now - control::evaluation_range(rule, now).from() + newest_point_age);
    settling_ = std::max(settling_, control::evaluation_interval(rule) + newest_point_age);
  }
}

// One that has just ended is what the next evaluations act on.
bool QuietStretches::cooldown_runs() const {
  const Time lately = region_.loop().now() - after_cooldown;
  const auto& policies = region_.store().all<autoscaling::ScalingPolicyRow>();
  return std::any_of(policies.begin(), policies.end(), [&](const auto& entry) {
    const auto& cooldown = entry.second.cooldown;
    return cooldown.holds_scale_out(lately) || cooldown.holds_scale_in(lately);
  });
}

}  // namespace berth::study
