// What runs on many threads must come out as on one.
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/read_file.h"
#include "sim/world_times.h"
#include "study/compare.h"
#include "study/result_json.h"
#include "study/tune.h"

namespace berth::study {
namespace {

RunOptions article(const std::string& trace) {
  spdlog::set_level(spdlog::level::warn);
  RunOptions options;
  options.template_text = read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml");
  options.traffic = sim::generate(trace, {}).value();
  options.times = *sim::world_times("aws");
  return options;
}

std::vector<std::string> digests(unsigned threads) {
  std::vector<Contest> contests;
  for (int target = 30; target < 70; target += 10) {
    contests.push_back({std::to_string(target), "", article("ramp:5->40@5m-30m")});
    contests.back().options.sets = {
        "AutoScalingPolicy.TargetTrackingScalingPolicyConfiguration.TargetValue=" + std::to_string(target)};
  }
  const auto outcomes = play_all(contests, {.prices = {}, .threads = threads, .progress = {}});
  std::vector<std::string> out;
  for (const auto& outcome : outcomes.value())
    out.push_back(timeline_sha256(timeline_json(outcome.timeline)));
  return out;
}

TEST(Threads, RunsAreTheSameOnOneAndOnFour) {
  const auto one = digests(1);
  EXPECT_EQ(one, digests(4));
  EXPECT_NE(one[0], one[1]);  // the policy is played, not ignored
}

TEST(Threads, TuningIsTheSameOnOneAndOnFour) {
  const auto tuned = [](unsigned threads) {
    TuneOptions options{.run = article("diurnal:5..40"), .prices = {}, .threads = threads, .candidates = 6};
    options.run.traffic = options.run.traffic.part(0, 10 * 60 * us_per_minute);
    return tune(options).value();
  };
  const Tuning one = tuned(1), four = tuned(4);
  ASSERT_EQ(one.front.size(), four.front.size());
  EXPECT_EQ(one.chosen, four.chosen);
  for (std::size_t i = 0; i < one.front.size(); ++i) {
    EXPECT_EQ(one.front[i].knobs, four.front[i].knobs);
    EXPECT_EQ(one.front[i].judged.usd_a_day, four.front[i].judged.usd_a_day);
    EXPECT_EQ(one.front[i].judged.missed_percent, four.front[i].judged.missed_percent);
  }
  // Nobody beats the one who knows the traffic, at the same lateness.
  for (const auto& candidate : one.front) {
    const auto& lax = one.ideal.back();
    if (candidate.tuned.missed_percent <= lax.tuned.missed_percent) {
      EXPECT_GE(candidate.tuned.usd_a_day, lax.tuned.usd_a_day);
    }
  }
}

TEST(Threads, AContestThatCannotBePlayedIsNamed) {
  std::vector<Contest> contests{{"good", "", article("poisson:5")}, {"odd", "", article("poisson:5")}};
  for (auto& contest : contests) contest.options.traffic = contest.options.traffic.part(0, 2 * us_per_minute);
  contests[1].options.sets = {"Nothing.Here=1"};
  const auto outcomes = play_all(contests, {.prices = {}, .threads = 2, .progress = {}});
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().message.substr(0, 5), "odd: ");
}

}  // namespace
}  // namespace berth::study
