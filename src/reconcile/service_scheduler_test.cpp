#include <algorithm>

#include "reconcile/ecs_daemon.h"
#include "services/ecs/service_view.h"

namespace berth::reconcile {
namespace {

using ecs::ServiceRow;
using ecs::TaskRow;

class ServiceSchedulerTest : public EcsDaemon {
 protected:
  void create(int desired_count, ecs::DeploymentConfiguration configuration = {}) {
    auto request = learner_service(desired_count);
    request.deployment_configuration = configuration;
    ok(ecs::create_service, request);
  }
  static ecs::DeploymentConfiguration with_breaker(bool rollback) {
    ecs::DeploymentConfiguration configuration;
    configuration.deployment_circuit_breaker =
        ecs::DeploymentCircuitBreaker{.enable = true, .rollback = rollback};
    return configuration;
  }
  int live() {
    return static_cast<int>(
        std::count_if(store_.all<TaskRow>().begin(), store_.all<TaskRow>().end(),
                      [](const auto& entry) { return entry.second.last_status != "STOPPED"; }));
  }
};

TEST_F(ServiceSchedulerTest, TheFirstRolloutTellsItsStory) {
  create(1);
  settle();
  expect_nothing_lost_or_doubled(1);
  const std::string task = running_task(), deployment = service_row()->deployments.front().id;
  std::vector<std::string> events;
  for (const auto& event : service_row()->events) events.insert(events.begin(), *event.message);
  EXPECT_EQ(events, (std::vector<std::string>{
                        "(service learner) has started 1 tasks: (task " + task + ").",
                        std::string("(service learner) registered 1 targets in (target-group ") +
                            ecs::learner_target_group + ")",
                        "(service learner) (deployment " + deployment + ") deployment completed.",
                        "(service learner) has reached a steady state."}));
  const auto& record = store_.all<ecs::ServiceDeploymentRow>().begin()->second;
  EXPECT_EQ(*record.description.status, "SUCCESSFUL");
  EXPECT_EQ(service_row()->deployments.front().rollout_state_reason,
            "ECS deployment " + deployment + " completed.");
}

TEST_F(ServiceSchedulerTest, ScalesOutOverZonesAndInOneByOne) {
  create(1);
  settle();
  scale_to(4);
  settle();
  expect_nothing_lost_or_doubled(4);
  std::map<std::string, int> zones;
  for (const auto* task : tasks("RUNNING")) ++zones[task->availability_zone];
  EXPECT_EQ(zones, (std::map<std::string, int>{{"us-east-1a", 2}, {"us-east-1b", 2}}));

  scale_to(3);
  run_for(1);
  EXPECT_EQ(running(), 3) << "a draining task does not count";
  ASSERT_EQ(tasks("DEACTIVATING").size(), 1u);
  const std::string victim = tasks("DEACTIVATING").front()->id;
  EXPECT_TRUE(runtime_.task_ids().contains(victim)) << "it serves what is in flight";
  EXPECT_EQ(said("has begun draining connections on 1 tasks."), 1);
  run_for(35);
  EXPECT_EQ(store_.find<TaskRow>(victim)->last_status, "STOPPED");
  EXPECT_EQ(store_.find<TaskRow>(victim)->stop_code, "ServiceSchedulerInitiated");
  EXPECT_EQ(store_.find<TaskRow>(victim)->stopped_reason,
            "Scaling activity initiated by (deployment " + service_row()->deployments.front().id + ")");
  settle();
  expect_nothing_lost_or_doubled(3);
}

TEST_F(ServiceSchedulerTest, ADeploymentGoesOneTwoOne) {
  create(1);
  settle();
  const std::string before = running_task();
  int most = 0, least = 9;
  const int watch = store_.watch([&](const auto&) {
    int serving = 0;
    for (const auto& [key, target] : store_.all<elbv2::TargetRow>()) serving += target.state == "healthy";
    most = std::max(most, live());
    least = std::min(least, serving);
  });
  deploy("localhost/learner:2");
  ASSERT_EQ(service_row()->deployments.size(), 2u);
  settle();
  EXPECT_TRUE(store_.find<TaskRow>(before)->desired_status == "STOPPED");
  run_for(40);
  store_.stop_watching(watch);
  EXPECT_EQ(most, 2);
  EXPECT_EQ(least, 1) << "a healthy target at every moment";
  expect_nothing_lost_or_doubled(1);
  EXPECT_EQ(tasks("RUNNING").front()->containers.front().image, "localhost/learner:2");
  EXPECT_EQ(said("deployment completed."), 2);
}

TEST_F(ServiceSchedulerTest, ABadImageBacksOffAndTheOldTasksStay) {
  create(2);
  settle();
  runtime_.set_image("bad", {.start_error = Error{"CannotPullContainerError", "no such image"}});
  deploy("bad");
  run_for(600);
  EXPECT_EQ(running(), 2);
  const auto& primary = service_row()->deployments.front();
  EXPECT_EQ(primary.rollout_state, "IN_PROGRESS");
  EXPECT_GT(primary.failed_tasks, 6);
  EXPECT_LT(primary.failed_tasks, 20) << "10, 20, 40, ... seconds between the rounds";
  EXPECT_GE(said("(service learner) is unable to consistently start tasks successfully."), 1);
  EXPECT_EQ(said("was unable to place a task. Reason: CannotPullContainerError: no such image"), 1)
      << "repeats are muted";
  deploy("localhost/learner:3");
  settle();
  run_for(40);
  expect_nothing_lost_or_doubled(2);
}

TEST_F(ServiceSchedulerTest, TheCircuitBreakerRollsBack) {
  create(2, with_breaker(true));
  settle();
  const std::string good = service_row()->deployments.front().id;
  runtime_.set_image("bad", {.start_error = Error{"CannotPullContainerError", "no such image"}});
  deploy("bad");
  const std::string bad = service_row()->deployments.front().id;
  for (int i = 0; i < 200 && service_row()->deployments.front().id == bad; ++i) run_for(0.5);
  ASSERT_EQ(service_row()->deployments.front().id, good);
  settle();
  expect_nothing_lost_or_doubled(2);
  EXPECT_EQ(said("(deployment " + bad + ") deployment failed: tasks failed to start."), 1);
  EXPECT_EQ(said("(service learner) rolling back to deployment " + good + "."), 1);
  EXPECT_TRUE(describe().task_definition->ends_with(":1"));
  std::map<std::string, int> records;
  for (const auto& [arn, row] : store_.all<ecs::ServiceDeploymentRow>()) ++records[*row.description.status];
  EXPECT_EQ(records, (std::map<std::string, int>{{"ROLLBACK_SUCCESSFUL", 1}, {"SUCCESSFUL", 1}}));
}

TEST_F(ServiceSchedulerTest, ARollbackOutlastsAnImageThatCannotBePulled) {
  create(2, with_breaker(true));
  settle();
  const Error gone{"CannotPullContainerError", "the registry does not answer"};
  runtime_.set_image("bad", {.start_error = gone});
  runtime_.set_image("localhost/learner:latest", {.start_error = gone});
  runtime_.crash(running_task(), "web", 1);
  deploy("bad");
  run_for(600);
  EXPECT_EQ(running(), 1);
  runtime_.set_image("localhost/learner:latest", {});
  run_for(900);
  settle();
  expect_nothing_lost_or_doubled(2);
}

TEST_F(ServiceSchedulerTest, WithoutRollbackTheDeploymentStandsFailed) {
  create(1, with_breaker(false));
  settle();
  runtime_.set_image("crashes", {.exits_after = RealDuration::seconds(1)});
  deploy("crashes");
  run_for(200);
  const auto& primary = service_row()->deployments.front();
  EXPECT_EQ(primary.rollout_state, "FAILED");
  EXPECT_EQ(primary.rollout_state_reason, "ECS deployment circuit breaker: tasks failed to start.");
  EXPECT_EQ(primary.failed_tasks, 3);
  EXPECT_EQ(running(), 1) << "what ran before goes on";
}

TEST_F(ServiceSchedulerTest, ADeadTaskIsReplaced) {
  create(2);
  settle();
  const std::string dead = running_task();
  runtime_.crash(dead, "web", 1);
  run_for(5);
  EXPECT_EQ(running(), 2);
  EXPECT_EQ(store_.find<TaskRow>(dead)->last_status, "STOPPED") << "nothing is left to drain";
  EXPECT_EQ(service_row()->deployments.front().failed_tasks, 0) << "it had been healthy";
  run_for(60);
  settle();
  expect_nothing_lost_or_doubled(2);
}

TEST_F(ServiceSchedulerTest, AnUnhealthyTargetIsReplacedReplacementFirst) {
  create(1);
  settle();
  const std::string sick = running_task();
  unhealthy_addresses_.insert(store_.find<TaskRow>(sick)->address);
  run_for(3);
  EXPECT_EQ(running(), 2) << "the replacement first";
  EXPECT_EQ(
      said("(service learner) (task " + sick + ") (port 80) is unhealthy in (target-group " +
           ecs::learner_target_group + ") due to (reason Health checks failed with these codes: [503])"),
      1);
  run_for(60);
  EXPECT_EQ(store_.find<TaskRow>(sick)->stopped_reason,
            std::string("Task failed ELB health checks in (target-group ") + ecs::learner_target_group + ")");
  settle();
  expect_nothing_lost_or_doubled(1);
}

TEST_F(ServiceSchedulerTest, TheGracePeriodLetsASlowTaskLive) {
  auto request = learner_service(1);
  request.health_check_grace_period_seconds = 120;
  unhealthy_addresses_.insert("10.0.1.4");
  ok(ecs::create_service, request);
  run_for(100);
  EXPECT_EQ(store_.all<TaskRow>().size(), 1u);
  unhealthy_addresses_.clear();
  run_for(100);
  EXPECT_EQ(store_.all<TaskRow>().size(), 2u) << "still unhealthy after the grace period";
}

TEST_F(ServiceSchedulerTest, FailedContainerChecksReplaceTheTask) {
  auto definition = learner_definition();
  definition.container_definitions->front().health_check =
      ecs::HealthCheck{.command = std::vector<std::string>{"CMD-SHELL", "true"}};
  ok(ecs::register_task_definition, definition);
  create(1);
  run_for(3);
  runtime_.report_health(running_task(), "web", true);
  settle();
  const std::string sick = running_task();
  runtime_.report_health(sick, "web", false);
  run_for(3);
  for (const auto* task : tasks("RUNNING")) {
    if (task->id != sick) runtime_.report_health(task->id, "web", true);
  }
  run_for(60);
  EXPECT_EQ(store_.find<TaskRow>(sick)->stopped_reason, "Task failed container health checks");
  EXPECT_EQ(said("(service learner) (task " + sick + ") failed container health checks."), 1);
  EXPECT_EQ(running(), 1);
}

TEST_F(ServiceSchedulerTest, WithoutRoomItSaysSoAndWaits) {
  settings_.host_memory_bytes = 1100ll * 1024 * 1024;
  create(2);
  settle();
  scale_to(3);
  run_for(120);
  EXPECT_EQ(live(), 2);
  EXPECT_EQ(said("(service learner) was unable to place a task. Reason: Capacity is unavailable at this "
                 "time. Please "
                 "try again later or in a different availability zone."),
            1);
  settings_.host_memory_bytes = 0;
  run_for(60);
  EXPECT_EQ(running(), 3);
}

TEST_F(ServiceSchedulerTest, AMissingRoleIsToldAndWaitedFor) {
  iam::RoleRow role = *store_.find<iam::RoleRow>("learner-task-role");
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    store_.erase<iam::RoleRow>(role.name);
    return {};
  }));
  create(1);
  run_for(5);
  EXPECT_EQ(live(), 0);
  EXPECT_EQ(said("(service learner) failed to launch a task with (error ECS was unable to assume the role "),
            1);
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    store_.put(role);
    return {};
  }));
  settle();
  expect_nothing_lost_or_doubled(1);
}

TEST_F(ServiceSchedulerTest, TagsArePropagated) {
  auto request = learner_service(1);
  request.tags = std::vector<ecs::Tag>{{.key = "TeamName", .value = "awslearner"}};
  request.propagate_tags = "SERVICE";
  request.enable_ecs_managed_tags = true;
  ok(ecs::create_service, request);
  settle();
  std::map<std::string, std::string> tags;
  for (const auto& tag : tasks("RUNNING").front()->tags) tags[*tag.key] = *tag.value;
  EXPECT_EQ(tags, (std::map<std::string, std::string>{{"TeamName", "awslearner"},
                                                      {"aws:ecs:clusterName", "learner-cluster"},
                                                      {"aws:ecs:serviceName", "learner"}}));
}

TEST_F(ServiceSchedulerTest, DeletingDrainsThenStandsInactiveThenGoes) {
  create(2);
  settle();
  ok(ecs::delete_service,
     ecs::DeleteServiceRequest{.service = "learner", .cluster = "learner-cluster", .force = true});
  run_for(5);
  EXPECT_EQ(service_row()->status, "DRAINING");
  run_for(60);
  EXPECT_EQ(service_row()->status, "INACTIVE");
  EXPECT_TRUE(describe().deployments->empty());
  EXPECT_TRUE(runtime_.task_ids().empty());
  EXPECT_EQ(addresses_of_tasks(), 0u);
  EXPECT_TRUE(store_.all<elbv2::TargetRow>().empty());
  create(1);
  settle();
  ok(ecs::delete_service,
     ecs::DeleteServiceRequest{.service = "learner", .cluster = "learner-cluster", .force = true});
  run_for(3800);
  EXPECT_FALSE(service_row());
  EXPECT_TRUE(store_.all<ecs::ServiceDeploymentRow>().empty());
  EXPECT_TRUE(store_.all<TaskRow>().empty());
}

TEST_F(ServiceSchedulerTest, ASteadyServiceIsQuietButForItsSixHours) {
  create(1);
  settle();
  int commits = 0;
  const int watch = store_.watch([&](const auto&) { ++commits; });
  run_for(3600);
  EXPECT_EQ(commits, 0);
  run_for(5.1 * 3600);
  store_.stop_watching(watch);
  EXPECT_EQ(commits, 1);
  EXPECT_EQ(said("has reached a steady state."), 2);
}

TEST_F(ServiceSchedulerTest, WhatBlocksADeploymentIsToldEverySixHours) {
  ecs::DeploymentConfiguration configuration;
  configuration.minimum_healthy_percent = 100;
  configuration.maximum_percent = 150;
  create(1, configuration);
  settle();
  deploy("localhost/learner:2");
  run_for(5.9 * 3600);
  EXPECT_EQ(said("unable to stop or start tasks during a deployment"), 1);
  run_for(0.2 * 3600);
  EXPECT_EQ(said("unable to stop or start tasks during a deployment"), 2);
}

TEST_F(ServiceSchedulerTest, WhatKeepsTasksFromStoppingIsToldEverySixHours) {
  create(2);
  settle();
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    for (const auto* task : tasks("RUNNING")) store_.edit<TaskRow>(task->id)->scale_in_protected = true;
    return {};
  }));
  scale_to(1);
  run_for(5.9 * 3600);
  EXPECT_EQ(running(), 2);
  EXPECT_EQ(said("protect"), 1);
  run_for(0.2 * 3600);
  EXPECT_EQ(said("protect"), 2);
}

// The daemon is killed after the n-th change of the store and started again, for every n.
class RestartAtEveryStep : public ServiceSchedulerTest {
 protected:
  // Returns false when the scenario makes fewer changes than `n`.
  bool restart_after(int n, const std::function<void()>& scenario) {
    int changes = 0;
    bool restarted = false;
    const int watch = store_.watch([&](const auto&) {
      if (++changes != n) return;
      loop_.post([&] {
        restarted = true;
        restart_daemon();
      });
    });
    scenario();
    store_.stop_watching(watch);
    return restarted;
  }
};

class Restart : public RestartAtEveryStep, public ::testing::WithParamInterface<int> {};

TEST_P(Restart, LosesAndDoublesNothing) {
  const bool restarted = restart_after(GetParam(), [&] {
    create(2);
    settle();
    deploy("localhost/learner:2");
    settle();
    scale_to(3);
    settle();
    runtime_.crash(running_task(), "web", 1);
    run_for(10);
    settle();
    scale_to(1);
    settle();
    run_for(60);
  });
  EXPECT_TRUE(restarted) << "the scenario makes fewer changes";
  expect_nothing_lost_or_doubled(1);
  EXPECT_EQ(tasks("RUNNING").front()->containers.front().image, "localhost/learner:2");
  EXPECT_EQ(store_.all<TaskRow>().size(), 6u)
      << "two, two of the new revision, one more, one for the crashed";
  for (const auto& [id, task] : store_.all<TaskRow>()) EXPECT_EQ(runtime_.runs_of(id), 1) << id;
}

INSTANTIATE_TEST_SUITE_P(AtEveryChange, Restart, ::testing::Range(1, 90));

TEST_F(ServiceSchedulerTest, AHostRebootBringsTheServiceBack) {
  create(2);
  settle();
  kill_daemon();
  runtime_.lose_everything();
  start_daemon();
  run_for(60);
  settle();
  expect_nothing_lost_or_doubled(2);
  EXPECT_EQ(service_row()->deployments.front().failed_tasks, 0);
}

TEST_F(ServiceSchedulerTest, LaterTasksGetTheImageThatTheFirstOneFound) {
  create(1);
  settle();
  const std::string first = running_task();
  EXPECT_EQ(runtime_.spec(first)->containers.front().image_digest, "");
  scale_to(3);
  settle();
  for (const auto* task : tasks("RUNNING")) {
    if (task->id == first) continue;
    EXPECT_EQ(runtime_.spec(task->id)->containers.front().image_digest, "sha256:localhost/learner:latest");
  }
  const auto revision = service_row()->deployments.front().revision_arn;
  const auto& images = *store_.find<ecs::ServiceRevisionRow>(revision)->description.container_images;
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images.front().container_name, "web");
  EXPECT_EQ(images.front().image, "localhost/learner:latest");
}

TEST_F(ServiceSchedulerTest, ImagesAreNotSettledWhereThatIsDisabled) {
  auto definition = learner_definition();
  definition.container_definitions->front().version_consistency = "disabled";
  ok(ecs::register_task_definition, definition);
  create(2);
  settle();
  scale_to(3);
  settle();
  ASSERT_EQ(tasks("RUNNING").size(), 3u);
  for (const auto* task : tasks("RUNNING")) {
    EXPECT_EQ(runtime_.spec(task->id)->containers.front().image_digest, "");
  }
}

}  // namespace
}  // namespace berth::reconcile
