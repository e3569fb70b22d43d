#include "control/composite_alarm.h"

#include <gtest/gtest.h>

#include <map>

namespace berth::control {
namespace {

bool alarms(std::string_view text, const std::map<std::string, AlarmState, std::less<>>& states) {
  const auto rule = parse_composite_rule(text);
  EXPECT_TRUE(rule) << text << ": " << rule.error().message;
  return rule->evaluate([&](std::string_view child) -> std::optional<AlarmState> {
    const auto found = states.find(child);
    if (found == states.end()) return std::nullopt;
    return found->second;
  }) == AlarmState::Alarm;
}

constexpr auto ok = AlarmState::Ok;
constexpr auto alarm = AlarmState::Alarm;
constexpr auto insufficient = AlarmState::InsufficientData;

TEST(CompositeAlarm, TermsNameStates) {
  EXPECT_TRUE(alarms("ALARM(cpu)", {{"cpu", alarm}}));
  EXPECT_FALSE(alarms("ALARM(cpu)", {{"cpu", ok}}));
  EXPECT_TRUE(alarms("OK(\"cpu high\")", {{"cpu high", ok}}));
  EXPECT_TRUE(alarms("INSUFFICIENT_DATA('cpu')", {{"cpu", insufficient}}));
  EXPECT_TRUE(alarms("TRUE", {}));
  EXPECT_FALSE(alarms("FALSE", {}));
  EXPECT_FALSE(alarms("ALARM(gone)", {}));
  EXPECT_TRUE(alarms("NOT ALARM(gone)", {}));
}

TEST(CompositeAlarm, CriticalAtMaximumCapacity) {
  constexpr auto rule = "ALARM(\"dev-CriticalCPU\") AND ALARM(\"dev-MaxCapacity-Reached\")";
  EXPECT_TRUE(alarms(rule, {{"dev-CriticalCPU", alarm}, {"dev-MaxCapacity-Reached", alarm}}));
  EXPECT_FALSE(alarms(rule, {{"dev-CriticalCPU", alarm}, {"dev-MaxCapacity-Reached", ok}}));
}

TEST(CompositeAlarm, Precedence) {
  const std::map<std::string, AlarmState, std::less<>> a_only{{"a", alarm}, {"b", ok}, {"c", ok}};
  EXPECT_TRUE(alarms("ALARM(a) OR ALARM(b) AND ALARM(c)", a_only));
  EXPECT_FALSE(alarms("(ALARM(a) OR ALARM(b)) AND ALARM(c)", a_only));
  EXPECT_FALSE(alarms("NOT ALARM(a) OR ALARM(b)", a_only));
  EXPECT_TRUE(alarms("NOT (ALARM(b) OR ALARM(c))", a_only));
  EXPECT_TRUE(alarms("NOT NOT ALARM(a)", a_only));
}

TEST(CompositeAlarm, ChildrenAreListedOnce) {
  const auto rule =
      parse_composite_rule("ALARM(arn:aws:cloudwatch:eu-west-1:1:alarm:x) OR OK(b) OR ALARM(b)");
  EXPECT_EQ(rule->children(), (std::vector<std::string>{"arn:aws:cloudwatch:eu-west-1:1:alarm:x", "b"}));
}

TEST(CompositeAlarm, RefusesWhatIsNoRule) {
  for (const char* text :
       {"", "ALARM", "ALARM(", "ALARM()", "ALARM(a", "ALARM(\"a)", "ALARM(a) AND", "ALARM(a) ALARM(b)",
        "(ALARM(a)", "ALARM(a))", "XYZ(a)", "AND", "NOT", "alarm(a)", "AT_LEAST(1, ALARM, (a, b))"}) {
    const auto rule = parse_composite_rule(text);
    ASSERT_FALSE(rule) << text;
    EXPECT_EQ(rule.error().code, "ValidationError");
  }
}

TEST(CompositeAlarm, HasLimits) {
  std::string many = "ALARM(a0)";
  for (int i = 1; i < 100; ++i) many += " OR ALARM(a" + std::to_string(i) + ")";
  EXPECT_TRUE(parse_composite_rule(many));
  EXPECT_FALSE(parse_composite_rule(many + " OR ALARM(x)"));
  EXPECT_FALSE(parse_composite_rule(std::string(100'000, '(')));
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "NOT ";
  EXPECT_FALSE(parse_composite_rule(nots + "TRUE"));
}

TEST(CompositeAlarm, ReasonNamesTheChild) {
  EXPECT_EQ(composite_state_reason("arn:x", AlarmState::Alarm, *parse_iso("2022-10-30T20:47:35Z")),
            "arn:x transitioned to ALARM at Sunday 30 October, 2022 20:47:35 UTC");
}

}  // namespace
}  // namespace berth::control
