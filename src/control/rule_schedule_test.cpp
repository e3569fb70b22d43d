#include "control/rule_schedule.h"

#include <gtest/gtest.h>

#include "control/choices.h"

namespace berth::control {
namespace {

Time at(const char* text) {
  return *parse_iso(text);
}

std::string next(const char* schedule, const char* since, const char* after) {
  const auto parsed = parse_rule_schedule(schedule);
  EXPECT_TRUE(parsed) << schedule;
  const auto time = next_rule_firing(*parsed, at(since), at(after));
  return time ? iso_s(*time) : "never";
}

TEST(RuleSchedule, RatesCountFromWhenTheRuleWasMade) {
  EXPECT_EQ(next("rate(1 minute)", "2026-10-01T00:00:30Z", "2026-10-01T00:00:30Z"), "2026-10-01T00:01:30Z");
  EXPECT_EQ(next("rate(5 minutes)", "2026-10-01T00:00:30Z", "2026-10-01T00:14:00Z"), "2026-10-01T00:15:30Z");
  EXPECT_EQ(next("rate(2 days)", "2026-10-01T00:00:00Z", "2026-10-03T00:00:00Z"), "2026-10-05T00:00:00Z");
}

TEST(RuleSchedule, CronInUtc) {
  EXPECT_EQ(next("cron(0 12 * * ? *)", "2026-10-01T00:00:00Z", "2026-10-01T12:00:00Z"),
            "2026-10-02T12:00:00Z");
  EXPECT_EQ(next("cron(0/15 8-17 ? * MON-FRI *)", "2026-10-01T00:00:00Z", "2026-10-02T17:45:00Z"),
            "2026-10-05T08:00:00Z");
  EXPECT_EQ(next("cron(0 0 1 1 ? 2020)", "2026-10-01T00:00:00Z", "2026-10-01T00:00:00Z"), "never");
}

TEST(RuleSchedule, RefusesWhatEventBridgeRefuses) {
  for (const char* text : {"rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(10)", "rate(1 week)",
                           "cron(0 12 * * * *)", "cron(0 12 * * ?)", "cron(0 0 12 * * ? *)",
                           "at(2026-10-02T08:00:00)", "", "every day"}) {
    const auto parsed = parse_rule_schedule(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, "Parameter ScheduleExpression is not valid.");
  }
}

TEST(RuleSchedule, RetriesGrowApartAndEndByNumberOrAge) {
  const Time first = at("2026-10-01T00:00:00Z");
  EXPECT_EQ(*next_event_attempt({}, 1, first, first, 0.0),
            first + Duration{choice::event_retry_first.us / 2});
  EXPECT_GT(*next_event_attempt({}, 3, first, first, 0.0), *next_event_attempt({}, 2, first, first, 0.0));
  EXPECT_LE(*next_event_attempt({}, 100, first, first, 0.999), first + choice::event_retry_max);
  EXPECT_TRUE(next_event_attempt({}, 185, first, first, 0.5));
  EXPECT_FALSE(next_event_attempt({}, 186, first, first, 0.5));
  EXPECT_FALSE(next_event_attempt({.attempts_max = 0}, 1, first, first, 0.5));
  EXPECT_FALSE(next_event_attempt({}, 5, first, first + Duration::minutes(24 * 60), 0.5));
}

}  // namespace
}  // namespace berth::control
