#include "gateway/authorizer.h"

#include <gtest/gtest.h>

#include "gateway/resource_arns.h"
#include "model/ec2.h"
#include "model/ecs.h"
#include "model/logs.h"
#include "model/sns.h"
#include "model/ssm.h"
#include "services/iam/rows.h"
#include "services/testing.h"

namespace berth::gateway {
namespace {

const std::string role_arn = "arn:aws:iam::123456789012:role/learner-ecs-task-exc-role";
const std::string session_arn = "arn:aws:sts::123456789012:assumed-role/learner-ecs-task-exc-role/0123";
const std::string service_arn = "arn:aws:ecs:us-east-1:123456789012:service/learner-cluster/learner";

std::string allow(const std::string& action, const std::string& resource, const std::string& more = "") {
  return R"({"Statement":[{"Effect":"Allow","Action":")" + action + R"(","Resource":")" + resource + "\"" +
         more + "}]}";
}

struct AuthorizerTest : testing::Test, protected services::HandlerTest {
  AuthorizerTest() {
    iam::add_tables(store);
    put_role({});
  }

  void put_role(std::map<std::string, std::string> inline_policies,
                std::vector<std::string> attached_policies = {}, const std::string& boundary = "") {
    write([&] {
      iam::RoleRow role;
      role.name = "learner-ecs-task-exc-role";
      role.arn = role_arn;
      role.inline_policies = std::move(inline_policies);
      role.attached_policies = std::move(attached_policies);
      role.permissions_boundary = boundary;
      store.put(role);
    });
  }

  template <class Input>
  Result<> check(const model::Service& service, const char* operation, const Input& input,
                 wire::Protocol protocol = wire::Protocol::json_1_1) {
    return Authorizer(store, loop, settings)
        .check(caller, "10.0.1.17:4711", service, *service.find_operation(operation), &input, protocol);
  }
  Result<> describe_service() {
    ecs::DescribeServicesRequest input;
    input.cluster = "learner-cluster";
    input.services = std::vector<std::string>{"learner"};
    return check(ecs::service(), "DescribeServices", input);
  }

  Principal caller{session_arn, "AROA1:0123", "ASIA1", role_arn};
};

TEST_F(AuthorizerTest, ARoleMayNothingUntilAPolicySaysSo) {
  const auto refused = describe_service();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "AccessDeniedException");
  EXPECT_EQ(refused.error().status, 400);
  EXPECT_EQ(refused.error().message,
            "User: " + session_arn + " is not authorized to perform: ecs:DescribeServices on resource: " +
                service_arn + " because no identity-based policy allows the ecs:DescribeServices action");
  put_role({{"own", allow("ecs:DescribeServices", "arn:aws:ecs:*:*:service/learner-cluster/*")}});
  EXPECT_TRUE(describe_service());
  put_role({{"own", allow("ecs:DescribeServices", "arn:aws:ecs:*:*:service/other/*")}});
  EXPECT_FALSE(describe_service());
}

TEST_F(AuthorizerTest, TheRootMayAll) {
  caller = {"arn:aws:iam::123456789012:root", "123456789012", "AKIA1", ""};
  EXPECT_TRUE(describe_service());
}

TEST_F(AuthorizerTest, ADeletedRoleMayNothing) {
  put_role({{"own", allow("*", "*")}});
  EXPECT_TRUE(describe_service());
  write([&] { store.erase<iam::RoleRow>("learner-ecs-task-exc-role"); });
  EXPECT_FALSE(describe_service());
}

TEST_F(AuthorizerTest, ADenyAndABoundaryAreNamed) {
  const std::string deny = R"({"Statement":{"Effect":"Deny","Action":"ecs:*","Resource":"*"}})";
  put_role({{"a", allow("*", "*")}, {"b", deny}});
  EXPECT_TRUE(
      describe_service().error().message.ends_with("with an explicit deny in an identity-based policy"));
  put_role({{"a", allow("*", "*")}}, {}, "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess");
  EXPECT_TRUE(describe_service().error().message.ends_with(
      "because no permissions boundary allows the ecs:DescribeServices action"));
}

TEST_F(AuthorizerTest, AttachedPoliciesCount) {
  put_role({}, {"arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"});
  logs::PutLogEventsRequest put;
  put.log_group_name = "/ecs/x";
  put.log_stream_name = "s";
  EXPECT_TRUE(check(logs::service(), "PutLogEvents", put));
  EXPECT_FALSE(describe_service());
  put_role({}, {"arn:aws:iam::aws:policy/ReadOnlyAccess"});
  EXPECT_TRUE(describe_service());
  EXPECT_FALSE(check(logs::service(), "PutLogEvents", put));
  put_role({}, {"arn:aws:iam::aws:policy/NobodyKnowsIt"});
  EXPECT_FALSE(describe_service());
  write([&] {
    iam::PolicyRow policy;
    policy.arn = "arn:aws:iam::123456789012:policy/own";
    policy.default_version = "v2";
    policy.versions = {{"v1", allow("*", "*"), {}}, {"v2", allow("ecs:Describe*", "*"), {}}};
    store.put(policy);
  });
  put_role({}, {"arn:aws:iam::123456789012:policy/own"});
  EXPECT_TRUE(describe_service());
  EXPECT_FALSE(check(logs::service(), "PutLogEvents", put));
}

TEST_F(AuthorizerTest, EveryResourceOfTheCallMustBeAllowed) {
  put_role({{"own", allow("ssm:GetParameters", "arn:aws:ssm:*:*:parameter/learner/*")}});
  ssm::GetParametersRequest input;
  input.names = std::vector<std::string>{"/learner/a", "/learner/b"};
  EXPECT_TRUE(check(ssm::service(), "GetParameters", input));
  input.names->push_back("/other");
  const auto refused = check(ssm::service(), "GetParameters", input);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("arn:aws:ssm:us-east-1:123456789012:parameter/other "),
            std::string::npos);
}

TEST_F(AuthorizerTest, ConditionsSeeTheRequest) {
  const auto with = [&](const std::string& condition) {
    put_role({{"own", allow("ecs:DescribeServices", "*", R"(,"Condition":)" + condition)}});
    return describe_service().has_value();
  };
  EXPECT_TRUE(
      with(R"({"ArnEquals":{"ecs:cluster":"arn:aws:ecs:us-east-1:123456789012:cluster/learner-cluster"}})"));
  EXPECT_FALSE(with(R"({"ArnEquals":{"ecs:cluster":"arn:aws:ecs:us-east-1:123456789012:cluster/other"}})"));
  EXPECT_TRUE(with(
      R"({"IpAddress":{"aws:SourceIp":"10.0.1.17"},"StringEquals":{"aws:RequestedRegion":"us-east-1"}})"));
  EXPECT_FALSE(with(R"({"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}})"));
  EXPECT_TRUE(with(R"({"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/learner-*"}})"));
}

TEST_F(AuthorizerTest, EachProtocolHasItsCode) {
  const auto ec2 = check(ec2::service(), "DescribeVpcs", ec2::DescribeVpcsRequest{}, wire::Protocol::ec2);
  EXPECT_EQ(ec2.error().code, "UnauthorizedOperation");
  EXPECT_EQ(ec2.error().message, "You are not authorized to perform this operation. User: " + session_arn +
                                     " is not authorized to perform: ec2:DescribeVpcs because no "
                                     "identity-based policy allows the ec2:DescribeVpcs action");
  sns::ListTopicsInput topics;
  EXPECT_EQ(check(sns::service(), "ListTopics", topics, wire::Protocol::query).error().code,
            "AuthorizationError");
}

TEST_F(AuthorizerTest, HandingOverARoleNeedsPassRole) {
  put_role({{"own", allow("ecs:*", "*")}});
  ecs::RegisterTaskDefinitionRequest input;
  EXPECT_TRUE(check(ecs::service(), "RegisterTaskDefinition", input));
  input.task_role_arn = role_arn;
  const auto refused = check(ecs::service(), "RegisterTaskDefinition", input);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("iam:PassRole on resource: " + role_arn), std::string::npos);
}

TEST_F(AuthorizerTest, ResourcesAreReadFromTheInput) {
  const auto resources = [&](const model::Service& service, const char* operation, const auto& input) {
    std::vector<std::string> out;
    for (const auto& one :
         needed_permissions(settings, service, *service.find_operation(operation), &input)) {
      out.push_back(one.resource);
    }
    return out;
  };
  using List = std::vector<std::string>;
  ecs::DescribeServicesRequest services;
  services.services = List{"a", service_arn};
  EXPECT_EQ(resources(ecs::service(), "DescribeServices", services),
            (List{"arn:aws:ecs:us-east-1:123456789012:service/default/a", service_arn}));
  services.cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/c";
  services.services = List{"a"};
  EXPECT_EQ(resources(ecs::service(), "DescribeServices", services),
            (List{"arn:aws:ecs:us-east-1:123456789012:service/c/a"}));
  EXPECT_EQ(resources(ecs::service(), "ListClusters", ecs::ListClustersRequest{}), List{"*"});
  ssm::GetParameterRequest parameter;
  parameter.name = "/learner/x";
  EXPECT_EQ(resources(ssm::service(), "GetParameter", parameter),
            List{"arn:aws:ssm:us-east-1:123456789012:parameter/learner/x"});
  sns::PublishInput publish;
  publish.topic_arn = "arn:aws:sns:us-east-1:123456789012:t";
  EXPECT_EQ(resources(sns::service(), "Publish", publish), List{"arn:aws:sns:us-east-1:123456789012:t"});
}

}  // namespace
}  // namespace berth::gateway
