#include "control/deployment.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "control/choices.h"

namespace berth::control {

namespace {

struct Counts {
  int pending = 0;
  int unknown = 0;  // running, not known to be healthy yet
  int healthy = 0;
  int unhealthy = 0;
  int stopping = 0;

  int live() const { return pending + unknown + healthy + unhealthy; }
  // What counts as present or on its way: everything but what has to be replaced.
  int good() const { return pending + unknown + healthy; }
  int serving() const { return unknown + healthy; }
};

class Stepper {
 public:
  Stepper(const ServiceSituation& service, Time now)
      : service_(service),
        now_(now),
        maximum_(maximum_tasks(service.desired, service.maximum_percent)),
        minimum_healthy_(minimum_healthy_tasks(service.desired, service.minimum_healthy_percent)),
        stopped_(service.tasks.size(), false) {
    BERTH_CHECK(!service.deployments.empty());
    for (const auto& task : service.tasks) count(task);
  }

  ServiceStep step() {
    judge_breaker();
    start_missing();
    stop_older();
    stop_unhealthy();
    stop_surplus();
    judge_rollout();
    step_.explanation = explanation();
    return std::move(step_);
  }

 private:
  const ServiceDeployment& primary() const { return service_.deployments[0]; }
  int live() const { return new_.live() + old_.live(); }
  int room() const { return maximum_ - live(); }
  int needed() const { return std::max(0, service_.desired - new_.good()); }
  bool in_progress() const { return primary().rollout == RolloutState::InProgress; }

  void count(const ServiceTask& task) {
    Counts& counts = task.deployment == 0 ? new_ : old_;
    if (task.phase == TaskPhase::Stopping) {
      ++counts.stopping;
    } else if (task.phase == TaskPhase::Pending) {
      ++counts.pending;
    } else if (task.health == Health::Unhealthy) {
      ++counts.unhealthy;
    } else if (task.health == Health::Healthy) {
      ++counts.healthy;
    } else {
      ++counts.unknown;
    }
  }

  void stop(std::size_t index, StopCause cause) {
    step_.stop.push_back({std::string(service_.tasks[index].id), cause});
    stopped_[index] = true;
  }

  // Behind a rollback there is nothing to go back to: a service whose image cannot be pulled for a while must
  // not stay without tasks for ever. (AWS does not document it.)
  void judge_breaker() {
    if (primary().is_rollback) return;
    if (!in_progress() || !tripped(service_.breaker, primary().failures, service_.desired)) return;
    step_.rollout_failed = true;
    step_.roll_back = service_.breaker.rollback && service_.has_completed_deployment;
  }

  // A failed deployment starts no task; a failing one waits.
  void start_missing() {
    if (step_.rollout_failed || primary().rollout == RolloutState::Failed) return;
    const int count = std::min(needed(), room());
    if (count <= 0) return;
    const auto& retry_at = primary().failures.retry_at;
    if (retry_at && now_ < *retry_at) {
      step_.retry_at = retry_at;
      return;
    }
    std::vector<int> tasks_per_subnet(service_.subnets.size(), 0);
    for (const auto& task : service_.tasks) {
      const bool counts = task.deployment == 0 && task.phase != TaskPhase::Stopping && task.subnet >= 0;
      if (counts) ++tasks_per_subnet[static_cast<std::size_t>(task.subnet)];
    }
    for (int i = 0; i < count; ++i) {
      const int subnet = next_subnet(service_.subnets, tasks_per_subnet);
      ++tasks_per_subnet[static_cast<std::size_t>(subnet)];
      step_.start_in_subnet.push_back(subnet);
    }
  }

  // Older deployments' tasks: oldest deployment first, useless ones before serving ones.
  std::vector<std::size_t> older_tasks() const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < service_.tasks.size(); ++i) {
      const auto& task = service_.tasks[i];
      if (task.deployment != 0 && task.phase != TaskPhase::Stopping && !task.is_protected) order.push_back(i);
    }
    const auto rank = [&](std::size_t i) {
      const auto& task = service_.tasks[i];
      const int usefulness = task.phase == TaskPhase::Pending ? 0 : task.health == Health::Healthy ? 2 : 1;
      return std::tuple(-task.deployment, usefulness, task.created_at, i);
    };
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    return order;
  }

  // A serving older task goes when a new one serves in its place, or when only its place lets a new one
  // start. Never below the minimum of healthy tasks.
  void stop_older() {
    if (step_.rollout_failed || primary().rollout == RolloutState::Failed) return;
    int healthy = new_.healthy + old_.healthy;
    int old_serving = old_.serving();
    int places_missing = needed() - std::max(0, room());
    for (const std::size_t i : older_tasks()) {
      const auto& task = service_.tasks[i];
      const bool serves = task.phase == TaskPhase::Running && task.health != Health::Unhealthy;
      if (serves) {
        const int healthy_after = healthy - (task.health == Health::Healthy ? 1 : 0);
        if (healthy_after < minimum_healthy_) continue;
        const bool replaced = new_.healthy + old_serving - 1 >= service_.desired;
        if (!replaced && places_missing <= 0) continue;
        healthy = healthy_after;
        --old_serving;
      }
      --places_missing;
      stop(i, task.health == Health::Unhealthy ? StopCause::Unhealthy : StopCause::Surplus);
    }
  }

  // An unhealthy task stays until its replacement is healthy. Where the maximum leaves no room for a
  // replacement, one at a time makes way.
  void stop_unhealthy() {
    int count = new_.unhealthy - std::max(0, service_.desired - new_.healthy);
    const bool waiting = new_.pending + new_.unknown + old_.live() > 0;
    const bool no_room = needed() > 0 && room() <= 0;
    if (count <= 0 && new_.unhealthy > 0 && no_room && !waiting) count = 1;
    for (std::size_t i = 0; i < service_.tasks.size() && count > 0; ++i) {
      const auto& task = service_.tasks[i];
      if (task.deployment != 0 || task.phase != TaskPhase::Running || task.health != Health::Unhealthy)
        continue;
      stop(i, StopCause::Unhealthy);
      --count;
    }
  }

  void stop_surplus() {
    const int surplus = new_.good() - service_.desired;
    if (surplus <= 0) return;
    std::vector<StopCandidate> candidates;
    for (std::size_t i = 0; i < service_.tasks.size(); ++i) {
      const auto& task = service_.tasks[i];
      const bool unhealthy = task.phase == TaskPhase::Running && task.health == Health::Unhealthy;
      if (task.deployment != 0 || task.phase == TaskPhase::Stopping || unhealthy || stopped_[i]) continue;
      candidates.push_back({static_cast<int>(i), task.subnet, task.phase == TaskPhase::Pending,
                            task.is_protected, task.created_at});
    }
    const auto chosen = victims(std::move(candidates), service_.subnets, surplus);
    for (const int i : chosen) stop(static_cast<std::size_t>(i), StopCause::Surplus);
    step_.blocked_by_protection = static_cast<int>(chosen.size()) < surplus;
  }

  void judge_rollout() {
    const bool older_gone =
        choice::complete_while_draining ? old_.live() == 0 : old_.live() + old_.stopping == 0;
    const bool complete = older_gone && new_.healthy == service_.desired && new_.live() == service_.desired;
    step_.rollout_completed = complete && in_progress() && !step_.rollout_failed;
    step_.steady = complete && (step_.rollout_completed || primary().rollout == RolloutState::Completed);
    const bool acting = !step_.start_in_subnet.empty() || !step_.stop.empty() || step_.retry_at;
    const bool under_way = new_.pending + new_.unknown + new_.stopping + old_.stopping > 0;
    step_.blocked_by_configuration =
        in_progress() && !step_.rollout_failed && needed() > 0 && room() <= 0 && !acting && !under_way;
  }

  std::string explanation() const {
    std::string text = fmt::format(
        "desired {}: primary {} healthy, {} running, {} pending, {} unhealthy; older {} serving, {} others; "
        "between {} healthy and {} tasks",
        service_.desired, new_.healthy, new_.unknown, new_.pending, new_.unhealthy, old_.serving(),
        old_.pending + old_.unhealthy, minimum_healthy_, maximum_);
    if (!step_.start_in_subnet.empty()) text += fmt::format("; start {}", step_.start_in_subnet.size());
    if (!step_.stop.empty()) text += fmt::format("; stop {}", step_.stop.size());
    if (step_.retry_at) text += fmt::format("; starts wait until {}", iso_s(*step_.retry_at));
    if (step_.rollout_failed) {
      text += fmt::format("; circuit breaker: {} failed tasks of {}", primary().failures.failed_tasks,
                          failure_threshold(service_.breaker, service_.desired));
    }
    if (step_.rollout_completed) text += "; rollout completed";
    if (step_.blocked_by_configuration) text += "; blocked by the deployment configuration";
    if (step_.blocked_by_protection) text += "; blocked by protected tasks";
    return text;
  }

  const ServiceSituation& service_;
  const Time now_;
  const int maximum_;
  const int minimum_healthy_;
  Counts new_{};  // of the primary deployment
  Counts old_{};  // of all others
  std::vector<bool> stopped_;
  ServiceStep step_{};
};

}  // namespace

std::string_view name_of(RolloutState state) {
  switch (state) {
    case RolloutState::InProgress:
      return "IN_PROGRESS";
    case RolloutState::Completed:
      return "COMPLETED";
    case RolloutState::Failed:
      return "FAILED";
  }
  return "";
}

int maximum_tasks(int desired, int maximum_percent) {
  return desired * maximum_percent / 100;
}

int minimum_healthy_tasks(int desired, int minimum_healthy_percent) {
  return (desired * minimum_healthy_percent + 99) / 100;
}

ServiceStep next_step(const ServiceSituation& service, Time now) {
  return Stepper(service, now).step();
}

}  // namespace berth::control
