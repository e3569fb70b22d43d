// ServiceLook: a service and its tasks as the rules of control/deployment.h want to see them. It reads and
// judges; it changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/deployment.h"
#include "services/ecs/rows.h"
#include "store/store.h"

namespace berth::reconcile {

struct ServiceLook {
  ServiceLook(const Store& store, const ecs::ServiceRow& service, std::vector<const ecs::TaskRow*> live_tasks,
              Time now);
  ServiceLook(const ServiceLook&) = delete;  // `situation` points into the rest

  control::HealthVerdict verdict(const ecs::TaskRow& task) const;
  // When time alone will change a verdict.
  std::optional<Time> changes_at() const;

  std::vector<const ecs::TaskRow*> tasks;
  std::vector<control::HealthVerdict> verdicts;  // of the tasks, in their order
  control::ServiceSituation situation;

 private:
  void look_at_subnets(const Store& store);
  void look_at_deployments();
  void look_at_tasks(const Store& store, Time now);

  const ecs::ServiceRow& service_;
  std::vector<control::ServiceSubnet> subnets_;
  std::vector<std::string> zones_;
  std::vector<control::ServiceDeployment> deployments_;
  std::vector<control::ServiceTask> service_tasks_;
};

control::CircuitBreaker breaker_of(const ecs::ServiceRow& service);
control::FailureCount failures_of(const ecs::DeploymentState& deployment);
void set_failures(ecs::DeploymentState& deployment, const control::FailureCount& failures);
std::vector<std::string> subnets_of(const ecs::ServiceRow& service);

}  // namespace berth::reconcile
