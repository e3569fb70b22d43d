#include "control/task_state.h"

#include <fmt/format.h>

#include <array>

namespace berth::control {

namespace {

constexpr std::array<std::string_view, 9> status_names{"PROVISIONING",   "PENDING",      "ACTIVATING",
                                                       "RUNNING",        "DEACTIVATING", "STOPPING",
                                                       "DEPROVISIONING", "STOPPED",      "DELETED"};

}  // namespace

std::string_view name_of(TaskStatus status) {
  return status_names[static_cast<std::size_t>(status)];
}

std::optional<TaskStatus> parse_task_status(std::string_view name) {
  for (std::size_t i = 0; i < status_names.size(); ++i) {
    if (status_names[i] == name) return static_cast<TaskStatus>(i);
  }
  return std::nullopt;
}

bool may_follow(TaskStatus from, TaskStatus to) {
  if (to <= from) return false;
  if (to == TaskStatus::Deleted) return from == TaskStatus::Stopped;
  // Only what was registered somewhere can be taken out again.
  if (to == TaskStatus::Deactivating) return from == TaskStatus::Activating || from == TaskStatus::Running;
  return true;
}

bool counts_as_pending(TaskStatus status) {
  return status < TaskStatus::Running;
}

bool counts_as_running(TaskStatus status) {
  return status == TaskStatus::Running;
}

bool holds_resources(TaskStatus status) {
  return status < TaskStatus::Stopped;
}

std::string_view name_of(StopCode code) {
  switch (code) {
    case StopCode::TaskFailedToStart:
      return "TaskFailedToStart";
    case StopCode::EssentialContainerExited:
      return "EssentialContainerExited";
    case StopCode::UserInitiated:
      return "UserInitiated";
    case StopCode::ServiceSchedulerInitiated:
      return "ServiceSchedulerInitiated";
    case StopCode::SpotInterruption:
      return "SpotInterruption";
    case StopCode::TerminationNotice:
      return "TerminationNotice";
  }
  return "";
}

StopReason stopped_by_deployment(std::string_view deployment_id) {
  return {StopCode::ServiceSchedulerInitiated,
          fmt::format("Scaling activity initiated by (deployment {})", deployment_id)};
}

StopReason failed_elb_health_checks(std::string_view target_group_arn) {
  return {StopCode::ServiceSchedulerInitiated,
          fmt::format("Task failed ELB health checks in (target-group {})", target_group_arn)};
}

StopReason failed_container_health_checks() {
  return {StopCode::ServiceSchedulerInitiated, "Task failed container health checks"};
}

StopReason essential_container_exited() {
  return {StopCode::EssentialContainerExited, "Essential container in task exited"};
}

StopReason stopped_by_user(std::string_view reason) {
  return {StopCode::UserInitiated, std::string(reason.empty() ? "Task stopped by user" : reason)};
}

StopReason failed_to_start(std::string_view code, std::string_view message) {
  if (code.empty()) return {StopCode::TaskFailedToStart, std::string(message)};
  return {StopCode::TaskFailedToStart, fmt::format("{}: {}", code, message)};
}

StopReason spot_interrupted() {
  return {StopCode::SpotInterruption, "Your Spot Task was interrupted."};
}

}  // namespace berth::control
