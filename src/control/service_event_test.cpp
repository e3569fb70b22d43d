#include "control/service_event.h"

#include <gtest/gtest.h>

namespace berth::control::service_event {
namespace {

TEST(ServiceEvent, Texts) {
  EXPECT_EQ(started("X", {"a"}), "(service X) has started 1 tasks: (task a).");
  EXPECT_EQ(started("X", {"a", "b"}), "(service X) has started 2 tasks: (task a) (task b).");
  EXPECT_EQ(stopped("X", {"a"}), "(service X) has stopped 1 running tasks: (task a).");
  EXPECT_EQ(registered("X", 1, "arn"), "(service X) registered 1 targets in (target-group arn)");
  EXPECT_EQ(deregistered("X", 1, "arn"), "(service X) deregistered 1 targets in (target-group arn)");
  EXPECT_EQ(draining("X", "ecs-svc/1", 1),
            "(service X, taskSet ecs-svc/1) has begun draining connections on 1 tasks.");
  EXPECT_EQ(target_unhealthy("X", "a", 8080, "arn", "Health checks failed with these codes: [404]"),
            "(service X) (task a) (port 8080) is unhealthy in (target-group arn) due to (reason Health "
            "checks failed "
            "with these codes: [404])");
  EXPECT_EQ(container_unhealthy("X", "a"), "(service X) (task a) failed container health checks.");
  EXPECT_EQ(deployment_completed("X", "ecs-svc/1"),
            "(service X) (deployment ecs-svc/1) deployment completed.");
  EXPECT_EQ(deployment_failed("X", "ecs-svc/1"),
            "(service X) (deployment ecs-svc/1) deployment failed: tasks failed to start.");
  EXPECT_EQ(rolling_back("X", "ecs-svc/0"), "(service X) rolling back to deployment ecs-svc/0.");
  EXPECT_EQ(steady_state("X"), "(service X) has reached a steady state.");
  EXPECT_EQ(placement_failed("X", "no room"), "(service X) was unable to place a task. Reason: no room");
  EXPECT_EQ(cannot_start_consistently("X"),
            "(service X) is unable to consistently start tasks successfully.");
  EXPECT_EQ(throttled("X"), "(service X) operations are being throttled. Will try again later.");
  EXPECT_EQ(rollout_in_progress("ecs-svc/1"), "ECS deployment ecs-svc/1 in progress.");
  EXPECT_EQ(rollout_completed("ecs-svc/1"), "ECS deployment ecs-svc/1 completed.");
  EXPECT_EQ(rollout_rolling_back("ecs-svc/0"),
            "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/0.");
}

TEST(ServiceEvent, RepeatsAreMutedForSixHours) {
  const Time noon = from_unix_seconds(1'000'000);
  EXPECT_TRUE(due(std::nullopt, noon));
  EXPECT_FALSE(due(noon, noon + Duration::minutes(359)));
  EXPECT_TRUE(due(noon, noon + Duration::minutes(360)));
}

}  // namespace
}  // namespace berth::control::service_event
