#include "cloudformation/template/template.h"

#include "base/read_file.h"
#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

const std::string one_resource = "Resources:\n  B: {Type: AWS::SNS::Topic}\n";

std::string error_of(const std::string& text) {
  return message_of(parsed(text));
}

TEST(Template, reads_the_articles_template) {
  const std::string text = read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml");
  const Template out = good(text);
  EXPECT_EQ(out.description, "Creating ECS Service for Learning Purpose");
  ASSERT_EQ(out.parameters.size(), 11u);
  EXPECT_EQ(out.parameters[6].name, "ECSCluster");
  EXPECT_EQ(out.parameters[10].default_value, "<Provide Email Address>");
  ASSERT_EQ(out.resources.size(), 9u);
  EXPECT_EQ(out.resources[0].logical_id, "ECSLogGroup");
  EXPECT_EQ(out.resources[8].type, "AWS::CloudWatch::Alarm");
  const Resource* target = out.resource("AutoScalingTarget");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->depends_on, std::vector<std::string>{"ECSService"});
  EXPECT_EQ(target->deletion_policy, "Delete");
  const Resource* policy = out.resource("AutoScalingPolicy");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->properties.at("TargetTrackingScalingPolicyConfiguration").at("TargetValue"), "40.0");
}

TEST(Template, sections) {
  EXPECT_EQ(error_of("Description: x\n"),
            "Template format error: At least one Resources member must be defined.");
  EXPECT_EQ(error_of("Resources: {}\n"),
            "Template format error: At least one Resources member must be defined.");
  EXPECT_EQ(error_of("Foo: 1\nBar: 2\n" + one_resource),
            "Invalid template property or properties [Foo, Bar]");
  EXPECT_EQ(error_of("Hooks: {}\n" + one_resource), "Template format error: Hooks are not supported.");
  EXPECT_EQ(error_of("AWSTemplateFormatVersion: 2011-01-01\n" + one_resource),
            "Template format error: unsupported value for AWSTemplateFormatVersion.");
  EXPECT_EQ(error_of("Description: [a]\n" + one_resource),
            "Template format error: Every Description member must be a string.");
  EXPECT_EQ(error_of("Description: " + std::string(1025, 'x') + "\n" + one_resource),
            "Template format error: 'Description' length is greater than 1024.");
  EXPECT_EQ(error_of("Transform: AWS::Serverless-2016-10-31\n" + one_resource),
            "No transform named AWS::Serverless-2016-10-31 found.");
  EXPECT_TRUE(good("Transform: [AWS::LanguageExtensions]\n" + one_resource).uses_language_extensions());
}

TEST(Template, nulls) {
  EXPECT_EQ(error_of(one_resource + "Outputs:\n  O:\n    Value:\n"),
            "[/Outputs/O/Value] 'null' values are not allowed in templates");
  EXPECT_EQ(error_of("Resources:\n  A:\n    Type: T\n    Properties:\n      L: [a, ~]\n"),
            "[/Resources/A/Properties/L/1] 'null' values are not allowed in templates");
}

TEST(Template, resources) {
  const auto with = [](const std::string& body) { return error_of("Resources:\n  A: " + body + "\n"); };
  EXPECT_EQ(with("{Properties: {}}"),
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.");
  EXPECT_EQ(with("text"), "Template format error: Any Resources member must be an object.");
  EXPECT_EQ(with("{Type: T, P: 1}"), "Invalid template resource property 'P'");
  EXPECT_EQ(with("{Type: [T]}"), "Template format error: Every Type member must be a string.");
  EXPECT_EQ(with("{Type: T, DependsOn: {a: b}}"),
            "Template format error: DependsOn must be a string or list of strings.");
  EXPECT_EQ(with("{Type: T, Condition: [x]}"),
            "Template format error: Every Condition member must be a string.");
  EXPECT_EQ(with("{Type: T, DeletionPolicy: Keep}"),
            "Template format error: Unrecognized DeletionPolicy Keep for resource A");
  EXPECT_EQ(with("{Type: T, UpdateReplacePolicy: RetainExceptOnCreate}"),
            "Template format error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource A");
  EXPECT_EQ(with("{Type: T, DeletionPolicy: !Ref P}"),
            "Template format error: Every DeletionPolicy member must be a string.");
  EXPECT_EQ(with("{Type: T, Properties: [a]}"),
            "Template format error: [/Resources/A/Properties] Every Properties member must be an object.");
  EXPECT_EQ(with("{Type: T, UpdatePolicy: {}}"),
            "Template format error: UpdatePolicy is not supported for resource A");
  EXPECT_EQ(error_of("Resources:\n  my-topic: {Type: T}\n"),
            "Template format error: Resource name my-topic is non alphanumeric.");
  const Template out = good("Resources:\n  A: {Type: T, DependsOn: [B, C], DeletionPolicy: Retain}\n");
  EXPECT_EQ(out.resources[0].depends_on, (std::vector<std::string>{"B", "C"}));
  EXPECT_EQ(out.resources[0].deletion_policy, "Retain");
}

TEST(Template, too_many_resources) {
  std::string text = "Resources:\n";
  for (int i = 0; i <= 500; ++i) text += "  R" + std::to_string(i) + ": {Type: T}\n";
  EXPECT_EQ(error_of(text),
            "Template format error: Number of resources, 501, is greater than maximum allowed, 500");
}

TEST(Template, parameters) {
  const auto with = [](const std::string& body) {
    return error_of("Parameters:\n  P: " + body + "\n" + one_resource);
  };
  EXPECT_EQ(with("{Default: x}"),
            "Template format error: Every Parameters object must contain a Type member.");
  EXPECT_EQ(with("{Type: Strin}"), "Template format error: Unrecognized parameter type: Strin");
  EXPECT_EQ(with("{Type: AWS::SSM::Parameter::Value<SecureString>}"),
            "Template format error: Unrecognized parameter type: AWS::SSM::Parameter::Value<SecureString>");
  EXPECT_EQ(with("{Type: String, Foo: x}"), "Invalid template parameter property 'Foo'");
  EXPECT_EQ(with("{Type: String, Default: !Ref X}"),
            "Template format error: Every Default member must be a string.");
  EXPECT_EQ(with("{Type: String, MinLength: x}"),
            "Template format error: Every MinLength member must be a number.");
  for (const char* type :
       {"Number", "List<Number>", "CommaDelimitedList", "AWS::EC2::VPC::Id", "List<AWS::EC2::Subnet::Id>",
        "AWS::SSM::Parameter::Name", "AWS::SSM::Parameter::Value<List<String>>",
        "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"}) {
    EXPECT_EQ(with("{Type: '" + std::string(type) + "'}"), "") << type;
  }
  EXPECT_EQ(error_of("Parameters:\n  a_b: {Type: String}\n" + one_resource),
            "Template format error: Parameter name a_b is non alphanumeric.");
}

TEST(Template, outputs) {
  const auto with = [](const std::string& body) {
    return error_of(one_resource + "Outputs:\n  O: " + body + "\n");
  };
  EXPECT_EQ(with("{Description: x}"),
            "Template format error: Every Outputs member must contain a Value object");
  EXPECT_EQ(with("{Value: x, Foo: y}"), "Invalid template output property 'Foo'");
  EXPECT_EQ(with("{Value: x, Export: {}}"),
            "Template format error: Output O is malformed. The Export member must contain a Name.");
  const Template out = good(one_resource + "Outputs:\n  O: {Value: !Ref B, Export: {Name: n}}\n");
  EXPECT_EQ(out.outputs[0].export_name, "n");
}

TEST(Template, mappings) {
  const auto with = [](const std::string& body) {
    return error_of("Mappings:\n  M: " + body + "\n" + one_resource);
  };
  EXPECT_EQ(with("{a: {b: {c: d}}}"),
            "Template format error: Every Mappings attribute must be a String or a List.");
  EXPECT_EQ(with("{a: b}"), "Template format error: [/Mappings/M/a] Every Mappings attribute must be a map");
  EXPECT_EQ(
      with("{a: {b_c: d}}"),
      "Template format error: Mappings attribute name 'b_c' must contain only alphanumeric characters.");
  EXPECT_EQ(with("{us-east-1: {Ami: x, Zones: [a, b]}}"), "");
}

TEST(Template, types_of_parameters) {
  EXPECT_TRUE(is_list_type("CommaDelimitedList"));
  EXPECT_TRUE(is_list_type("AWS::SSM::Parameter::Value<List<String>>"));
  EXPECT_FALSE(is_list_type("AWS::SSM::Parameter::Value<String>"));
  EXPECT_EQ(ssm_value_type("AWS::SSM::Parameter::Value<List<String>>"), "List<String>");
  EXPECT_FALSE(ssm_value_type("AWS::SSM::Parameter::Name"));
}

}  // namespace
}  // namespace berth::cfn
