#include "control/scheduled_action.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

Time at(const char* text) {
  return *parse_iso(text);
}

std::string next(const char* schedule, const ScheduleBounds& bounds, const char* after,
                 const TimeZone& zone = {}) {
  const auto parsed = parse_schedule(schedule);
  EXPECT_TRUE(parsed) << schedule;
  const auto time = next_firing(*parsed, bounds, zone, at(after));
  return time ? iso_s(*time) : "never";
}

// Central European time, from a rule alone.
TimeZone berlin() {
  std::string block = std::string("TZif2") + std::string(15, '\0') + std::string(15, '\0') + '\0' +
                      std::string("\0\0\0\1\0\0\0\1", 8);
  block += std::string(7, '\0');
  return *TimeZone::parse(block + block + "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
}

TEST(ScheduledAction, At) {
  EXPECT_EQ(next("at(2026-10-02T08:00:00)", {}, "2026-10-01T00:00:00Z"), "2026-10-02T08:00:00Z");
  EXPECT_EQ(next("at(2026-10-02T08:00:00)", {}, "2026-10-02T08:00:00Z"), "never");
  EXPECT_EQ(next("at(2026-07-02T08:00:00)", {}, "2026-07-01T00:00:00Z", berlin()), "2026-07-02T06:00:00Z");
}

TEST(ScheduledAction, RateCountsFromStartOrCreation) {
  const ScheduleBounds created{at("2026-10-01T00:00:30Z")};
  EXPECT_EQ(next("rate(5 minutes)", created, "2026-10-01T00:00:30Z"), "2026-10-01T00:05:30Z");
  EXPECT_EQ(next("rate(1 hour)", created, "2026-10-01T02:30:00Z"), "2026-10-01T03:00:30Z");
  ScheduleBounds started = created;
  started.start = at("2026-10-02T00:00:00Z");
  EXPECT_EQ(next("rate(1 day)", started, "2026-10-01T12:00:00Z"), "2026-10-02T00:00:00Z");
  EXPECT_EQ(next("rate(1 day)", started, "2026-10-02T00:00:00Z"), "2026-10-03T00:00:00Z");
}

TEST(ScheduledAction, CronFiresAtStartAndThenByTheClock) {
  ScheduleBounds bounds{{}, at("2026-10-01T10:17:00Z"), at("2026-10-02T12:00:00Z")};
  EXPECT_EQ(next("cron(0 12 * * ? *)", bounds, "2026-10-01T00:00:00Z"), "2026-10-01T10:17:00Z");
  EXPECT_EQ(next("cron(0 12 * * ? *)", bounds, "2026-10-01T10:17:00Z"), "2026-10-01T12:00:00Z");
  EXPECT_EQ(next("cron(0 12 * * ? *)", bounds, "2026-10-01T12:00:00Z"), "2026-10-02T12:00:00Z");
  EXPECT_EQ(next("cron(0 12 * * ? *)", bounds, "2026-10-02T12:00:00Z"), "never");
}

TEST(ScheduledAction, CronInAZoneAcrossClockChanges) {
  const TimeZone zone = berlin();
  EXPECT_EQ(next("cron(0 9 * * ? *)", {}, "2026-03-28T12:00:00Z", zone), "2026-03-29T07:00:00Z");
  EXPECT_EQ(next("cron(0 9 * * ? *)", {}, "2026-03-27T12:00:00Z", zone), "2026-03-28T08:00:00Z");
  // 02:30 exists twice on 25 October and fires once.
  EXPECT_EQ(next("cron(30 2 * * ? *)", {}, "2026-10-24T12:00:00Z", zone), "2026-10-25T00:30:00Z");
  EXPECT_EQ(next("cron(30 2 * * ? *)", {}, "2026-10-25T00:30:00Z", zone), "2026-10-26T01:30:00Z");
  EXPECT_EQ(next("cron(30 2 * * ? *)", {}, "2026-10-25T01:10:00Z", zone), "2026-10-26T01:30:00Z");
}

TEST(ScheduledAction, RefusesWhatIsNoSchedule) {
  for (const char* text :
       {"", "at()", "at(2026-10-02)", "at(2026-10-02T08:00:00Z)", "rate(0 minutes)", "rate(5)",
        "rate(5 weeks)", "rate(-1 day)", "cron()", "cron(0 12 * * ? *", "every day"}) {
    const auto parsed = parse_schedule(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "ValidationException");
  }
}

TEST(ScheduledAction, LimitsMoveTheCountOnlyWhenItLiesOutside) {
  EXPECT_FALSE(change_limits(1, 5, 2, std::nullopt, 3)->desired);
  const auto raised = change_limits(1, 5, 4, std::nullopt, 3);
  EXPECT_EQ(raised->desired, 4);
  EXPECT_EQ(raised->maximum, 5);
  EXPECT_EQ(raised->cause, "minimum capacity was set to 4");
  EXPECT_EQ(raised->description, "Setting desired count to 4.");
  const auto lowered = change_limits(1, 5, std::nullopt, 2, 3);
  EXPECT_EQ(lowered->desired, 2);
  EXPECT_EQ(lowered->cause, "maximum capacity was set to 2");
  EXPECT_FALSE(change_limits(1, 5, 6, std::nullopt, 3));
}

}  // namespace
}  // namespace berth::control
