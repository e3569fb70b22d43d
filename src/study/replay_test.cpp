#include "study/replay.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/read_file.h"
#include "base/text.h"

namespace berth::study {
namespace {

// Of a real berthd at ten times the speed: 1 -> 2 -> 3 -> 4 tasks.
std::string three_scale_outs() {
  return read_file(BERTH_SOURCE_DIR "/tests/records/three_scale_outs.jsonl");
}

// The record with those lines changed that hold every one of the `marks`; an empty line is left out.
template <class Change>
std::string changed(std::initializer_list<std::string_view> marks, Change change) {
  std::string out;
  for (auto line : split(three_scale_outs(), '\n')) {
    const bool meant = std::all_of(marks.begin(), marks.end(), [&](std::string_view mark) {
      return line.find(mark) != std::string::npos;
    });
    out += (meant ? change(std::string(line)) : std::string(line)) + "\n";
  }
  return out;
}

TEST(Replay, ComesToTheRecordedDecisions) {
  const auto result = replay(three_scale_outs());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->service, "learner-cluster/learner-svc-service");
  EXPECT_EQ(result->time_scale, 10);
  ASSERT_EQ(result->recorded.size(), 13u);
  EXPECT_FALSE(result->first_difference);
  std::vector<std::string> counts;
  for (const auto& decision : result->replayed) {
    if (decision.what.starts_with("desired count")) counts.push_back(decision.what);
  }
  EXPECT_EQ(counts, (std::vector<std::string>{"desired count 2", "desired count 3", "desired count 4"}));
}

// A scale-in's cooldown ended 26 ms before the live daemon looked, and after the moment at which it was due to.
TEST(Replay, ALateDecisionIsMadeAsLate) {
  const auto result = replay(read_file(BERTH_SOURCE_DIR "/tests/records/late_decision.jsonl"));
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->recorded.size(), 17u);
  EXPECT_FALSE(result->first_difference) << *result->first_difference;
}

TEST(Replay, PointsMakeTheDecisions) {
  const auto result =
      replay(changed({"CPUUtilization", "\"kind\":\"point\""}, [](const std::string&) { return ""; }));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->first_difference);
  for (const auto& decision : result->replayed) EXPECT_FALSE(decision.what.starts_with("desired count"));
}

TEST(Replay, TheRunningCountMakesTheDecisions) {
  int seen = 0;
  const auto result = replay(changed({"\"kind\":\"task\"", "\"last_status\":\"RUNNING\""},
                                     [&](const std::string& line) { return ++seen == 2 ? "" : line; }));
  ASSERT_GE(seen, 2);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->first_difference);
}

TEST(Replay, ADecisionInAnotherMinuteIsAnotherDecision) {
  const auto result = replay(changed({"\"kind\":\"activity\"", "\"ordered\":2"}, [](const std::string& line) {
    const auto at = line.find("\"time_us\":") + 10;
    const auto end = line.find_first_not_of("0123456789", at);
    const auto late = *parse_integer(line.substr(at, end - at)) + us_per_minute;
    return line.substr(0, at) + std::to_string(late) + line.substr(end);
  }));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->first_difference);
}

TEST(Replay, RefusesWhatIsNoRecord) {
  EXPECT_FALSE(replay(""));
  EXPECT_FALSE(replay("second,requests\n0,1\n"));
  EXPECT_FALSE(replay(R"({"kind":"something"})"));
}

}  // namespace
}  // namespace berth::study
