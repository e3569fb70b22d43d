// The life of a task in ECS's words: lastStatus and what may follow what, stopCode and stoppedReason. Who
// moves a task on, and when, is the reconcilers' matter.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::control {

enum class TaskStatus {
  Provisioning,
  Pending,
  Activating,
  Running,
  Deactivating,
  Stopping,
  Deprovisioning,
  Stopped,
  Deleted,
};
std::string_view name_of(TaskStatus status);  // "PROVISIONING", ...
std::optional<TaskStatus> parse_task_status(std::string_view name);

// A task only moves forward, and may leave out what it does not need (no load balancer: no ACTIVATING).
bool may_follow(TaskStatus from, TaskStatus to);
bool counts_as_pending(TaskStatus status);  // of pendingCount
bool counts_as_running(TaskStatus status);  // of runningCount; DEACTIVATING does not
bool holds_resources(TaskStatus status);    // its containers may exist

enum class StopCode {
  TaskFailedToStart,
  EssentialContainerExited,
  UserInitiated,
  ServiceSchedulerInitiated,
  SpotInterruption,
  TerminationNotice,
};
std::string_view name_of(StopCode code);

struct StopReason {
  StopCode code{};
  std::string text{};

  bool operator==(const StopReason&) const = default;
};

StopReason stopped_by_deployment(std::string_view deployment_id);  // the task's own: its startedBy
StopReason failed_elb_health_checks(std::string_view target_group_arn);
StopReason failed_container_health_checks();
StopReason essential_container_exited();
StopReason stopped_by_user(std::string_view reason);  // "" when StopTask gave none
// `code` is one of AWS's categories: CannotPullContainerError, ResourceInitializationError, ...;
// empty where AWS gives the message alone.
StopReason failed_to_start(std::string_view code, std::string_view message);
StopReason spot_interrupted();

// A container's `reason` when the kernel killed it at its memory limit (exit code 137).
inline constexpr std::string_view out_of_memory_reason =
    "OutOfMemoryError: Container killed due to memory usage";

}  // namespace berth::control
