// The texts of a service's events and of its deployments' rollout reasons, word for word as ECS writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loop/time.h"

namespace berth::control::service_event {

std::string started(std::string_view service, const std::vector<std::string>& task_ids);
std::string stopped(std::string_view service, const std::vector<std::string>& task_ids);
std::string registered(std::string_view service, int targets, std::string_view target_group_arn);
std::string deregistered(std::string_view service, int targets, std::string_view target_group_arn);
std::string draining(std::string_view service, std::string_view deployment_id, int tasks);
// `reason` as the load balancer gives it: "Request timed out", "Health checks failed with these codes:
// [404]", ...
std::string target_unhealthy(std::string_view service, std::string_view task_id, int port,
                             std::string_view target_group_arn, std::string_view reason);
std::string container_unhealthy(std::string_view service, std::string_view task_id);
std::string deployment_completed(std::string_view service, std::string_view deployment_id);
std::string deployment_failed(std::string_view service, std::string_view deployment_id);
std::string rolling_back(std::string_view service, std::string_view to_deployment_id);
std::string steady_state(std::string_view service);
std::string placement_failed(std::string_view service, std::string_view reason);
std::string cannot_start_consistently(std::string_view service);
std::string throttled(std::string_view service);
std::string blocked_by_configuration(std::string_view service);
std::string blocked_by_protection(std::string_view service, std::string_view deployment_id);

// rolloutStateReason.
std::string rollout_in_progress(std::string_view deployment_id);
std::string rollout_completed(std::string_view deployment_id);
inline constexpr std::string_view rollout_failed = "ECS deployment circuit breaker: tasks failed to start.";
std::string rollout_rolling_back(std::string_view to_deployment_id);

// Repeats of an event are muted until what it says was resolved in between, or 6 hours have passed. `last`:
// when the same text was written last; nullopt when it never was or was resolved since.
bool due(std::optional<Time> last, Time now);

}  // namespace berth::control::service_event
