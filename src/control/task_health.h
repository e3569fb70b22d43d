// Whether a service's task counts as healthy, from its containers' checks, its targets and the grace period.
// It makes no checks; those are the container runtime's and the load balancer's.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "loop/time.h"

namespace berth::control {

enum class Health { Unknown, Healthy, Unhealthy };
std::string_view name_of(Health health);  // "UNKNOWN", "HEALTHY", "UNHEALTHY"

// healthStatus of a task: the worst of its essential containers, UNHEALTHY before UNKNOWN before HEALTHY.
Health worst(std::span<const Health> containers);

enum class TargetState { Initial, Healthy, Unhealthy, Unused, Draining, Unavailable };

struct HealthObservation {
  std::optional<Time> running_since{};       // startedAt, once RUNNING
  std::optional<Health> container_health{};  // nullopt: no container has a health check
  std::span<const TargetState> targets{};    // of this task, one per target group of the service
  Duration grace_period{};                   // healthCheckGracePeriodSeconds, counted from RUNNING
};

struct HealthVerdict {
  Health health = Health::Unknown;
  std::optional<std::size_t> failed_target{};  // the target group to name, when that is what failed
  std::optional<Time> changes_at{};            // when time alone will change the answer
};

HealthVerdict judge_health(const HealthObservation& task, Time now);

}  // namespace berth::control
