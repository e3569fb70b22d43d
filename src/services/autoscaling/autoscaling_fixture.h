// For tests only: a store with the article's service, tasks that a test starts and stops by number, and
// requests like those the article's template makes.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "handlers/autoscaling.h"
#include "handlers/cloudwatch.h"
#include "services/all_tables.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"
#include "services/ecs/rows.h"
#include "services/ecs/service_view.h"
#include "services/iam/rows.h"
#include "services/testing.h"

namespace berth::autoscaling {

inline constexpr const char* learner = "service/learner-cluster/learner";
inline constexpr const char* learner_key = "learner-cluster/learner";
inline constexpr const char* count_dimension = "ecs:service:DesiredCount";

class AutoscalingFixture : public ::testing::Test, public services::HandlerTest {
 protected:
  AutoscalingFixture() {
    services::add_tables(store);
    write([&] {
      ecs::ServiceRow service;
      service.cluster = "learner-cluster";
      service.name = "learner";
      service.desired_count = 1;
      ecs::DeploymentState deployment;
      deployment.status = "PRIMARY";
      deployment.rollout_state = "COMPLETED";
      service.deployments = {deployment};
      store.put(service);
    });
    set_running(1);
  }

  const ecs::ServiceRow& service() const { return *store.find<ecs::ServiceRow>(learner_key); }
  int desired() const { return service().desired_count; }
  int running() const { return ecs::service_counts(store, service()).running; }

  void set_desired(int count) {
    write([&] { ecs::set_desired_count(store, learner_key, count, loop.now()); });
  }

  // Tasks appear RUNNING and leave as DEACTIVATING, which does not count as running.
  void set_running(int count) {
    write([&] {
      for (int i = 1; i <= count; ++i) {
        ecs::TaskRow task;
        task.id = fmt::format("task-{}", i);
        task.cluster = "learner-cluster";
        task.service = "learner";
        task.last_status = "RUNNING";
        if (const auto* known = store.find<ecs::TaskRow>(task.id); known && known->last_status == "RUNNING")
          continue;
        store.put(task);
      }
      for (int i = count + 1; store.find<ecs::TaskRow>(fmt::format("task-{}", i)); ++i) {
        store.edit<ecs::TaskRow>(fmt::format("task-{}", i))->last_status = "DEACTIVATING";
      }
    });
  }

  void set_rollout(const char* state) {
    write([&] { store.edit<ecs::ServiceRow>(learner_key)->deployments.front().rollout_state = state; });
  }

  RegisterScalableTargetRequest target_request(std::optional<std::int64_t> minimum,
                                               std::optional<std::int64_t> maximum) {
    RegisterScalableTargetRequest request;
    request.service_namespace = "ecs";
    request.resource_id = learner;
    request.scalable_dimension = count_dimension;
    request.min_capacity = minimum;
    request.max_capacity = maximum;
    return request;
  }
  void register_target(std::optional<std::int64_t> minimum, std::optional<std::int64_t> maximum) {
    const auto done = call(register_scalable_target, target_request(minimum, maximum));
    ASSERT_TRUE(done) << done.error().message;
  }

  PutScalingPolicyRequest policy_request(const std::string& name, const std::string& type) {
    PutScalingPolicyRequest request;
    request.policy_name = name;
    request.policy_type = type;
    request.service_namespace = "ecs";
    request.resource_id = learner;
    request.scalable_dimension = count_dimension;
    return request;
  }
  // The article's: 40 % CPU, cooldowns of 120 and 300 s.
  PutScalingPolicyRequest tracking_request(const std::string& name = "cpu",
                                           const char* metric = "ECSServiceAverageCPUUtilization") {
    auto request = policy_request(name, "TargetTrackingScaling");
    auto& config = request.target_tracking_scaling_policy_configuration.emplace();
    config.target_value = 40;
    config.predefined_metric_specification.emplace().predefined_metric_type = metric;
    config.scale_out_cooldown = 120;
    config.scale_in_cooldown = 300;
    return request;
  }
  PutScalingPolicyRequest step_request(const std::string& name, std::int64_t change) {
    auto request = policy_request(name, "StepScaling");
    auto& config = request.step_scaling_policy_configuration.emplace();
    config.adjustment_type = "ChangeInCapacity";
    StepAdjustment step;
    step.scaling_adjustment = change;
    (change > 0 ? step.metric_interval_lower_bound : step.metric_interval_upper_bound) = 0;
    config.step_adjustments = {step};
    config.cooldown = 60;
    return request;
  }
  PutScalingPolicyResponse put_policy(const PutScalingPolicyRequest& request) {
    auto done = call(put_scaling_policy, request);
    EXPECT_TRUE(done) << done.error().message;
    return done ? *done : PutScalingPolicyResponse{};
  }
  const ScalingPolicyRow& policy(const std::string& name = "cpu") const {
    return *store.find<ScalingPolicyRow>(std::string(learner) + "|" + name);
  }
  const cloudwatch::MetricAlarm& alarm(const std::string& name) const {
    return *store.find<cloudwatch::AlarmRow>(name)->metric;
  }

  // Newest first.
  std::vector<ScalingActivity> activities(bool with_not_scaled = false) {
    DescribeScalingActivitiesRequest request;
    request.service_namespace = "ecs";
    request.resource_id = learner;
    request.include_not_scaled_activities = with_not_scaled;
    auto described = call(describe_scaling_activities, request);
    EXPECT_TRUE(described);
    return described ? *described->scaling_activities : std::vector<ScalingActivity>{};
  }
};

}  // namespace berth::autoscaling
