#include "control/task_health.h"

#include <algorithm>

namespace berth::control {

namespace {

// Without any check a task counts as healthy this long after it is RUNNING.
constexpr Duration unchecked_healthy_after = Duration::seconds(40);

HealthVerdict failing(const HealthObservation& task, std::optional<std::size_t> target, Time now) {
  const Time graced_until = *task.running_since + task.grace_period;
  if (now < graced_until) return {Health::Unknown, std::nullopt, graced_until};
  return {Health::Unhealthy, target, std::nullopt};
}

}  // namespace

std::string_view name_of(Health health) {
  switch (health) {
    case Health::Unknown:
      return "UNKNOWN";
    case Health::Healthy:
      return "HEALTHY";
    case Health::Unhealthy:
      return "UNHEALTHY";
  }
  return "";
}

Health worst(std::span<const Health> containers) {
  if (containers.empty()) return Health::Unknown;
  for (const Health health : {Health::Unhealthy, Health::Unknown}) {
    if (std::find(containers.begin(), containers.end(), health) != containers.end()) return health;
  }
  return Health::Healthy;
}

HealthVerdict judge_health(const HealthObservation& task, Time now) {
  if (!task.running_since) return {};
  if (!task.container_health && task.targets.empty()) {
    const Time healthy_from = *task.running_since + unchecked_healthy_after;
    if (now >= healthy_from) return {Health::Healthy};
    return {Health::Unknown, std::nullopt, healthy_from};
  }
  if (task.container_health == Health::Unhealthy) return failing(task, std::nullopt, now);
  bool all_healthy = task.container_health.value_or(Health::Healthy) == Health::Healthy;
  for (std::size_t i = 0; i < task.targets.size(); ++i) {
    if (task.targets[i] == TargetState::Unhealthy) return failing(task, i, now);
    all_healthy &= task.targets[i] == TargetState::Healthy || task.targets[i] == TargetState::Unavailable;
  }
  return {all_healthy ? Health::Healthy : Health::Unknown};
}

}  // namespace berth::control
