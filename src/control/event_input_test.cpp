#include "control/event_input.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

const TriggeringRule rule{"nightly", "arn:aws:events:us-east-1:123456789012:rule/nightly"};

std::string input_of(const InputRule& input) {
  EXPECT_TRUE(check_input(input));
  const auto event = json::parse(
      R"({"source": "aws.ecs", "detail": {"status": "STOPPED", "reason": "say \"no\"", "code": 137,
          "containers": [{"name": "web"}]}})");
  return target_input(input, event, rule, *parse_iso("2026-10-01T08:00:00Z"));
}

InputRule transformed(const char* text) {
  return {.template_ = text,
          .paths = {{"status", "$.detail.status"},
                    {"reason", "$.detail.reason"},
                    {"code", "$.detail.code"},
                    {"name", "$.detail.containers[0].name"},
                    {"list", "$.detail.containers"},
                    {"missing", "$.detail.nothing.here"}}};
}

TEST(EventInput, AConstantAPartOrTheWhole) {
  EXPECT_EQ(input_of({.input = R"({"a": 1})"}), R"({"a": 1})");
  EXPECT_EQ(input_of({.path = "$.detail.status"}), R"("STOPPED")");
  EXPECT_EQ(input_of({.path = "$.detail.containers[0]"}), R"({"name":"web"})");
  EXPECT_EQ(input_of({.path = "$.detail.containers[1]"}), "null");
  EXPECT_EQ(json::parse(input_of({.path = "$"})), json::parse(input_of({})));
}

TEST(EventInput, ATemplateOfText) {
  EXPECT_EQ(input_of(transformed("\"<name> is <status> with <code>\"")), "\"web is STOPPED with 137\"");
  EXPECT_EQ(input_of(transformed("\"because: <reason>\"")), R"("because: say \"no\"")");
  EXPECT_EQ(input_of(transformed("\"<missing>, 1 < 2 > 0\"")), "\", 1 < 2 > 0\"");
  EXPECT_EQ(input_of(transformed("\"<list>\"")), R"("[{\"name\":\"web\"}]")");
}

TEST(EventInput, ATemplateOfJson) {
  EXPECT_EQ(input_of(transformed(R"({"s": <status>, "c": <code>, "l": <list>, "t": "\"<name>\""})")),
            R"({"s": "STOPPED", "c": 137, "l": [{"name":"web"}], "t": "\"web\""})");
}

TEST(EventInput, OwnVariables) {
  EXPECT_EQ(input_of(transformed("\"<aws.events.rule-name> <aws.events.event.ingestion-time>\"")),
            "\"nightly 2026-10-01T08:00:00Z\"");
  EXPECT_EQ(input_of(transformed("<aws.events.rule-arn>")), '"' + rule.arn + '"');
  EXPECT_EQ(json::parse(input_of(transformed("<aws.events.event.json>"))), json::parse(input_of({})));
}

TEST(EventInput, RefusesBadPathsAndUnknownVariables) {
  EXPECT_FALSE(check_input({.input = "no json"}));
  EXPECT_FALSE(check_input({.path = "detail"}));
  EXPECT_FALSE(check_input({.path = "$.a[x]"}));
  EXPECT_FALSE(check_input({.path = "$."}));
  EXPECT_FALSE(check_input({.input = "1", .path = "$"}));
  EXPECT_FALSE(check_input({.template_ = "\"<unknown>\""}));
  EXPECT_FALSE(check_input({.template_ = "\"<a>\"", .paths = {{"a", "detail"}}}));
}

}  // namespace
}  // namespace berth::control
