#include "reconcile/scheduled_scaling.h"

#include "reconcile/scaling_fixture.h"

namespace berth::reconcile {
namespace {

// The virtual clock begins on Sunday 2025-06-15 at 15:07 UTC.
class ScheduledScalingTest : public ScalingFixture {
 protected:
  void schedule(const std::string& name, const std::string& expression, std::optional<std::int64_t> minimum,
                std::optional<std::int64_t> maximum, const std::string& zone = "") {
    autoscaling::PutScheduledActionRequest request;
    request.service_namespace = "ecs";
    request.resource_id = autoscaling::learner;
    request.scalable_dimension = autoscaling::count_dimension;
    request.scheduled_action_name = name;
    request.schedule = expression;
    if (!zone.empty()) request.timezone = zone;
    request.scalable_target_action.emplace();
    request.scalable_target_action->min_capacity = minimum;
    request.scalable_target_action->max_capacity = maximum;
    const auto put = call(autoscaling::put_scheduled_action, request);
    ASSERT_TRUE(put) << put.error().message;
  }
  const autoscaling::ScalableTargetRow& target() const {
    return *store.find<autoscaling::ScalableTargetRow>(autoscaling::learner);
  }
  void suspend(bool suspended) {
    auto request = target_request({}, {});
    request.suspended_state.emplace().scheduled_scaling_suspended = suspended;
    ASSERT_TRUE(call(autoscaling::register_scalable_target, request));
  }
};

TEST_F(ScheduledScalingTest, ChangesTheLimitsAndMovesTheCount) {
  register_target(1, 5);
  schedule("afternoon", "cron(10 15 * * ? *)", 3, 6);
  run_minutes(2.9);
  EXPECT_EQ(desired(), 1);
  run_minutes(1.2);
  EXPECT_EQ(desired(), 3);
  EXPECT_EQ(target().min_capacity, 3);
  EXPECT_EQ(target().max_capacity, 6);
  ASSERT_EQ(activities().size(), 2u);
  EXPECT_EQ(activities().at(1).description, "Setting min capacity to 3 and max capacity to 6");
  EXPECT_EQ(activities().at(1).cause, "scheduled action name afternoon was triggered");
  EXPECT_EQ(activities().at(1).status_message, "Successfully set min capacity to 3 and max capacity to 6");
  EXPECT_EQ(activities().at(1).status_code, "Successful");
  EXPECT_EQ(activities().at(0).cause, "minimum capacity was set to 3");
  EXPECT_EQ(activities().at(0).status_code, "Successful");
}

TEST_F(ScheduledScalingTest, LocalTimeFollowsTheZone) {
  register_target(1, 5);
  schedule("berlin", "at(2025-06-15T17:10:00)", 2, {}, "Europe/Berlin");
  run_minutes(2.9);
  EXPECT_EQ(desired(), 1);
  run_minutes(0.2);
  EXPECT_EQ(desired(), 2);
  EXPECT_EQ(target().max_capacity, 5);
}

TEST_F(ScheduledScalingTest, WhatWasMissedWhileSuspendedIsNotReplayed) {
  register_target(1, 5);
  suspend(true);
  schedule("often", "rate(10 minutes)", 2, {});
  run_minutes(15);
  suspend(false);
  run_minutes(4);
  EXPECT_EQ(desired(), 1);
  run_minutes(2);
  EXPECT_EQ(desired(), 2);
}

TEST_F(ScheduledScalingTest, WhatWasMissedWhileDownIsNotReplayed) {
  register_target(1, 5);
  schedule("once", "at(2025-06-15T15:10:00)", 2, {});
  schedules_.reset();
  run_minutes(5);
  start_daemon();
  run_minutes(30);
  EXPECT_EQ(desired(), 1);
}

TEST_F(ScheduledScalingTest, ARestartDoesNotFireTwice) {
  register_target(1, 5);
  schedule("once", "at(2025-06-15T15:10:00)", 2, {});
  loop.run_until(from_unix_seconds(1'750'000'200));
  ASSERT_EQ(desired(), 2);
  start_daemon();
  set_desired(1);
  run_minutes(30);
  EXPECT_EQ(desired(), 1);
}

TEST_F(ScheduledScalingTest, LimitsThatContradictAreAFailedActivity) {
  register_target(1, 5);
  schedule("too-much", "rate(1 minute)", 9, {});
  run_minutes(1);
  ASSERT_EQ(activities().size(), 1u);
  EXPECT_EQ(activities().at(0).status_code, "Failed");
  EXPECT_EQ(target().min_capacity, 1);
}

TEST_F(ScheduledScalingTest, AChangedActionFiresByItsNewSchedule) {
  register_target(1, 5);
  schedule("x", "at(2025-06-15T15:10:00)", 2, {});
  schedule("x", "at(2025-06-15T15:20:00)", 2, {});
  run_minutes(5);
  EXPECT_EQ(desired(), 1);
  run_minutes(10);
  EXPECT_EQ(desired(), 2);
}

}  // namespace
}  // namespace berth::reconcile
