#include "control/event_pattern.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

bool matches(const char* pattern, const char* event) {
  const auto parsed = parse_event_pattern(pattern);
  EXPECT_TRUE(parsed) << pattern << ": " << (parsed ? "" : parsed.error().message);
  return parsed && matches_event(*parsed, json::parse(event));
}

TEST(EventPattern, EveryFieldMustHaveOneOfItsValues) {
  const char* pattern = R"({"source": ["aws.ecs", "my.app"], "detail": {"lastStatus": ["STOPPED"]}})";
  EXPECT_TRUE(matches(pattern, R"({"source": "aws.ecs", "detail": {"lastStatus": "STOPPED", "more": 1}})"));
  EXPECT_FALSE(matches(pattern, R"({"source": "aws.ecs", "detail": {"lastStatus": "RUNNING"}})"));
  EXPECT_FALSE(matches(pattern, R"({"source": "aws.ec2", "detail": {"lastStatus": "STOPPED"}})"));
  EXPECT_FALSE(matches(pattern, R"({"source": "aws.ecs"})"));
}

TEST(EventPattern, LiteralsOfEveryKind) {
  EXPECT_TRUE(matches(R"({"a": [null]})", R"({"a": null})"));
  EXPECT_FALSE(matches(R"({"a": [null]})", R"({})"));
  EXPECT_TRUE(matches(R"({"a": [""]})", R"({"a": ""})"));
  EXPECT_TRUE(matches(R"({"a": [true]})", R"({"a": true})"));
  EXPECT_TRUE(matches(R"({"a": [300]})", R"({"a": 300})"));
  EXPECT_FALSE(matches(R"({"a": [300]})", R"({"a": 300.0})"));
  EXPECT_FALSE(matches(R"({"a": ["300"]})", R"({"a": 300})"));
}

TEST(EventPattern, AnArrayMatchesByAnyOfItsElements) {
  EXPECT_TRUE(matches(R"({"resources": ["b", "c"]})", R"({"resources": ["a", "b"]})"));
  EXPECT_FALSE(matches(R"({"resources": ["c"]})", R"({"resources": ["a", "b"]})"));
}

TEST(EventPattern, ObjectsInAnArrayMatchAsWholes) {
  const char* pattern = R"({"containers": {"name": ["web"], "exitCode": [{"anything-but": 0}]}})";
  EXPECT_TRUE(matches(pattern,
                      R"({"containers": [{"name": "log", "exitCode": 0}, {"name": "web", "exitCode": 1}]})"));
  EXPECT_FALSE(matches(
      pattern, R"({"containers": [{"name": "log", "exitCode": 1}, {"name": "web", "exitCode": 0}]})"));
}

TEST(EventPattern, PrefixAndSuffix) {
  EXPECT_TRUE(matches(R"({"a": [{"prefix": "us-"}]})", R"({"a": "us-east-1"})"));
  EXPECT_FALSE(matches(R"({"a": [{"prefix": "us-"}]})", R"({"a": "eu-us-1"})"));
  EXPECT_TRUE(matches(R"({"a": [{"suffix": ".png"}]})", R"({"a": "x.png"})"));
  EXPECT_FALSE(matches(R"({"a": [{"suffix": ".png"}]})", R"({"a": "png"})"));
  EXPECT_TRUE(matches(R"({"a": [{"prefix": {"equals-ignore-case": "EVENTB"}}]})", R"({"a": "eventbridge"})"));
  EXPECT_TRUE(matches(R"({"a": [{"suffix": {"equals-ignore-case": ".PNG"}}]})", R"({"a": "x.pNg"})"));
}

TEST(EventPattern, AnythingBut) {
  EXPECT_TRUE(matches(R"({"a": [{"anything-but": "x"}]})", R"({"a": "y"})"));
  EXPECT_FALSE(matches(R"({"a": [{"anything-but": "x"}]})", R"({"a": "x"})"));
  EXPECT_FALSE(matches(R"({"a": [{"anything-but": "x"}]})", R"({})")) << "the field must be there";
  EXPECT_FALSE(matches(R"({"a": [{"anything-but": [1, 2]}]})", R"({"a": 2})"));
  EXPECT_FALSE(matches(R"({"a": [{"anything-but": {"prefix": "x"}}]})", R"({"a": "xy"})"));
  EXPECT_TRUE(matches(R"({"a": [{"anything-but": {"suffix": ["x", "z"]}}]})", R"({"a": "xy"})"));
  EXPECT_FALSE(matches(R"({"a": [{"anything-but": {"equals-ignore-case": ["X"]}}]})", R"({"a": "x"})"));
  EXPECT_FALSE(matches(R"({"a": [{"anything-but": {"wildcard": "*/lib/*"}}]})", R"({"a": "usr/lib/c"})"));
}

TEST(EventPattern, Numeric) {
  EXPECT_TRUE(matches(R"({"a": [{"numeric": [">", 0, "<=", 5]}]})", R"({"a": 5})"));
  EXPECT_FALSE(matches(R"({"a": [{"numeric": [">", 0, "<=", 5]}]})", R"({"a": 0})"));
  EXPECT_TRUE(matches(R"({"a": [{"numeric": ["=", 3.0e2]}]})", R"({"a": 300})"));
  EXPECT_FALSE(matches(R"({"a": [{"numeric": ["<", 10]}]})", R"({"a": "5"})"));
}

TEST(EventPattern, ExistsLooksAtLeavesOnly) {
  EXPECT_TRUE(matches(R"({"a": [{"exists": true}]})", R"({"a": null})"));
  EXPECT_FALSE(matches(R"({"a": [{"exists": true}]})", R"({"a": {"b": 1}})"));
  EXPECT_TRUE(matches(R"({"a": {"b": [{"exists": false}]}})", R"({})"));
  EXPECT_FALSE(matches(R"({"a": [{"exists": false}]})", R"({"a": 1})"));
}

TEST(EventPattern, Cidr) {
  EXPECT_TRUE(matches(R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "10.0.0.255"})"));
  EXPECT_FALSE(matches(R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "10.0.1.0"})"));
  EXPECT_FALSE(matches(R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "not an address"})"));
  EXPECT_TRUE(matches(R"({"a": [{"cidr": "2001:db8::/32"}]})", R"({"a": "2001:db8::7"})"));
  EXPECT_FALSE(matches(R"({"a": [{"cidr": "2001:db8::/32"}]})", R"({"a": "10.0.0.1"})"));
}

TEST(EventPattern, IgnoringCaseAndWildcards) {
  EXPECT_TRUE(matches(R"({"a": [{"equals-ignore-case": "alice"}]})", R"({"a": "ALICE"})"));
  EXPECT_TRUE(matches(R"({"a": [{"wildcard": "dir/*/file.*"}]})", R"({"a": "dir/x/y/file.txt"})"));
  EXPECT_TRUE(matches(R"({"a": [{"wildcard": "*"}]})", R"({"a": ""})"));
  EXPECT_FALSE(matches(R"({"a": [{"wildcard": "ab*ba"}]})", R"({"a": "aba"})"));
  EXPECT_TRUE(matches(R"({"a": [{"wildcard": "1\\*2*"}]})", R"({"a": "1*23"})"));
  EXPECT_FALSE(matches(R"({"a": [{"wildcard": "1\\*2*"}]})", R"({"a": "1x23"})"));
}

TEST(EventPattern, Or) {
  const char* pattern =
      R"({"source": ["s"], "detail": {"$or": [{"a": [1]}, {"b": [{"numeric": [">", 5]}]}]}})";
  EXPECT_TRUE(matches(pattern, R"({"source": "s", "detail": {"a": 1}})"));
  EXPECT_TRUE(matches(pattern, R"({"source": "s", "detail": {"b": 6}})"));
  EXPECT_FALSE(matches(pattern, R"({"source": "s", "detail": {"a": 2, "b": 5}})"));
  EXPECT_TRUE(matches(R"({"$or": ["x"]})", R"({"$or": "x"})")) << "a field of that name";
}

TEST(EventPattern, RefusesWhatIsNoPattern) {
  for (const char* text :
       {"", "[]", "{}", R"({"a": "x"})", R"({"a": []})", R"({"a": {}})", R"({"a": [["x"]]})",
        R"({"a": [{"prefix": 1}]})", R"({"a": [{"numeric": ["~", 1]}]})", R"({"a": [{"numeric": ["<"]}]})",
        R"({"a": [{"exists": "yes"}]})", R"({"a": [{"cidr": "10.0.0.0/33"}]})", R"({"a": [{"like": "x"}]})",
        R"({"a": [{"wildcard": "a**b"}]})", R"({"a": [{"prefix": "x", "suffix": "y"}]})",
        R"({"a": [{"anything-but": {"exists": true}}]})"}) {
    const auto parsed = parse_event_pattern(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "InvalidEventPatternException");
  }
}

}  // namespace
}  // namespace berth::control
