#include "study/outside.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cloudformation/template/template_reader.h"

namespace berth::study {
namespace {

Result<Outside> look_at(std::string_view text, const Values& given = {}) {
  const auto document = cfn::read_template(text);
  EXPECT_TRUE(document);
  const auto parsed = cfn::parse_template(*document);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return outside_of(*parsed, given);
}

const OutsideNeed* need_of(const Outside& outside, std::string_view parameter) {
  const auto found = std::find_if(outside.needs.begin(), outside.needs.end(),
                                  [&](const OutsideNeed& need) { return need.parameter == parameter; });
  return found == outside.needs.end() ? nullptr : &*found;
}

constexpr const char* service_template = R"(
Parameters:
  Nets: {Type: AWS::SSM::Parameter::Value<String>, Default: /net/subnets}
  Groups: {Type: 'List<AWS::EC2::SecurityGroup::Id>'}
  Front: {Type: String}
  Picture: {Type: AWS::SSM::Parameter::Value<String>}
  Name: {Type: String, Default: web}
  Where: {Type: String, Default: main}
  Mail: {Type: String, Default: <Your address>}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ExecutionRoleArn: !Sub 'arn:aws:iam::${AWS::AccountId}:role/${Name}-execution'
      TaskRoleArn: arn:aws:iam::123456789012:role/path/worker
      ContainerDefinitions: [{Name: !Ref Name, Image: !Ref Picture}]
  Service:
    Type: AWS::ECS::Service
    Properties:
      Cluster: !Ref Where
      TaskDefinition: !Ref Task
      LoadBalancers: [{ContainerName: !Ref Name, ContainerPort: 80, TargetGroupArn: !Ref Front}]
      NetworkConfiguration:
        AwsvpcConfiguration:
          Subnets: !Split [',', !Ref Nets]
          SecurityGroups: !Ref Groups
  Topic:
    Type: AWS::SNS::Topic
    Properties: {Subscription: [{Protocol: email, Endpoint: !Sub '${Mail}'}]}
)";

TEST(Outside, IsFoundByTypeAndByUse) {
  const auto outside = look_at(service_template);
  ASSERT_TRUE(outside) << outside.error().message;
  ASSERT_EQ(outside->needs.size(), 5u);
  EXPECT_EQ(need_of(*outside, "Nets")->kind, OutsideKind::subnets);
  EXPECT_EQ(need_of(*outside, "Nets")->ssm_name, "/net/subnets");
  EXPECT_EQ(need_of(*outside, "Groups")->kind, OutsideKind::security_group);
  EXPECT_EQ(need_of(*outside, "Groups")->ssm_name, "");
  EXPECT_EQ(need_of(*outside, "Front")->kind, OutsideKind::target_group);
  EXPECT_EQ(need_of(*outside, "Picture")->kind, OutsideKind::image);
  EXPECT_EQ(need_of(*outside, "Picture")->ssm_name, "/simulated/Picture");
  EXPECT_EQ(need_of(*outside, "Mail")->kind, OutsideKind::email);
  EXPECT_TRUE(outside->needs_network());
}

TEST(Outside, ClustersAndRolesAreNamed) {
  const auto outside = look_at(service_template, {{"Where", "other"}, {"Name", "api"}});
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside->clusters, std::vector<std::string>{"other"});
  EXPECT_EQ(outside->roles, (std::vector<std::string>{"api-execution", "worker"}));
}

TEST(Outside, WhatIsGivenIsNotMadeUp) {
  const auto outside = look_at(service_template, {{"Mail", "me@example.com"}, {"Front", "arn:of:mine"}});
  ASSERT_TRUE(outside);
  EXPECT_EQ(need_of(*outside, "Mail"), nullptr);
  EXPECT_EQ(need_of(*outside, "Front"), nullptr);
}

TEST(Outside, AClusterOfTheTemplateIsNotOutside) {
  const auto outside = look_at(R"(
Resources:
  Home: {Type: AWS::ECS::Cluster}
  Service: {Type: AWS::ECS::Service, Properties: {Cluster: !Ref Home}}
)");
  ASSERT_TRUE(outside);
  EXPECT_TRUE(outside->clusters.empty());
  EXPECT_FALSE(outside->needs_network());
  const auto unnamed = look_at("Resources: {Service: {Type: AWS::ECS::Service}}");
  ASSERT_TRUE(unnamed);
  EXPECT_EQ(unnamed->clusters, std::vector<std::string>{"default"});
}

TEST(Outside, AsksForWhatCannotBeGuessed) {
  constexpr const char* text = R"(
Parameters: {Depth: {Type: Number}}
Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Depth}}}
)";
  const auto outside = look_at(text);
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().message,
            "The template's parameter Depth has no value that could be guessed from its use: give --param "
            "Depth=VALUE");
  EXPECT_TRUE(look_at(text, {{"Depth", "3"}}));
  const auto unknown = look_at(text, {{"Depht", "3"}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "--param Depht: the template has no such parameter");
}

}  // namespace
}  // namespace berth::study
