#include "host/health_check.h"

#include <gtest/gtest.h>

#include <deque>

#include "loop/sim_loop.h"

namespace berth::host {
namespace {

class HealthCheckTest : public ::testing::Test {
 protected:
  HealthCheck check(world::HealthCheckSpec spec) {
    return HealthCheck(
        loop_, std::move(spec),
        [this](auto done) {
          const int code = results_.empty() ? 0 : results_.front();
          if (!results_.empty()) results_.pop_front();
          done(code < 0 ? Result<int>(Error{"TimeoutError", ""}) : Result<int>(code));
        },
        [this](bool healthy) { seen_.push_back(healthy); });
  }

  SimLoop loop_;
  std::deque<int> results_;
  std::vector<bool> seen_;
};

TEST_F(HealthCheckTest, IsUnhealthyAfterAsManyFailuresInARowAsRetries) {
  results_ = {0, 1, 1, 0, 1, -1, 1, 1, 0};
  const auto one = check({.interval = Duration::seconds(10), .retries = 3});
  loop_.run_for(Duration::seconds(60));
  EXPECT_EQ(seen_, std::vector<bool>{true});
  loop_.run_for(Duration::seconds(10));  // the third in a row; a timeout is one
  EXPECT_EQ(seen_, (std::vector<bool>{true, false}));
  loop_.run_for(Duration::seconds(20));
  EXPECT_EQ(seen_, (std::vector<bool>{true, false, true}));
}

TEST_F(HealthCheckTest, FailuresInTheStartPeriodDoNotCount) {
  results_ = {1, 1, 1, 1, 1};
  const auto one =
      check({.interval = Duration::seconds(10), .retries = 2, .start_period = Duration::seconds(35)});
  loop_.run_for(Duration::seconds(40));
  EXPECT_FALSE(one.healthy());
  loop_.run_for(Duration::seconds(10));
  EXPECT_EQ(one.healthy(), false);
  EXPECT_EQ(seen_, std::vector<bool>{false});
}

TEST_F(HealthCheckTest, ASuccessInTheStartPeriodMakesItHealthy) {
  results_ = {0, 1, 1};
  const auto one =
      check({.interval = Duration::seconds(10), .retries = 2, .start_period = Duration::seconds(300)});
  loop_.run_for(Duration::seconds(30));
  EXPECT_EQ(seen_, (std::vector<bool>{true, false}));
}

TEST(HealthCommand, HasTwoForms) {
  EXPECT_EQ(health_command({"CMD", "/probe", "-x"}), (std::vector<std::string>{"/probe", "-x"}));
  EXPECT_EQ(health_command({"CMD-SHELL", "a || b"}), (std::vector<std::string>{"/bin/sh", "-c", "a || b"}));
}

}  // namespace
}  // namespace berth::host
