// The rules together, minute by minute: a load on tasks becomes datapoints, alarms, decisions, tasks and
// cooldowns, as in the article's stack (target 40, 1 to 5 tasks, cooldowns 120 and 300 s).
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "control/alarm.h"
#include "control/scaling_activity.h"
#include "control/target_tracking.h"
#include "control/target_tracking_alarms.h"

namespace berth::control {
namespace {

constexpr Duration second = Duration::seconds(1);
constexpr Duration publication_lag = Duration::seconds(5);
constexpr Duration task_start = Duration::seconds(3);

struct Action {
  int second;
  int desired;
};

class Story {
 public:
  // `load`: cores' worth of work, as percent of one task, at a second of the story.
  std::vector<Action> play(int minutes, const std::function<double(int second)>& load) {
    alarms_ = tracking_alarms("service/c/s", "arn",
                              predefined_metric("ECSServiceAverageCPUUtilization", "service/c/s", "").value(),
                              40, false, {"1", "2", "3"});
    for (int s = 0; s < minutes * 60; ++s) tick(s, load(s));
    return std::move(actions_);
  }

 private:
  void tick(int s, double load) {
    now_ = start_ + second * s;
    if (started_at_ && now_ >= *started_at_) running_ = desired_;
    if (running_ == desired_) cooldown_.fulfilled(Duration::seconds(120), Duration::seconds(300), now_);
    minute_sum_ += std::min(100.0, load / running_);
    if ((s + 1) % 60 == 0) {
      points_[floor_to_minute(now_).us] = minute_sum_ / 60;
      minute_sum_ = 0;
    }
    for (std::size_t side = 0; side < alarms_.size(); ++side) {
      const auto& alarm = alarms_[side];
      if (next_evaluation(alarm.name, alarm.rule, now_ - second) == now_) evaluate(side);
    }
  }

  std::vector<AlarmDatapoint> fetch(const AlarmRule& rule) const {
    const auto range = evaluation_range(rule, now_);
    std::vector<AlarmDatapoint> points;
    for (int i = 0; i < range.count; ++i) {
      AlarmDatapoint point{range.start_of(i)};
      const auto found = points_.find(point.timestamp.us);
      const bool published = now_ >= point.timestamp + range.period + publication_lag;
      if (found != points_.end() && published) point = {point.timestamp, found->second, 1.0};
      points.push_back(point);
    }
    return points;
  }

  void evaluate(std::size_t side) {
    const auto& definition = alarms_[side];
    const auto points = fetch(definition.rule);
    const auto verdict = judge(definition.rule, points, states_[side]);
    states_[side] = verdict.state;
    const auto recent = recent_datapoints(points, verdict);
    TrackingPolicy policy{
        "cpu", 40, false, cooldown_, {"high", states_[0], recent}, {"low", states_[1], recent}};
    const auto decision = decide_target_tracking({1, 5, running_, desired_}, {&policy, 1}, 0,
                                                 side == 0 ? AlarmSide::High : AlarmSide::Low, {}, now_);
    if (decision.outcome != ScalingDecision::Outcome::SetDesired) return;
    actions_.push_back({static_cast<int>((now_ - start_).us / us_per_second), decision.desired});
    cooldown_.ordered(desired_, decision.desired, now_);
    if (decision.desired < desired_) running_ = decision.desired;
    desired_ = decision.desired;
    started_at_ = now_ + task_start;
  }

  const Time start_ = from_unix_seconds(1'750'000'020);  // a full minute
  Time now_{};
  std::vector<TrackingAlarmDefinition> alarms_;
  AlarmState states_[2] = {AlarmState::InsufficientData, AlarmState::InsufficientData};
  std::map<std::int64_t, double> points_;
  double minute_sum_ = 0;
  int running_ = 1;
  int desired_ = 1;
  std::optional<Time> started_at_;
  Cooldown cooldown_;
  std::vector<Action> actions_;
};

std::vector<int> counts(const std::vector<Action>& actions) {
  std::vector<int> out;
  for (const auto& action : actions) out.push_back(action.desired);
  return out;
}

TEST(ScalingStory, UpInTwoStepsAndDownInFour) {
  const auto actions = Story().play(90, [](int s) { return s < 20 * 60 ? 1000.0 : 1.0; });
  ASSERT_EQ(counts(actions), (std::vector<int>{3, 5, 4, 3, 2, 1}));
  EXPECT_GE(actions[0].second, 3 * 60);  // three full minutes above 40
  EXPECT_LE(actions[0].second, 4 * 60);
  // A cooldown of 120 s from fulfilment, then the alarm's next tick.
  EXPECT_EQ(actions[1].second - actions[0].second, 3 * 60);
  EXPECT_GE(actions[2].second, 35 * 60);  // fifteen minutes below 36 after the load ended
  EXPECT_LE(actions[2].second, 36 * 60);
  for (std::size_t i = 3; i < actions.size(); ++i)
    EXPECT_EQ(actions[i].second - actions[i - 1].second, 6 * 60);
}

TEST(ScalingStory, OneMinuteOfLoadIsNotEnough) {
  for (const int offset : {0, 20, 45}) {
    const auto actions =
        Story().play(60, [&](int s) { return s >= 600 + offset && s < 660 + offset ? 1000.0 : 1.0; });
    EXPECT_TRUE(actions.empty()) << offset;
  }
}

TEST(ScalingStory, FourMinutesOfLoadAre) {
  const auto actions = Story().play(30, [](int s) { return s >= 630 && s < 870 ? 1000.0 : 1.0; });
  ASSERT_FALSE(actions.empty());
  EXPECT_EQ(actions[0].desired, 3);
}

TEST(ScalingStory, LoadInTheDeadBandChangesNothing) {
  EXPECT_TRUE(Story().play(120, [](int) { return 38.0; }).empty());
}

TEST(ScalingStory, ModerateLoadSettlesWithoutFlapping) {
  // 100 % of a task: 3 tasks at 33 % each, where two would be above the target.
  const auto actions = Story().play(240, [](int) { return 100.0; });
  EXPECT_EQ(counts(actions), std::vector<int>{3});
}

}  // namespace
}  // namespace berth::control
