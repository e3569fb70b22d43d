#include "control/service_event.h"

#include <fmt/format.h>

#include "control/choices.h"

namespace berth::control::service_event {

namespace {

std::string listed(const std::vector<std::string>& task_ids) {
  std::string text;
  for (const auto& id : task_ids) text += fmt::format("{}(task {})", text.empty() ? "" : " ", id);
  return text;
}

}  // namespace

std::string started(std::string_view service, const std::vector<std::string>& task_ids) {
  return fmt::format("(service {}) has started {} tasks: {}.", service, task_ids.size(), listed(task_ids));
}

std::string stopped(std::string_view service, const std::vector<std::string>& task_ids) {
  return fmt::format("(service {}) has stopped {} running tasks: {}.", service, task_ids.size(),
                     listed(task_ids));
}

std::string registered(std::string_view service, int targets, std::string_view target_group_arn) {
  return fmt::format("(service {}) registered {} targets in (target-group {})", service, targets,
                     target_group_arn);
}

std::string deregistered(std::string_view service, int targets, std::string_view target_group_arn) {
  return fmt::format("(service {}) deregistered {} targets in (target-group {})", service, targets,
                     target_group_arn);
}

std::string draining(std::string_view service, std::string_view deployment_id, int tasks) {
  return fmt::format("(service {}, taskSet {}) has begun draining connections on {} tasks.", service,
                     deployment_id, tasks);
}

std::string target_unhealthy(std::string_view service, std::string_view task_id, int port,
                             std::string_view target_group_arn, std::string_view reason) {
  return fmt::format("(service {}) (task {}) (port {}) is unhealthy in (target-group {}) due to (reason {})",
                     service, task_id, port, target_group_arn, reason);
}

std::string container_unhealthy(std::string_view service, std::string_view task_id) {
  return fmt::format("(service {}) (task {}) failed container health checks.", service, task_id);
}

std::string deployment_completed(std::string_view service, std::string_view deployment_id) {
  return fmt::format("(service {}) (deployment {}) deployment completed.", service, deployment_id);
}

std::string deployment_failed(std::string_view service, std::string_view deployment_id) {
  return fmt::format("(service {}) (deployment {}) deployment failed: tasks failed to start.", service,
                     deployment_id);
}

std::string rolling_back(std::string_view service, std::string_view to_deployment_id) {
  return fmt::format("(service {}) rolling back to deployment {}.", service, to_deployment_id);
}

std::string steady_state(std::string_view service) {
  return fmt::format("(service {}) has reached a steady state.", service);
}

std::string placement_failed(std::string_view service, std::string_view reason) {
  return fmt::format("(service {}) was unable to place a task. Reason: {}", service, reason);
}

std::string cannot_start_consistently(std::string_view service) {
  return fmt::format("(service {}) is unable to consistently start tasks successfully.", service);
}

std::string throttled(std::string_view service) {
  return fmt::format("(service {}) operations are being throttled. Will try again later.", service);
}

std::string blocked_by_configuration(std::string_view service) {
  return fmt::format(
      "(service {}) was unable to stop or start tasks during a deployment because of the service deployment "
      "configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
      service);
}

std::string blocked_by_protection(std::string_view service, std::string_view deployment_id) {
  return fmt::format(
      "(service {}) was unable to reach steady state because task set ({}) was unable to scale in. Reason: "
      "The "
      "number of protected tasks are more than the desired count of tasks.",
      service, deployment_id);
}

std::string rollout_in_progress(std::string_view deployment_id) {
  return fmt::format("ECS deployment {} in progress.", deployment_id);
}

std::string rollout_completed(std::string_view deployment_id) {
  return fmt::format("ECS deployment {} completed.", deployment_id);
}

std::string rollout_rolling_back(std::string_view to_deployment_id) {
  return fmt::format("ECS deployment circuit breaker: rolling back to deploymentId {}.", to_deployment_id);
}

bool due(std::optional<Time> last, Time now) {
  return !last || now - *last >= choice::event_repeat;
}

}  // namespace berth::control::service_event
