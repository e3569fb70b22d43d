#include "control/task_state.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

TEST(TaskState, MovesForwardOnly) {
  using enum TaskStatus;
  const TaskStatus life[] = {Provisioning, Pending,        Activating, Running, Deactivating,
                             Stopping,     Deprovisioning, Stopped,    Deleted};
  for (std::size_t i = 0; i + 1 < std::size(life); ++i) {
    EXPECT_TRUE(may_follow(life[i], life[i + 1])) << name_of(life[i]);
    EXPECT_FALSE(may_follow(life[i + 1], life[i])) << name_of(life[i]);
    EXPECT_FALSE(may_follow(life[i], life[i]));
  }
  EXPECT_TRUE(may_follow(Pending, Running));
  EXPECT_TRUE(may_follow(Pending, Deprovisioning));
  EXPECT_TRUE(may_follow(Provisioning, Stopped));
  EXPECT_FALSE(may_follow(Pending, Deactivating));
  EXPECT_FALSE(may_follow(Running, Deleted));
}

TEST(TaskState, CountsOfAService) {
  using enum TaskStatus;
  EXPECT_TRUE(counts_as_pending(Activating));
  EXPECT_TRUE(counts_as_running(Running));
  EXPECT_FALSE(counts_as_running(Deactivating));
  EXPECT_FALSE(counts_as_pending(Running));
  EXPECT_TRUE(holds_resources(Deprovisioning));
  EXPECT_FALSE(holds_resources(Stopped));
}

TEST(TaskState, NamesReadBack) {
  for (int i = 0; i <= static_cast<int>(TaskStatus::Deleted); ++i) {
    const auto status = static_cast<TaskStatus>(i);
    EXPECT_EQ(parse_task_status(name_of(status)), status);
  }
  EXPECT_FALSE(parse_task_status("running"));
}

TEST(TaskState, Reasons) {
  using enum StopCode;
  EXPECT_EQ(stopped_by_deployment("ecs-svc/1"),
            (StopReason{ServiceSchedulerInitiated, "Scaling activity initiated by (deployment ecs-svc/1)"}));
  EXPECT_EQ(
      failed_elb_health_checks("arn:tg"),
      (StopReason{ServiceSchedulerInitiated, "Task failed ELB health checks in (target-group arn:tg)"}));
  EXPECT_EQ(failed_container_health_checks().text, "Task failed container health checks");
  EXPECT_EQ(essential_container_exited(),
            (StopReason{EssentialContainerExited, "Essential container in task exited"}));
  EXPECT_EQ(stopped_by_user("").text, "Task stopped by user");
  EXPECT_EQ(stopped_by_user("bye").text, "bye");
  EXPECT_EQ(failed_to_start("", "no role").text, "no role");
  EXPECT_EQ(failed_to_start("CannotPullContainerError", "no such image"),
            (StopReason{TaskFailedToStart, "CannotPullContainerError: no such image"}));
  EXPECT_EQ(name_of(spot_interrupted().code), "SpotInterruption");
}

}  // namespace
}  // namespace berth::control
