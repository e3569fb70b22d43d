#include "control/scaling_activity.h"

#include <gtest/gtest.h>

namespace berth::control::activity {
namespace {

TEST(ScalingActivity, Texts) {
  EXPECT_EQ(setting_desired_count(3), "Setting desired count to 3.");
  EXPECT_EQ(alarm_cause("a", "p"), "monitor alarm a in state ALARM triggered policy p");
  EXPECT_EQ(waiting(3), "Successfully set desired count to 3. Waiting for change to be fulfilled by ecs.");
  EXPECT_EQ(fulfilled(3), "Successfully set desired count to 3. Change successfully fulfilled by ecs.");
  EXPECT_EQ(overridden(3, 5), "Successfully set desired count to 3. Found it was later changed to 5.");
  EXPECT_EQ(setting_limits(1, 5), "Setting min capacity to 1 and max capacity to 5");
  EXPECT_EQ(limits_set(1, 5), "Successfully set min capacity to 1 and max capacity to 5");
  EXPECT_EQ(setting_limits(std::nullopt, 5), "Setting max capacity to 5");
  EXPECT_EQ(scheduled_cause("night"), "scheduled action name night was triggered");
  EXPECT_EQ(minimum_cause(2), "minimum capacity was set to 2");
  EXPECT_EQ(maximum_cause(4), "maximum capacity was set to 4");
}

TEST(ScalingActivity, EndsWhenTheOrderedCountRuns) {
  EXPECT_EQ(progress(3, 3, 1).status, Status::InProgress);
  EXPECT_EQ(progress(3, 3, 3).status, Status::Successful);
  EXPECT_EQ(progress(3, 5, 2).status, Status::Overridden);
  EXPECT_EQ(progress(3, 5, 2).message, overridden(3, 5));
}

TEST(ScalingActivity, NotScaledStatus) {
  EXPECT_EQ(name_of(status_of(NotScaledCode::AlreadyAtDesiredCapacity)), "Successful");
  EXPECT_EQ(name_of(status_of(NotScaledCode::AlreadyAtMaxCapacity)), "Failed");
  EXPECT_EQ(name_of(NotScaledCode::TargetServicePutResourceAsUnscalable),
            "TargetServicePutResourceAsUnscalable");
}

}  // namespace
}  // namespace berth::control::activity
