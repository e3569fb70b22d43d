#include "control/deployment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>

namespace berth::control {
namespace {

const Time noon = from_unix_seconds(1'750'000'000);
const ServiceSubnet two_zones[] = {{"subnet-1", "a"}, {"subnet-2", "b"}};

// A service whose tasks do what they are told at once, one call of tick() after another.
class Service {
 public:
  explicit Service(int desired, int minimum = 100, int maximum = 200) {
    situation.desired = desired;
    situation.minimum_healthy_percent = minimum;
    situation.maximum_percent = maximum;
    situation.subnets = two_zones;
    deployments.push_back({"ecs-svc/1", RolloutState::InProgress});
  }

  ServiceStep look(Time now = noon) {
    situation.deployments = deployments;
    situation.tasks = tasks;
    return next_step(situation, now);
  }

  // Obeys the step; tasks started earlier become running and healthy.
  ServiceStep tick(Time now = noon) {
    std::erase_if(tasks, [](const ServiceTask& task) { return task.phase == TaskPhase::Stopping; });
    for (auto& task : tasks) {
      if (task.phase == TaskPhase::Running && task.health == Health::Unknown) task.health = Health::Healthy;
      if (task.phase == TaskPhase::Pending) task.phase = TaskPhase::Running;
    }
    const ServiceStep step = look(now);
    for (const auto& order : step.stop) task(order.task_id).phase = TaskPhase::Stopping;
    for (const int subnet : step.start_in_subnet) add(0, TaskPhase::Pending, Health::Unknown, subnet);
    if (step.rollout_completed) deployments[0].rollout = RolloutState::Completed;
    live_max = std::max(live_max, count(TaskPhase::Pending) + count(TaskPhase::Running));
    return step;
  }

  void settle() {
    for (int i = 0; i < 50 && !tick().steady; ++i) {
    }
    ASSERT_TRUE(look().steady) << look().explanation;
  }

  void deploy() {
    for (auto& task : tasks) ++task.deployment;
    ids.push_back("ecs-svc/" + std::to_string(deployments.size() + 1));
    deployments.insert(deployments.begin(), {ids.back(), RolloutState::InProgress});
    situation.has_completed_deployment = true;
    live_max = 0;
  }

  ServiceTask& add(int deployment, TaskPhase phase, Health health, int subnet = 0) {
    ids.push_back("task" + std::to_string(ids.size()));
    tasks.push_back({ids.back(), deployment, phase, health, subnet, false,
                     noon + Duration::seconds(static_cast<double>(ids.size()))});
    return tasks.back();
  }

  ServiceTask& task(std::string_view id) {
    return *std::find_if(tasks.begin(), tasks.end(), [&](const ServiceTask& each) { return each.id == id; });
  }

  int count(TaskPhase phase) const {
    return static_cast<int>(std::count_if(tasks.begin(), tasks.end(),
                                          [&](const ServiceTask& each) { return each.phase == phase; }));
  }
  int healthy() const {
    return static_cast<int>(std::count_if(tasks.begin(), tasks.end(), [](const ServiceTask& each) {
      return each.phase == TaskPhase::Running && each.health == Health::Healthy;
    }));
  }

  ServiceSituation situation;
  std::vector<ServiceDeployment> deployments;
  std::vector<ServiceTask> tasks;
  std::list<std::string> ids;
  int live_max = 0;
};

TEST(Deployment, LimitsRoundAsDocumented) {
  EXPECT_EQ(maximum_tasks(3, 125), 3);
  EXPECT_EQ(maximum_tasks(1, 200), 2);
  EXPECT_EQ(minimum_healthy_tasks(2, 75), 2);
  EXPECT_EQ(minimum_healthy_tasks(3, 50), 2);
  EXPECT_EQ(minimum_healthy_tasks(1, 100), 1);
}

TEST(Deployment, FirstRolloutStartsAllAndBecomesSteadyWhenHealthy) {
  Service service(3);
  auto step = service.tick();
  EXPECT_EQ(step.start_in_subnet, (std::vector<int>{0, 1, 0}));
  step = service.tick();  // running, not known to be healthy
  EXPECT_TRUE(step.start_in_subnet.empty());
  EXPECT_FALSE(step.rollout_completed);
  step = service.tick();
  EXPECT_TRUE(step.rollout_completed);
  EXPECT_TRUE(step.steady);
  step = service.tick();
  EXPECT_FALSE(step.rollout_completed);
  EXPECT_TRUE(step.steady);
}

TEST(Deployment, SameStateGivesTheSameStep) {
  Service service(3);
  EXPECT_EQ(service.look().start_in_subnet, service.look().start_in_subnet);
}

TEST(Deployment, OneTaskIsReplacedOneTwoOne) {
  Service service(1);
  service.settle();
  service.deploy();
  EXPECT_EQ(service.tick().start_in_subnet.size(), 1u);
  auto step = service.tick();  // the new one runs, its health is unknown: the old one stays
  EXPECT_TRUE(step.stop.empty());
  step = service.tick();
  ASSERT_EQ(step.stop.size(), 1u);
  EXPECT_EQ(step.stop[0].cause, StopCause::Surplus);
  EXPECT_FALSE(step.rollout_completed);
  EXPECT_TRUE(service.look().rollout_completed);  // while the old one drains
  EXPECT_EQ(service.live_max, 2);
}

TEST(Deployment, NeverLeavesItsLimits) {
  for (const auto& [desired, minimum, maximum] :
       {std::tuple{4, 100, 200}, {4, 50, 100}, {10, 90, 110}, {5, 0, 100}, {3, 100, 150}, {7, 50, 200}}) {
    Service service(desired, minimum, maximum);
    service.settle();
    service.deploy();
    for (int i = 0; i < 50 && service.deployments[0].rollout != RolloutState::Completed; ++i) {
      service.tick();
      EXPECT_GE(service.healthy(), minimum_healthy_tasks(desired, minimum)) << desired << ' ' << minimum;
    }
    EXPECT_LE(service.live_max, maximum_tasks(desired, maximum));
    EXPECT_EQ(service.deployments[0].rollout, RolloutState::Completed)
        << desired << ' ' << minimum << ' ' << maximum;
  }
}

TEST(Deployment, ConfigurationsThatAwsDocumentsAsStuck) {
  for (const auto& [desired, minimum, maximum] : {std::tuple{3, 100, 125}, {2, 75, 100}}) {
    Service service(desired, minimum, maximum);
    service.settle();
    service.deploy();
    const auto step = service.look();
    EXPECT_TRUE(step.blocked_by_configuration);
    EXPECT_TRUE(step.start_in_subnet.empty());
    EXPECT_TRUE(step.stop.empty());
  }
  Service fine(3);
  fine.settle();
  EXPECT_FALSE(fine.look().blocked_by_configuration);
}

TEST(Deployment, ADeadTaskIsReplacedAtOnce) {
  Service service(3);
  service.settle();
  service.tasks.erase(service.tasks.begin());
  const auto step = service.look();
  EXPECT_EQ(step.start_in_subnet.size(), 1u);
  EXPECT_FALSE(step.steady);
}

TEST(Deployment, UnhealthyIsStoppedOnlyWhenItsReplacementIsHealthy) {
  Service service(2);
  service.settle();
  const std::string bad(service.tasks[0].id);
  service.tasks[0].health = Health::Unhealthy;
  auto step = service.tick();
  EXPECT_EQ(step.start_in_subnet.size(), 1u);
  EXPECT_TRUE(step.stop.empty());
  EXPECT_TRUE(service.tick().stop.empty());
  step = service.tick();
  ASSERT_EQ(step.stop.size(), 1u);
  EXPECT_EQ(step.stop[0].task_id, bad);
  EXPECT_EQ(step.stop[0].cause, StopCause::Unhealthy);
  EXPECT_TRUE(step.start_in_subnet.empty());
}

TEST(Deployment, WithoutRoomUnhealthyTasksMakeWayOneAtATime) {
  Service service(3, 0, 100);
  service.settle();
  service.tasks[0].health = service.tasks[1].health = Health::Unhealthy;
  auto step = service.tick();
  EXPECT_EQ(step.stop.size(), 1u);
  EXPECT_TRUE(step.start_in_subnet.empty());
  step = service.tick();
  EXPECT_EQ(step.start_in_subnet.size(), 1u);
  EXPECT_TRUE(step.stop.empty());
  step = service.tick();  // the replacement is not healthy yet
  EXPECT_TRUE(step.stop.empty());
  EXPECT_EQ(service.tick().stop.size(), 1u);
}

TEST(Deployment, ARecoveredTaskStaysAndTheReplacementGoes) {
  Service service(1);
  service.settle();
  service.tasks[0].health = Health::Unhealthy;
  service.tick();
  service.tasks[0].health = Health::Healthy;
  const auto step = service.look();
  ASSERT_EQ(step.stop.size(), 1u);
  EXPECT_EQ(step.stop[0].task_id, service.tasks[1].id);  // the one still pending
}

TEST(Deployment, ScaleInKeepsZonesLevelAndSparesProtectedTasks) {
  Service service(5);
  service.settle();  // zones a b a b a
  service.situation.desired = 4;
  auto step = service.look();
  ASSERT_EQ(step.stop.size(), 1u);
  EXPECT_EQ(service.task(step.stop[0].task_id).subnet, 0);
  for (auto& task : service.tasks) task.is_protected = true;
  step = service.look();
  EXPECT_TRUE(step.stop.empty());
  EXPECT_TRUE(step.blocked_by_protection);
  EXPECT_FALSE(step.steady);
}

TEST(Deployment, ScaleToZeroIsSteady) {
  Service service(2);
  service.settle();
  service.situation.desired = 0;
  EXPECT_EQ(service.tick().stop.size(), 2u);
  EXPECT_TRUE(service.tick().steady);
}

TEST(Deployment, ScaleOutDuringADeploymentStartsNewTasksOnly) {
  Service service(1);
  service.settle();
  service.deploy();
  service.situation.desired = 3;
  EXPECT_EQ(service.tick().start_in_subnet.size(), 3u);
  service.settle();
  EXPECT_EQ(service.healthy(), 3);
}

TEST(Deployment, CircuitBreakerFailsAndRollsBack) {
  Service service(1);
  service.settle();
  service.situation.breaker = {true, true};
  service.deploy();
  service.deployments[0].failures.failed_tasks = 2;
  EXPECT_FALSE(service.look().rollout_failed);
  service.deployments[0].failures.failed_tasks = 3;
  auto step = service.look();
  EXPECT_TRUE(step.rollout_failed);
  EXPECT_TRUE(step.roll_back);
  EXPECT_TRUE(step.start_in_subnet.empty());
  EXPECT_TRUE(step.stop.empty());  // the old task keeps serving
  service.situation.has_completed_deployment = false;
  EXPECT_FALSE(service.look().roll_back);
  service.situation.breaker.enable = false;
  EXPECT_FALSE(service.look().rollout_failed);  // a bad image is retried for ever
}

TEST(Deployment, ARollbackIsTriedForEver) {
  Service service(1);
  service.situation.breaker = {true, true};
  service.situation.has_completed_deployment = false;
  service.deployments[0].failures.failed_tasks = 30;
  EXPECT_TRUE(service.look().rollout_failed);
  service.deployments[0].is_rollback = true;
  EXPECT_FALSE(service.look().rollout_failed);
  EXPECT_EQ(service.look().start_in_subnet.size(), 1u);
}

TEST(Deployment, AFailedDeploymentStartsNothing) {
  Service service(1);
  service.settle();
  service.deploy();
  service.deployments[0].rollout = RolloutState::Failed;
  const auto step = service.look();
  EXPECT_TRUE(step.start_in_subnet.empty());
  EXPECT_TRUE(step.stop.empty());
  EXPECT_FALSE(step.steady);
}

TEST(Deployment, RollbackReplacesTheFailedDeploymentsTasks) {
  Service service(2);
  service.settle();
  service.deploy();
  service.add(0, TaskPhase::Running, Health::Unhealthy);
  service.deployments[0].rollout = RolloutState::Failed;
  service.deploy();  // back to the old revision
  service.settle();
  EXPECT_EQ(service.healthy(), 2);
  for (const auto& task : service.tasks) {
    EXPECT_TRUE(task.deployment == 0 || task.phase == TaskPhase::Stopping);
  }
}

TEST(Deployment, StartsWaitForTheBackOff) {
  Service service(1);
  count_failed_start(service.deployments[0].failures, noon);
  auto step = service.look(noon + Duration::seconds(9));
  EXPECT_TRUE(step.start_in_subnet.empty());
  EXPECT_EQ(step.retry_at, noon + Duration::seconds(10));
  EXPECT_EQ(service.look(noon + Duration::seconds(10)).start_in_subnet.size(), 1u);
}

TEST(Deployment, ThreeDeploymentsAtOnceStopTheOldestFirst) {
  Service service(2);
  service.settle();
  service.deploy();
  service.tick();
  service.tick();
  service.tick();  // the second revision is healthy, the first was told to stop
  service.deploy();
  service.settle();
  EXPECT_EQ(service.healthy(), 2);
}

}  // namespace
}  // namespace berth::control
