#include "cloudformation/template/rules.h"

#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

std::string judged(const std::string& rules, const std::vector<ParameterInput>& inputs = {}) {
  const auto of = parsed(R"(
Parameters:
  Size: {Type: String, Default: small}
  Zones: {Type: CommaDelimitedList, Default: "a,b"}
Resources:
  Log: {Type: AWS::Logs::LogGroup}
Rules:
)" + rules);
  if (!of) return of.error().message;
  const auto parameters = resolve_parameters(*of, inputs, nullptr, no_ssm);
  if (!parameters) return parameters.error().message;
  return message_of(check_rules(*of, *parameters, {}));
}

TEST(Rules, AnAssertionThatDoesNotHoldRefusesTheStack) {
  const std::string rules = R"(
  KnownSize:
    Assertions:
      - Assert: {"Fn::Contains": [[small, large], !Ref Size]}
        AssertDescription: take small or large
)";
  EXPECT_EQ(judged(rules), "");
  EXPECT_EQ(judged(rules, {{.key = "Size", .value = "huge"}}), "Rule KnownSize failed: take small or large");
}

TEST(Rules, WhereTheConditionIsFalseNothingIsAsserted) {
  const std::string rules = R"(
  LargeInOneZone:
    RuleCondition: !Equals [!Ref Size, large]
    Assertions:
      - {Assert: {"Fn::EachMemberEquals": [!Ref Zones, a]}, AssertDescription: one zone}
)";
  EXPECT_EQ(judged(rules), "");
  EXPECT_EQ(judged(rules, {{.key = "Size", .value = "large"}}), "Rule LargeInOneZone failed: one zone");
  EXPECT_EQ(judged(rules, {{.key = "Size", .value = "large"}, {.key = "Zones", .value = "a,a"}}), "");
}

TEST(Rules, FunctionsNest) {
  EXPECT_EQ(judged(R"(
  All:
    Assertions:
      - Assert: !And
          - !Not [{"Fn::Contains": [["1", "2"], !Ref Size]}]
          - !Or [!Equals [!Ref Size, none], {"Fn::EachMemberIn": [!Ref Zones, [c, b, a]]}]
)"),
            "");
}

TEST(Rules, WhatIsNoRuleIsAFormatError) {
  EXPECT_EQ(judged("  A: {}\n"), "Template format error: The rule A must have a list of Assertions.");
  EXPECT_EQ(judged("  A: {Assertions: [{AssertDescription: x}]}\n"),
            "Template format error: Every Assertions member of the rule A must have an Assert.");
  EXPECT_EQ(judged("  A: {Assertions: [{Assert: {\"Fn::If\": [x, 1, 2]}}]}\n"),
            "Template format error: Rules can only be boolean operations on parameters, not Fn::If");
  EXPECT_EQ(judged("  A: {Assertions: [{Assert: !Equals [!Ref Log, x]}]}\n"),
            "Template format error: Unresolved dependencies [Log]. Cannot reference resources in the Rules block "
            "of the template");
}

}  // namespace
}  // namespace berth::cfn
