#include "cloudformation/template/parameters.h"

#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

Template with_parameters(const std::string& body) {
  return good("Parameters:\n" + body + "Resources:\n  B: {Type: AWS::SNS::Topic}\n");
}

std::string check(const std::string& declaration, const std::string& value) {
  const Template of = with_parameters("  P: " + declaration + "\n");
  return message_of(resolve_parameters(of, {{"P", value, false}}, nullptr, no_ssm));
}

TEST(Parameters, missing_and_unknown) {
  const Template of =
      with_parameters("  A: {Type: String}\n  B: {Type: String}\n  C: {Type: String, Default: c}\n");
  EXPECT_EQ(message_of(resolve_parameters(of, {}, nullptr, no_ssm)), "Parameters: [A,B] must have values");
  EXPECT_EQ(message_of(resolve_parameters(of, {{"Z", "z", false}}, nullptr, no_ssm)),
            "Parameters: [Z] do not exist in the template");
  const auto values = resolve_parameters(of, {{"A", "1", false}, {"B", "", false}}, nullptr, no_ssm);
  ASSERT_TRUE(values) << message_of(values);
  ASSERT_EQ(values->size(), 3u);
  EXPECT_EQ(values->find("B")->value, "");
  EXPECT_EQ(values->find("C")->reference(), "c");
}

TEST(Parameters, constraints) {
  EXPECT_EQ(check("{Type: String, AllowedValues: [prod, dev]}", "dev"), "");
  EXPECT_EQ(check("{Type: String, AllowedValues: [prod, dev]}", "x"),
            "Parameter 'P' must be one of AllowedValues");
  EXPECT_EQ(check("{Type: String, AllowedPattern: '[a-z]+'}", "abc1"),
            "Parameter 'P' must match pattern [a-z]+");
  EXPECT_EQ(check("{Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: lower case only}", "A"),
            "Parameter P failed to satisfy constraint: lower case only");
  EXPECT_EQ(check("{Type: String, MinLength: 3}", "ab"), "Parameter 'P' must contain at least 3 characters");
  EXPECT_EQ(check("{Type: String, MaxLength: '4'}", "abcde"),
            "Parameter 'P' must contain at most 4 characters");
  EXPECT_EQ(check("{Type: Number}", "ten"), "Parameter 'P' must be a number");
  EXPECT_EQ(check("{Type: Number, MinValue: 1}", "0"), "Parameter 'P' must be a number not less than 1");
  EXPECT_EQ(check("{Type: Number, MaxValue: 2.5}", "3"),
            "Parameter 'P' must be a number not greater than 2.5");
  EXPECT_EQ(check("{Type: List<Number>}", "1, x"), "Parameter 'P' must be a number");
  EXPECT_EQ(check("{Type: CommaDelimitedList, AllowedValues: [a, b]}", "a, b"), "");
  EXPECT_EQ(check("{Type: CommaDelimitedList, AllowedValues: [a, b]}", "a,c"),
            "Parameter 'P' must be one of AllowedValues");
  EXPECT_EQ(check("{Type: String}", std::string(4097, 'x')),
            "Parameter 'P' must contain at most 4096 characters");
  EXPECT_EQ(check("{Type: String, AllowedPattern: '('}", "x"),
            "Template format error: Parameter 'P' has an invalid AllowedPattern");
}

TEST(Parameters, a_pattern_that_backtracks_for_ever_is_refused) {
  EXPECT_EQ(check("{Type: String, AllowedPattern: '(a+)+b'}", std::string(4000, 'a')),
            "Template format error: Parameter 'P' has an invalid AllowedPattern");
}

TEST(Parameters, lists) {
  const Template of = with_parameters("  L: {Type: CommaDelimitedList, Default: 'a, b,,c '}\n");
  const auto values = resolve_parameters(of, {}, nullptr, no_ssm);
  ASSERT_TRUE(values);
  EXPECT_EQ(json::serialize(values->find("L")->reference()), R"(["a","b","","c"])");
}

TEST(Parameters, previous_values) {
  const Template of = with_parameters("  A: {Type: String, Default: d}\n  B: {Type: String, Default: e}\n");
  const ParameterValues previous({{"A", "old", std::nullopt, false, false}});
  const auto values = resolve_parameters(of, {{"A", std::nullopt, true}}, &previous, no_ssm);
  ASSERT_TRUE(values) << message_of(values);
  EXPECT_EQ(values->find("A")->value, "old");
  EXPECT_EQ(values->find("B")->value, "e");
  EXPECT_EQ(message_of(resolve_parameters(of, {{"B", std::nullopt, true}}, &previous, no_ssm)),
            "Invalid input for parameter key B. Cannot specify usePreviousValue as true for a parameter key "
            "not in the "
            "previous template");
  EXPECT_EQ(
      message_of(resolve_parameters(of, {{"A", "x", true}}, &previous, no_ssm)),
      "Invalid input for parameter key A. Cannot specify usePreviousValue as true and non empty value for a "
      "parameter");
}

TEST(Parameters, from_ssm) {
  const Template of = with_parameters(
      "  S: {Type: AWS::SSM::Parameter::Value<String>, Default: /s}\n"
      "  L: {Type: AWS::SSM::Parameter::Value<List<String>>, Default: /l}\n"
      "  N: {Type: AWS::SSM::Parameter::Name, Default: /n}\n");
  const auto lookup = [](std::string_view type, std::string_view name) -> Result<std::string> {
    if (name == "/s" && type == "String") return std::string("a,b");
    if (name == "/l" && type == "List<String>") return std::string("a,b");
    return Error{"ParameterNotFound", ""};
  };
  const auto values = resolve_parameters(of, {}, nullptr, lookup);
  ASSERT_TRUE(values) << message_of(values);
  EXPECT_EQ(values->find("S")->value, "/s");
  EXPECT_EQ(values->find("S")->resolved, "a,b");
  EXPECT_EQ(values->find("S")->reference(), "a,b");
  EXPECT_EQ(json::serialize(values->find("L")->reference()), R"(["a","b"])");
  EXPECT_EQ(values->find("N")->reference(), "/n");
  EXPECT_EQ(message_of(resolve_parameters(of, {{"S", "/x", false}}, nullptr, lookup)),
            "Unable to fetch parameters [/x] from parameter store for this account.");
  const auto denied = [](std::string_view, std::string_view) -> Result<std::string> {
    return Error{"ValidationError", "no SecureString"};
  };
  EXPECT_EQ(message_of(resolve_parameters(of, {}, nullptr, denied)), "no SecureString");
}

TEST(Parameters, no_echo_is_masked) {
  const Template of = with_parameters("  P: {Type: String, NoEcho: true, Default: secret}\n");
  const auto values = resolve_parameters(of, {}, nullptr, no_ssm);
  ASSERT_TRUE(values);
  EXPECT_EQ(values->find("P")->shown_value(), "****");
  EXPECT_EQ(values->find("P")->reference(), "secret");
  EXPECT_FALSE(values->find("P")->shown_resolved_value());
}

}  // namespace
}  // namespace berth::cfn
