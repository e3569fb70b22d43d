#include "cloudformation/template/functions.h"

#include "base/read_file.h"
#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

Environment environment() {
  Environment out;
  out.account_id = "123456789012";
  out.region = "us-east-1";
  out.stack_name = "demo";
  out.stack_id = "arn:demo";
  out.notification_arns = {"arn:1", "arn:2"};
  out.ref = [](std::string_view id) -> Result<json::value> {
    return json::value(json::string("ref-" + std::string(id)));
  };
  out.attribute = [](std::string_view id, std::string_view attribute) -> Result<json::value> {
    if (attribute == "List") return json::value(json::array{"x", "y"});
    return json::value(json::string(std::string(id) + "/" + std::string(attribute)));
  };
  out.availability_zones = [](std::string_view region) {
    return std::vector<std::string>{std::string(region) + "a", std::string(region) + "b"};
  };
  out.exported_value = [](std::string_view name) -> std::optional<std::string> {
    if (name == "known") return "exported";
    return std::nullopt;
  };
  out.dynamic_reference = [](const DynamicReference& reference) -> Result<std::string> {
    if (reference.reference == "/bad") return Error{"ValidationError", "no such reference"};
    return reference.service + "<" + reference.reference + ">";
  };
  return out;
}

const std::string head = R"(Parameters:
  Env: {Type: String, Default: dev}
  Subnets: {Type: CommaDelimitedList, Default: "subnet-1, subnet-2"}
Mappings:
  RegionMap:
    us-east-1: {Ami: ami-east, Zones: [a, b]}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsDev, !Or [!Condition IsProd, !Condition IsDev]]
  East: !Equals [!FindInMap [RegionMap, !Ref AWS::Region, Ami], ami-east]
  Nested: !Equals [!If [IsProd, a, b], b]
)";

// Properties of resource R, as JSON, or the error.
std::string resolve(const std::string& text) {
  const auto of = parsed(text);
  if (!of) return of.error().message;
  const auto parameters = resolve_parameters(*of, {}, nullptr, no_ssm);
  if (!parameters) return parameters.error().message;
  const Environment around = environment();
  const auto conditions = evaluate_conditions(*of, *parameters, around);
  if (!conditions) return conditions.error().message;
  const Scope scope{*of, *parameters, *conditions, around};
  const auto properties = resolve_properties(*of->resource("R"), scope);
  return properties ? json::serialize(*properties) : properties.error().message;
}

std::string value_of(const std::string& expression) {
  const std::string out = resolve(
      head + "Resources:\n  Other: {Type: T}\n  R:\n    Type: T\n    Properties:\n      P: " + expression +
      "\n");
  if (!out.starts_with(R"({"P":)")) return out;
  return out.substr(5, out.size() - 6);
}

TEST(Functions, values) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"!If [IsProd, big, small]", R"("small")"},
      {"[a, !If [IsProd, b, !Ref AWS::NoValue], c]", R"(["a","c"])"},
      {"{Keep: 1, Drop: !If [IsProd, x, !Ref AWS::NoValue]}", R"({"Keep":"1"})"},
      {"!FindInMap [RegionMap, !Ref AWS::Region, Ami]", R"("ami-east")"},
      {"!FindInMap [RegionMap, us-east-1, Zones]", R"(["a","b"])"},
      {"!Select [1, !Ref Subnets]", R"("subnet-2")"},
      {"!Ref Subnets", R"(["subnet-1","subnet-2"])"},
      {"!Join ['|', !Ref Subnets]", R"("subnet-1|subnet-2")"},
      {"!Split [',', 'a,b,,c']", R"(["a","b","","c"])"},
      {"!Join ['', []]", R"("")"},
      {"!Base64 hello world", R"("aGVsbG8gd29ybGQ=")"},
      {"!Select [0, !GetAZs '']", R"("us-east-1a")"},
      {"!GetAZs {Ref: AWS::Region}", R"(["us-east-1a","us-east-1b"])"},
      {"!Cidr [192.168.0.0/24, 3, 5]", R"(["192.168.0.0/27","192.168.0.32/27","192.168.0.64/27"])"},
      {"!Cidr [10.0.7.9/16, '2', '8']", R"(["10.0.0.0/24","10.0.1.0/24"])"},
      {"!Cidr ['2600:1f18:abc:de00::/56', 2, 64]",
       R"(["2600:1f18:abc:de00::/64","2600:1f18:abc:de01::/64"])"},
      {"!Sub '${Env}-${!Env}-${Other}-${Other.Arn}-$x-${AWS::AccountId}'",
       R"("dev-${Env}-ref-Other-Other/Arn-$x-123456789012")"},
      {"!Sub ['${a}.${Env}', {a: !Ref Env}]", R"("dev.dev")"},
      {"!Ref Other", R"("ref-Other")"},
      {"!GetAtt Other.Endpoint.Address", R"("Other/Endpoint.Address")"},
      {"!GetAtt [Other, !Ref Env]", R"("Other/dev")"},
      {"!ImportValue known", R"("exported")"},
      {"!Ref AWS::NotificationARNs", R"(["arn:1","arn:2"])"},
      {"!Sub '${AWS::Partition} ${AWS::URLSuffix} ${AWS::StackName} ${AWS::StackId}'",
       R"("aws amazonaws.com demo arn:demo")"},
      {"'a{{resolve:ssm:/x:2}}b{{resolve:ssm-secure:/y}}'", R"("assm</x:2>bssm-secure</y>")"},
      {"!If [Both, !If [East, !If [Nested, yes, n], n], n]", R"("true")"},
      {"{Condition: {StringEquals: x}}", R"({"Condition":{"StringEquals":"x"}})"},
  };
  for (const auto& [expression, expected] : cases) EXPECT_EQ(value_of(expression), expected) << expression;
}

TEST(Functions, errors) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"!FindInMap [RegionMap, us-east-1, K]",
       "Template error: Unable to get mapping for RegionMap::us-east-1::K"},
      {"!FindInMap [Nope, a, b]",
       "Template error: Mapping named 'Nope' is not present in the 'Mappings' section of template."},
      {"!GetAtt Other",
       "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
       "resource "
       "attribute"},
      {"{Fn::GetAtt: [Other, '']}",
       "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
       "resource "
       "attribute"},
      {"!Select [3, [a, b]]", "Template error: Fn::Select cannot select nonexistent value at index 3"},
      {"!Split [',']",
       "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a "
       "string to be "
       "split or a function that returns a string to be split."},
      {"!Join [',', [[a]]]",
       "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list "
       "of strings "
       "to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."},
      {"!Sub '${Subnets}'",
       "Template error: variable Subnets in Fn::Sub expression does not resolve to a string"},
      {"!Sub '${a b}'",
       "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
       "underscores, "
       "periods, and colons"},
      {"!If [Nope, a, b]", "Template error: unresolved condition dependency Nope in Fn::If"},
      {"!ImportValue unknown", "No export named unknown found."},
      {"!Cidr [10.0.0.0/24, 9, 5]",
       "Template error: Fn::Cidr cannot fit 9 blocks with 5 CIDR bits in 10.0.0.0/24"},
      {"!Cidr [10.0.0/16, 1, 8]", "Template error: Fn::Cidr ipBlock 10.0.0/16 is not a valid CIDR block"},
      {"'{{resolve:ftp:x}}'",
       "Template error: Incorrect format is used in the following SSM reference: [{{resolve:ftp:x}}]"},
      {"'{{resolve:ssm:/bad}}'", "no such reference"},
      {"!Length [a]", "Template error: Fn::Length requires the transform AWS::LanguageExtensions"},
      {"!Transform {Name: AWS::Include}", "Template error: Fn::Transform is not supported here"},
  };
  for (const auto& [expression, expected] : cases) EXPECT_EQ(value_of(expression), expected) << expression;
}

TEST(Functions, condition_errors) {
  const auto with = [](const std::string& condition) {
    return resolve("Conditions:\n  C: " + condition + "\nResources:\n  R: {Type: T}\n");
  };
  EXPECT_EQ(with("!Equals [a]"),
            "Template error: every Fn::Equals object requires a list of 2 string parameters.");
  EXPECT_EQ(with("!Equals [a, [b]]"),
            "Template error: every Fn::Equals object requires a list of 2 string parameters.");
  EXPECT_EQ(with("!And [!Equals [a, a]]"),
            "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean "
            "parameters.");
  EXPECT_EQ(with("!Not [!Equals [a, a], !Equals [a, a]]"),
            "Template error: every Fn::Not object requires a list with exactly 1 boolean parameter.");
  EXPECT_EQ(
      with("text"),
      "Template format error: Conditions can only be boolean operations on parameters and other conditions");
  EXPECT_EQ(with("!Not [!Condition Nope]"),
            "Template error: unresolved condition dependency Nope in Condition");
  EXPECT_EQ(with("!Not [!Condition C]"),
            "Template format error: Circular dependency between conditions: [C]");
  EXPECT_EQ(with("!Equals [!Ref R, x]"),
            "Template format error: Unresolved dependencies [R]. Cannot reference resources in the "
            "Conditions block of "
            "the template");
}

TEST(Functions, a_long_chain_of_conditions_is_refused) {
  std::string text = "Conditions:\n";
  for (int i = 0; i < 1000; ++i) {
    text += "  C" + std::to_string(i) + ": !Not [!Condition C" + std::to_string(i + 1) + "]\n";
  }
  text += "  C1000: !Equals [a, a]\nResources:\n  R: {Type: T}\n";
  EXPECT_EQ(resolve(text), "Template format error: Conditions refer to one another more than 100 deep");
}

TEST(Functions, nested_subs_cannot_fill_the_memory) {
  std::string expression = "x";
  for (int i = 0; i < 30; ++i) {
    expression = "!Sub ['${a}${a}${a}${a}', {a: " + expression + "}]";
  }
  EXPECT_EQ(value_of(expression), "Template error: the evaluated value exceeds 16777216 bytes");
}

TEST(Functions, language_extensions) {
  const std::string text = "Transform: AWS::LanguageExtensions\n" + head +
                           "Resources:\n  R:\n    Type: T\n    Properties:\n"
                           "      A: !Length [a, b]\n"
                           "      B: !ToJsonString {x: !Ref Env, y: [!Ref AWS::NoValue, 1]}\n"
                           "      C: !FindInMap [RegionMap, nowhere, Ami, {DefaultValue: !Ref Env}]\n";
  EXPECT_EQ(resolve(text), R"({"A":"2","B":"{\"x\":\"dev\",\"y\":[\"1\"]}","C":"dev"})");
}

TEST(Functions, outputs) {
  const Template of = good(head +
                           "Resources:\n  R: {Type: T}\n"
                           "Outputs:\n  Url: {Value: !Sub 'http://${R.DNSName}', Description: d}\n"
                           "  Gone: {Value: x, Condition: IsProd}\n"
                           "  Shared: {Value: !Ref R, Export: {Name: !Sub '${AWS::StackName}-r'}}\n");
  const auto parameters = resolve_parameters(of, {}, nullptr, no_ssm);
  ASSERT_TRUE(parameters);
  const Environment around = environment();
  const auto conditions = evaluate_conditions(of, *parameters, around);
  ASSERT_TRUE(conditions) << message_of(conditions);
  const auto outputs = resolve_outputs({of, *parameters, *conditions, around});
  ASSERT_TRUE(outputs) << message_of(outputs);
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ((*outputs)[0].value, "http://R/DNSName");
  EXPECT_EQ((*outputs)[1].export_name, "demo-r");

  const Template bad = good("Resources:\n  R: {Type: T}\nOutputs:\n  O: {Value: !GetAtt R.List}\n");
  const Conditions none;
  EXPECT_EQ(message_of(resolve_outputs({bad, *parameters, none, around})),
            "Template format error: Output O is malformed. The Value field of every Outputs member must "
            "evaluate to a "
            "String.");
}

TEST(Functions, the_articles_template) {
  const Template of = good(read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml"));
  const auto ssm = [](std::string_view, std::string_view name) -> Result<std::string> {
    if (name == "/learner/public/subnetids") return std::string("subnet-1,subnet-2");
    return "value-of-" + std::string(name);
  };
  const auto parameters = resolve_parameters(of, {{"AlertEmail", "me@example.com", false}}, nullptr, ssm);
  ASSERT_TRUE(parameters) << message_of(parameters);
  const Environment around = environment();
  const Conditions conditions;
  const Scope scope{of, *parameters, conditions, around};
  const auto service = resolve_properties(*of.resource("ECSService"), scope);
  ASSERT_TRUE(service) << message_of(service);
  EXPECT_EQ(json::serialize(service->at("NetworkConfiguration")),
            R"({"AwsvpcConfiguration":{"AssignPublicIp":"ENABLED","Subnets":["subnet-1","subnet-2"],)"
            R"("SecurityGroups":["value-of-/learner/public/sgid"]}})");
  EXPECT_EQ(service->at("TaskDefinition"), "ref-TaskDefinition");
  EXPECT_EQ(service->at("DesiredCount"), "1");
  const auto task = resolve_properties(*of.resource("TaskDefinition"), scope);
  ASSERT_TRUE(task);
  EXPECT_EQ(task->at("TaskRoleArn"), "arn:aws:iam::123456789012:role/learner-ecs-task-exc-role");
}

}  // namespace
}  // namespace berth::cfn
