// What the resource types say of values of the wrong kind, and how stack tags reach what they made.
#include <algorithm>

#include "base/text.h"
#include "cloudformation/stack_test_support.h"
#include "cloudformation/types/types.h"
#include "services/codebuild/rows.h"
#include "services/ec2/rows.h"
#include "services/ecr/rows.h"
#include "services/elbv2/rows.h"
#include "services/iam/rows.h"

namespace berth::cloudformation {
namespace {

class ResourceTypesTest : public StackTest {
 protected:
  void SetUp() override {
    StackTest::SetUp();
    cfn::types::add_all();
    test.context.principal.arn = test.settings.global_arn("iam", "root");
  }

  std::string problem_of(const std::string& type, const std::string& properties) {
    const auto checked = cfn::find_type(type)->check(json::parse(properties).as_object());
    return checked ? "" : checked.error().message;
  }

  std::map<std::string, std::string> policy_tags() {
    const auto* row = test.store.find<iam::PolicyRow>(physical_id("Policy"));
    std::map<std::string, std::string> tags;
    for (const auto& tag : row->tags) {
      if (!tag.key->starts_with("aws:")) tags[*tag.key] = *tag.value;
    }
    return tags;
  }
};

TEST_F(ResourceTypesTest, values_have_a_kind) {
  EXPECT_EQ(problem_of("AWS::ECS::Service", R"({"DesiredCount": "many"})"),
            "#/DesiredCount: expected type: Integer, found: String");
  EXPECT_EQ(problem_of("AWS::ECS::Service", R"({"DesiredCount": "2"})"), "");
  EXPECT_EQ(problem_of("AWS::ECS::Service", R"({"NetworkConfiguration": []})"),
            "#/NetworkConfiguration: expected type: JSONObject, found: JSONArray");
  EXPECT_EQ(problem_of("AWS::ECS::Cluster", R"({"ClusterSettings": {}})"),
            "#/ClusterSettings: expected type: JSONArray, found: JSONObject");
  EXPECT_EQ(problem_of("AWS::CloudWatch::Alarm", R"({"Threshold": [1]})"),
            "#/Threshold: expected type: Number, found: JSONArray");
  EXPECT_EQ(problem_of("AWS::ElasticLoadBalancingV2::LoadBalancer", R"({"Subnets": "subnet-1"})"),
            "#/Subnets: expected type: JSONArray, found: String");
  EXPECT_EQ(problem_of("AWS::IAM::Policy", R"({"PolicyName": "p", "PolicyDocument": ["x"]})"),
            "#/PolicyDocument: expected type: JSONObject, found: JSONArray");
  EXPECT_EQ(problem_of("AWS::SNS::Subscription",
                       R"({"TopicArn": "t", "Protocol": "email", "RawMessageDelivery": "maybe"})"),
            "#/RawMessageDelivery: expected type: Boolean, found: String");
}

TEST_F(ResourceTypesTest, scaling_policies_name_their_target) {
  constexpr const char* needs =
      "Either ScalingTargetId or all three of [ResourceId, ScalableDimension, ServiceNamespace] must be "
      "specified";
  const std::string head = R"({"PolicyName": "p", "PolicyType": "StepScaling")";
  EXPECT_EQ(problem_of("AWS::ApplicationAutoScaling::ScalingPolicy", head + "}"), needs);
  EXPECT_EQ(problem_of("AWS::ApplicationAutoScaling::ScalingPolicy", head + R"(, "ScalingTargetId": "x"})"),
            needs);
  EXPECT_EQ(problem_of("AWS::ApplicationAutoScaling::ScalingPolicy",
                       head + R"(, "ScalingTargetId": "service/c/s|ecs:service:DesiredCount|ecs"})"),
            "");
}

TEST_F(ResourceTypesTest, values_known_later_are_not_judged) {
  EXPECT_EQ(problem_of("AWS::ElasticLoadBalancingV2::LoadBalancer",
                       R"({"Subnets": "{{changeSet:KNOWN_AFTER_APPLY}}"})"),
            "");
  EXPECT_EQ(problem_of("AWS::ECS::Service", R"({"DesiredCount": "{{resolve:ssm:/count}}"})"), "");
}

TEST_F(ResourceTypesTest, errors_name_the_templates_property) {
  create(R"(
Resources:
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterSettings: [{Name: [containerInsights]}]}}
)");
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  std::string story;
  for (const auto& line : new_events()) story += line + "\n";
  EXPECT_NE(story.find("#/ClusterSettings/0/Name: expected type: String, found: JSONArray"),
            std::string::npos)
      << story;
}

TEST_F(ResourceTypesTest, managed_policies_follow_the_stacks_tags) {
  constexpr const char* body = R"(
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}
)";
  Tag team;
  team.key = "team";
  team.value = "red";
  CreateStackInput input;
  input.capabilities = {"CAPABILITY_IAM"};
  input.tags = {team};
  ASSERT_EQ(create(body, input), "");
  ASSERT_EQ(status(), "CREATE_COMPLETE");
  EXPECT_EQ(policy_tags(), (std::map<std::string, std::string>{{"team", "red"}}));
  UpdateStackInput change;
  change.capabilities = {"CAPABILITY_IAM"};
  team.key = "owner";
  change.tags = {team};
  ASSERT_EQ(update(body, change), "");
  ASSERT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(policy_tags(), (std::map<std::string, std::string>{{"owner", "red"}}));
}

TEST_F(ResourceTypesTest, repositories_keep_their_settings_and_their_images) {
  constexpr const char* body = R"(
Resources:
  Repository:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: %MUTABILITY%
      ImageScanningConfiguration: {ScanOnPush: true}
      RepositoryPolicyText: {Version: '2012-10-17', Statement: []}
      LifecyclePolicy: {LifecyclePolicyText: '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}'}
      Tags: [{Key: team, Value: red}]
Outputs:
  Uri: {Value: !GetAtt Repository.RepositoryUri}
)";
  ASSERT_EQ(create(replace_all(body, "%MUTABILITY%", "IMMUTABLE"), {}), "");
  ASSERT_EQ(status(), "CREATE_COMPLETE");
  const std::string name = physical_id("Repository");
  EXPECT_EQ(name, lower(name));
  const auto row = [&] { return *test.store.find<ecr::RepositoryRow>(name); };
  EXPECT_EQ(row().tag_mutability, "IMMUTABLE");
  EXPECT_TRUE(row().scan_on_push);
  EXPECT_EQ(row().policy, R"({"Version":"2012-10-17","Statement":[]})");
  EXPECT_TRUE(row().lifecycle_policy);
  ASSERT_EQ(update(R"(
Resources:
  Repository: {Type: AWS::ECR::Repository}
)",
                   {}),
            "");
  ASSERT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(physical_id("Repository"), name);
  EXPECT_EQ(row().tag_mutability, "MUTABLE");
  EXPECT_FALSE(row().scan_on_push);
  EXPECT_FALSE(row().policy);
  EXPECT_FALSE(row().lifecycle_policy);
  test.write([&] { test.store.put(ecr::ImageRow{name, "sha256:ab"}); });
  ASSERT_EQ(remove(), "");
  EXPECT_EQ(status(), "DELETE_FAILED");
}

TEST_F(ResourceTypesTest, ways_out_of_a_vpc_come_change_and_go) {
  constexpr const char* body = R"(
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  Gateway: {Type: AWS::EC2::InternetGateway}
  Attachment:
    Type: AWS::EC2::VPCGatewayAttachment
    Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}
  Address: {Type: AWS::EC2::EIP, DependsOn: Attachment, Properties: {Domain: vpc}}
  Nat:
    Type: AWS::EC2::NatGateway
    Properties:
      SubnetId: !Ref Subnet
      AllocationId: !GetAtt Address.AllocationId
      Tags: [{Key: team, Value: %TEAM%}]
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Route:
    Type: AWS::EC2::Route
    Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcId: !Ref Vpc
      ServiceName: !Sub com.amazonaws.${AWS::Region}.ecs
      VpcEndpointType: Interface
      PrivateDnsEnabled: %DNS%
      SubnetIds: [!Ref Subnet]
  Acl: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref Vpc}}
  Entry:
    Type: AWS::EC2::NetworkAclEntry
    Properties:
      NetworkAclId: !Ref Acl
      RuleNumber: 100
      Protocol: 6
      RuleAction: %ACTION%
      CidrBlock: 0.0.0.0/0
      PortRange: {From: 80, To: 80}
  Association:
    Type: AWS::EC2::SubnetNetworkAclAssociation
    Properties: {SubnetId: !Ref Subnet, NetworkAclId: !Ref Acl}
Outputs:
  PublicIp: {Value: !Ref Address}
)";
  const auto with = [&](const std::string& team, const std::string& dns, const std::string& action) {
    return replace_all(replace_all(replace_all(body, "%TEAM%", team), "%DNS%", dns), "%ACTION%", action);
  };
  ASSERT_EQ(create(with("red", "true", "allow"), {}), "");
  ASSERT_EQ(status(), "CREATE_COMPLETE");
  const std::string nat = physical_id("Nat"), endpoint = physical_id("Endpoint"), acl = physical_id("Acl");
  const auto nat_row = [&] { return *test.store.find<ec2::NatGatewayRow>(nat); };
  EXPECT_EQ(nat_row().description.nat_gateway_addresses->front().public_ip, physical_id("Address"));
  EXPECT_TRUE(*test.store.find<ec2::VpcEndpointRow>(endpoint)->description.private_dns_enabled);
  EXPECT_EQ(test.store.find<ec2::NetworkAclRow>(acl)->description.associations->size(), 1u);
  ASSERT_EQ(update(with("blue", "false", "deny"), {}), "");
  ASSERT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(physical_id("Nat"), nat);
  EXPECT_EQ(physical_id("Endpoint"), endpoint);
  EXPECT_FALSE(*test.store.find<ec2::VpcEndpointRow>(endpoint)->description.private_dns_enabled);
  EXPECT_EQ(test.store.find<ec2::NetworkAclRow>(acl)->description.entries->back().rule_action, "deny");
  const auto tags = *nat_row().description.tags;
  EXPECT_TRUE(std::any_of(tags.begin(), tags.end(),
                          [](const auto& tag) { return tag.key == "team" && tag.value == "blue"; }));
  ASSERT_EQ(remove(), "");
  EXPECT_TRUE(test.store.all<ec2::NatGatewayRow>().empty());
  EXPECT_TRUE(test.store.all<ec2::ElasticAddressRow>().empty());
  EXPECT_TRUE(test.store.all<ec2::VpcEndpointRow>().empty());
  EXPECT_TRUE(test.store.all<ec2::VpcRow>().empty());
}

TEST_F(ResourceTypesTest, build_projects_are_what_their_template_says) {
  constexpr const char* body = R"(
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}
  Project:
    Type: AWS::CodeBuild::Project
    Properties:
      %MORE%
      ServiceRole: !GetAtt Role.Arn
      Artifacts: {Type: NO_ARTIFACTS}
      Source: {Type: GITHUB, Location: 'https://example.com/app', BuildSpec: ci.yml}
      Environment:
        Type: LINUX_CONTAINER
        Image: aws/codebuild/standard:7.0
        ComputeType: BUILD_GENERAL1_SMALL
        PrivilegedMode: true
        EnvironmentVariables: [{Name: A, Value: '1'}]
      Tags: [{Key: team, Value: red}]
Outputs:
  Arn: {Value: !GetAtt Project.Arn}
)";
  CreateStackInput input;
  input.capabilities = {"CAPABILITY_IAM"};
  UpdateStackInput change;
  change.capabilities = {"CAPABILITY_IAM"};
  ASSERT_EQ(create(replace_all(body, "%MORE%", "TimeoutInMinutes: 15"), input), "");
  ASSERT_EQ(status(), "CREATE_COMPLETE");
  const std::string name = physical_id("Project");
  const auto project = [&] { return test.store.find<codebuild::ProjectRow>(name)->project; };
  EXPECT_EQ(project().timeout_in_minutes, 15);
  EXPECT_EQ(project().source->buildspec, "ci.yml");
  EXPECT_EQ(project().environment->privileged_mode, true);
  ASSERT_EQ(update(replace_all(body, "%MORE%", "Description: other"), change), "");
  ASSERT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(physical_id("Project"), name);
  EXPECT_EQ(project().timeout_in_minutes, 60);  // what is not said any more
  EXPECT_EQ(project().description, "other");
  ASSERT_EQ(remove(), "");
  EXPECT_FALSE(test.store.find<codebuild::ProjectRow>(name));
}

}  // namespace
}  // namespace berth::cloudformation
