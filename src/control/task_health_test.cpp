#include "control/task_health.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

const Time start = from_unix_seconds(1'000'000);
Time after(double s) {
  return start + Duration::seconds(s);
}

TEST(TaskHealth, WorstContainerCounts) {
  using enum Health;
  EXPECT_EQ(worst(std::vector<Health>{Healthy, Unknown, Unhealthy}), Unhealthy);
  EXPECT_EQ(worst(std::vector<Health>{Healthy, Unknown}), Unknown);
  EXPECT_EQ(worst(std::vector<Health>{Healthy, Healthy}), Healthy);
  EXPECT_EQ(worst({}), Unknown);
}

TEST(TaskHealth, WithoutChecksHealthyAfter40Seconds) {
  const HealthObservation task{start};
  EXPECT_EQ(judge_health(task, after(39)).health, Health::Unknown);
  EXPECT_EQ(judge_health(task, after(39)).changes_at, after(40));
  EXPECT_EQ(judge_health(task, after(40)).health, Health::Healthy);
  EXPECT_EQ(judge_health({}, after(100)).health, Health::Unknown);
}

TEST(TaskHealth, NeedsContainerAndEveryTarget) {
  TargetState targets[] = {TargetState::Healthy, TargetState::Initial};
  HealthObservation task{start, Health::Healthy, targets};
  EXPECT_EQ(judge_health(task, after(1)).health, Health::Unknown);
  targets[1] = TargetState::Healthy;
  EXPECT_EQ(judge_health(task, after(1)).health, Health::Healthy);
  task.container_health = Health::Unknown;
  EXPECT_EQ(judge_health(task, after(1)).health, Health::Unknown);
  task.container_health = std::nullopt;
  targets[0] = TargetState::Unhealthy;
  EXPECT_EQ(judge_health(task, after(1)).health, Health::Unhealthy);
  EXPECT_EQ(judge_health(task, after(1)).failed_target, 0u);
}

TEST(TaskHealth, GracePeriodIgnoresFailuresButNotSuccess) {
  TargetState target = TargetState::Unhealthy;
  HealthObservation task{start, std::nullopt, {&target, 1}, Duration::seconds(60)};
  EXPECT_EQ(judge_health(task, after(59)).health, Health::Unknown);
  EXPECT_EQ(judge_health(task, after(59)).changes_at, after(60));
  EXPECT_EQ(judge_health(task, after(60)).health, Health::Unhealthy);
  target = TargetState::Healthy;
  EXPECT_EQ(judge_health(task, after(5)).health, Health::Healthy);
  task.container_health = Health::Unhealthy;
  EXPECT_EQ(judge_health(task, after(5)).health, Health::Unknown);
  EXPECT_EQ(judge_health(task, after(60)).health, Health::Unhealthy);
}

}  // namespace
}  // namespace berth::control
