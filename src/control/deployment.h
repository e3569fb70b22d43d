// The service scheduler's next step for a REPLICA service: how many tasks of the primary deployment to start
// and which tasks to stop now, whether its rollout ends, and whether the service is steady. Level-triggered:
// the same state gives the same step, so a reconciler may ask as often as it likes and act on as much of it
// as it can.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/circuit_breaker.h"
#include "control/placement.h"
#include "control/task_health.h"
#include "loop/time.h"

namespace berth::control {

enum class RolloutState { InProgress, Completed, Failed };
std::string_view name_of(RolloutState state);  // "IN_PROGRESS", "COMPLETED", "FAILED"

enum class TaskPhase {
  Pending,   // not RUNNING yet
  Running,   // RUNNING
  Stopping,  // told to stop, or stopped by itself: from DEACTIVATING on. It no longer counts anywhere.
};

struct ServiceTask {
  std::string_view id{};
  int deployment = 0;  // index into ServiceSituation::deployments
  TaskPhase phase = TaskPhase::Pending;
  Health health = Health::Unknown;  // judge_health()
  int subnet = -1;                  // index into subnets; -1: none of them
  bool is_protected = false;
  Time created_at{};
};

struct ServiceDeployment {
  std::string_view id{};  // "ecs-svc/<19 digits>"
  RolloutState rollout = RolloutState::InProgress;
  FailureCount failures{};
  bool is_rollback = false;  // a failed one was rolled back to it
};

struct ServiceSituation {
  int desired = 0;
  int minimum_healthy_percent = 100;
  int maximum_percent = 200;
  CircuitBreaker breaker{};
  std::span<const ServiceDeployment> deployments{};  // [0] is PRIMARY, then newest first
  std::span<const ServiceSubnet> subnets{};
  std::span<const ServiceTask> tasks{};
  bool has_completed_deployment = false;  // something to roll back to
};

enum class StopCause {
  Surplus,    // more than desired, or replaced by a newer deployment: stopped_by_deployment()
  Unhealthy,  // failed its health checks
};

struct StopOrder {
  std::string task_id;
  StopCause cause{};
};

struct ServiceStep {
  std::vector<int> start_in_subnet{};  // one element per task of the primary deployment to start
  std::vector<StopOrder> stop{};
  bool rollout_completed = false;  // the primary's IN_PROGRESS ends now
  bool rollout_failed = false;     // likewise: the circuit breaker tripped
  bool roll_back = false;          // with rollout_failed: make the latest completed deployment primary again
  bool steady = false;             // nothing to do and nothing under way
  bool blocked_by_configuration = false;  // minimum and maximum percent leave no step
  bool blocked_by_protection = false;     // protected tasks are more than desired
  std::optional<Time> retry_at{};         // starts are held back until then
  std::string explanation{};
};

ServiceStep next_step(const ServiceSituation& service, Time now);

// The limits that a rolling deployment keeps: maximumPercent rounded down, minimumHealthyPercent rounded up.
int maximum_tasks(int desired, int maximum_percent);
int minimum_healthy_tasks(int desired, int minimum_healthy_percent);

}  // namespace berth::control
