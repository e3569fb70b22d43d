#include "control/policy_evaluation.h"

#include <gtest/gtest.h>

#include "control/policy_condition.h"

namespace berth::control {
namespace {

const std::string service_arn = "arn:aws:ecs:us-east-1:123456789012:service/learner-cluster/learner";

json::value parsed(const std::string& text) {
  json::value value;
  JsonError error;
  EXPECT_TRUE(parse_json(text, value, error)) << error.message << " in " << text;
  return value;
}

// A document of one statement.
std::string statement(const std::string& effect, const std::string& rest) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":")" + effect + "\"," + rest + "}]}";
}

PolicyEffect effect(const std::vector<std::string>& documents, const PolicyRequest& request) {
  std::vector<json::value> values;
  for (const auto& document : documents) values.push_back(parsed(document));
  return evaluate_policies(values, request);
}

bool allowed(const std::string& rest, const std::string& action = "ecs:DescribeServices",
             const std::string& resource = service_arn) {
  return effect({statement("Allow", rest)}, {action, resource}) == PolicyEffect::allow;
}

TEST(PolicyEvaluationTest, WithoutAStatementNothingIsAllowed) {
  EXPECT_EQ(effect({}, {"ecs:ListClusters", "*"}), PolicyEffect::none);
  EXPECT_EQ(effect({R"({"Version":"2012-10-17"})", "[]", R"({"Statement":"x"})"}, {"ecs:ListClusters", "*"}),
            PolicyEffect::none);
  EXPECT_EQ(effect({statement("Permit", R"("Action":"*","Resource":"*")")}, {"ecs:ListClusters", "*"}),
            PolicyEffect::none);
}

TEST(PolicyEvaluationTest, ActionsMatchWithWildcardsInAnyCase) {
  EXPECT_TRUE(allowed(R"("Action":"ecs:DescribeServices","Resource":"*")"));
  EXPECT_TRUE(allowed(R"("Action":"ECS:describe*","Resource":"*")"));
  EXPECT_TRUE(allowed(R"("Action":["s3:*","ecs:?escribeServices"],"Resource":"*")"));
  EXPECT_TRUE(allowed(R"("Action":"*","Resource":"*")"));
  EXPECT_FALSE(allowed(R"("Action":"ecs:DescribeTasks","Resource":"*")"));
  EXPECT_FALSE(allowed(R"("Action":"ecs:Describe","Resource":"*")"));
  EXPECT_FALSE(allowed(R"("Action":[],"Resource":"*")"));
  EXPECT_FALSE(allowed(R"("Resource":"*")"));
}

TEST(PolicyEvaluationTest, NotActionMeansAllOthers) {
  EXPECT_TRUE(allowed(R"("NotAction":"iam:*","Resource":"*")"));
  EXPECT_FALSE(allowed(R"("NotAction":["iam:*","ecs:*"],"Resource":"*")"));
}

TEST(PolicyEvaluationTest, ResourcesMatchWithWildcardsAndCase) {
  EXPECT_TRUE(allowed(R"("Action":"*","Resource":"arn:aws:ecs:*:*:service/learner-cluster/*")"));
  EXPECT_TRUE(allowed(R"("Action":"*","Resource":["arn:aws:s3:::x","arn:aws:ecs:us-east-?:*"])"));
  EXPECT_FALSE(allowed(R"("Action":"*","Resource":"arn:aws:ecs:*:*:service/other/*")"));
  EXPECT_FALSE(allowed(R"("Action":"*","Resource":"arn:aws:ecs:*:*:service/Learner-Cluster/*")"));
  EXPECT_FALSE(allowed(R"("Action":"*")"));
  // What needs "*" is not allowed by an ARN.
  EXPECT_FALSE(allowed(R"("Action":"*","Resource":"arn:aws:ecs:*:*:cluster/x")", "ecs:ListClusters", "*"));
  EXPECT_TRUE(allowed(R"("Action":"*","NotResource":"arn:aws:ecs:*:*:service/other/*")"));
  EXPECT_FALSE(allowed(R"("Action":"*","NotResource":"arn:aws:ecs:*:*:service/*")"));
}

TEST(PolicyEvaluationTest, ADenyWinsWhereverItStands) {
  const auto allow = statement("Allow", R"("Action":"*","Resource":"*")");
  const auto deny = statement("Deny", R"("Action":"ecs:*","Resource":"*")");
  EXPECT_EQ(effect({allow, deny}, {"ecs:DescribeServices", service_arn}), PolicyEffect::deny);
  EXPECT_EQ(effect({deny, allow}, {"ecs:DescribeServices", service_arn}), PolicyEffect::deny);
  EXPECT_EQ(effect({deny, allow}, {"sns:Publish", "*"}), PolicyEffect::allow);
  EXPECT_EQ(effect({deny}, {"sns:Publish", "*"}), PolicyEffect::none);
}

TEST(PolicyEvaluationTest, OneStatementMayStandWithoutAnArray) {
  EXPECT_EQ(effect({R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}})"}, {"a:b", "*"}),
            PolicyEffect::allow);
}

// Keys and a Condition block -> whether it is met.
bool met(const std::string& conditions, decltype(PolicyRequest::keys) keys = {}) {
  return effect({statement("Allow", R"("Action":"*","Resource":"*","Condition":)" + conditions)},
                {"a:b", "*", std::move(keys)}) == PolicyEffect::allow;
}

TEST(PolicyEvaluationTest, Strings) {
  const decltype(PolicyRequest::keys) keys{{"aws:requestedregion", {"us-east-1"}}};
  EXPECT_TRUE(met(R"({"StringEquals":{"aws:RequestedRegion":"us-east-1"}})", keys));
  EXPECT_TRUE(met(R"({"StringEquals":{"AWS:requestedregion":["eu-west-1","us-east-1"]}})", keys));
  EXPECT_FALSE(met(R"({"StringEquals":{"aws:RequestedRegion":"us-east-*"}})", keys));
  EXPECT_FALSE(met(R"({"StringEquals":{"aws:RequestedRegion":"US-EAST-1"}})", keys));
  EXPECT_TRUE(met(R"({"StringEqualsIgnoreCase":{"aws:RequestedRegion":"US-EAST-1"}})", keys));
  EXPECT_TRUE(met(R"({"StringLike":{"aws:RequestedRegion":"us-*-?"}})", keys));
  EXPECT_FALSE(met(R"({"StringNotLike":{"aws:RequestedRegion":"us-*-?"}})", keys));
  EXPECT_FALSE(met(R"({"StringNotEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}})", keys));
  EXPECT_TRUE(met(R"({"StringNotEquals":{"aws:RequestedRegion":["us-east-2","eu-west-1"]}})", keys));
}

TEST(PolicyEvaluationTest, AnAbsentKeyMeetsOnlyWhatIsNegatedOrIfExists) {
  EXPECT_FALSE(met(R"({"StringEquals":{"ecs:cluster":"x"}})"));
  EXPECT_TRUE(met(R"({"StringNotEquals":{"ecs:cluster":"x"}})"));
  EXPECT_TRUE(met(R"({"StringEqualsIfExists":{"ecs:cluster":"x"}})"));
  EXPECT_FALSE(met(R"({"StringEqualsIfExists":{"ecs:cluster":"x"}})", {{"ecs:cluster", {"y"}}}));
  EXPECT_FALSE(met(R"({"NumericLessThan":{"n":"1"}})"));
  EXPECT_FALSE(met(R"({"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}})"));
  EXPECT_TRUE(met(R"({"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}})"));
  EXPECT_TRUE(met(R"({"Null":{"ecs:cluster":"true"}})"));
  EXPECT_FALSE(met(R"({"Null":{"ecs:cluster":false}})"));
  EXPECT_TRUE(met(R"({"Null":{"ecs:cluster":"false"}})", {{"ecs:cluster", {"x"}}}));
}

TEST(PolicyEvaluationTest, AllOperatorsAndKeysMustBeMet) {
  const decltype(PolicyRequest::keys) keys{{"a", {"1"}}, {"b", {"2"}}};
  EXPECT_TRUE(met(R"({"StringEquals":{"a":"1","b":"2"},"NumericLessThan":{"a":2}})", keys));
  EXPECT_FALSE(met(R"({"StringEquals":{"a":"1","b":"3"}})", keys));
  EXPECT_FALSE(met(R"({"StringEquals":{"a":"1"},"NumericLessThan":{"a":1}})", keys));
  EXPECT_FALSE(met(R"({"StringSomehow":{"a":"1"}})", keys));
  EXPECT_FALSE(met(R"("StringEquals")", keys));
  EXPECT_TRUE(met("{}", keys));
}

TEST(PolicyEvaluationTest, NumbersDatesAndBooleans) {
  const decltype(PolicyRequest::keys) keys{
      {"n", {"10"}}, {"aws:currenttime", {"2025-07-03T10:00:00Z"}}, {"aws:securetransport", {"false"}}};
  EXPECT_TRUE(met(R"({"NumericEquals":{"n":"10.0"}})", keys));
  EXPECT_TRUE(met(R"({"NumericLessThanEquals":{"n":10}})", keys));
  EXPECT_FALSE(met(R"({"NumericGreaterThan":{"n":"10"}})", keys));
  EXPECT_TRUE(met(R"({"NumericGreaterThanEquals":{"n":"9"}})", keys));
  EXPECT_FALSE(met(R"({"NumericNotEquals":{"n":"10"}})", keys));
  EXPECT_FALSE(met(R"({"NumericEquals":{"n":"ten"}})", keys));
  EXPECT_TRUE(met(R"({"DateGreaterThan":{"aws:CurrentTime":"2025-07-03T09:59:59Z"}})", keys));
  EXPECT_TRUE(met(R"({"DateLessThan":{"aws:CurrentTime":"2025-07-04"}})", keys));
  EXPECT_FALSE(met(R"({"DateLessThanEquals":{"aws:CurrentTime":"2025-07-03T09:59:59Z"}})", keys));
  EXPECT_TRUE(met(R"({"DateGreaterThanEquals":{"aws:CurrentTime":"1000"}})", keys));
  EXPECT_TRUE(met(R"({"Bool":{"aws:SecureTransport":"false"}})", keys));
  EXPECT_FALSE(met(R"({"Bool":{"aws:SecureTransport":true}})", keys));
}

TEST(PolicyEvaluationTest, AddressesAndArns) {
  const decltype(PolicyRequest::keys) keys{{"aws:sourceip", {"10.0.1.17"}},
                                           {"aws:principalarn", {"arn:aws:iam::123456789012:role/path/web"}}};
  EXPECT_TRUE(met(R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/16"}})", keys));
  EXPECT_TRUE(met(R"({"IpAddress":{"aws:SourceIp":["192.0.2.0/24","10.0.1.17"]}})", keys));
  EXPECT_FALSE(met(R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/24"}})", keys));
  EXPECT_FALSE(met(R"({"NotIpAddress":{"aws:SourceIp":"10.0.0.0/16"}})", keys));
  EXPECT_FALSE(met(R"({"IpAddress":{"aws:SourceIp":"nowhere/16"}})", keys));
  EXPECT_TRUE(met(R"({"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}})", keys));
  EXPECT_TRUE(met(R"({"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/path/w?b"}})", keys));
  EXPECT_FALSE(met(R"({"ArnLike":{"aws:PrincipalArn":"arn:*:role/path/web"}})", keys));
  EXPECT_FALSE(met(R"({"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}})", keys));
  EXPECT_TRUE(met(R"({"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}})", keys));
}

TEST(PolicyEvaluationTest, SetsOfValues) {
  const decltype(PolicyRequest::keys) keys{{"aws:tagkeys", {"team", "cost"}}};
  EXPECT_TRUE(met(R"({"ForAnyValue:StringEquals":{"aws:TagKeys":"team"}})", keys));
  EXPECT_FALSE(met(R"({"ForAllValues:StringEquals":{"aws:TagKeys":"team"}})", keys));
  EXPECT_TRUE(met(R"({"ForAllValues:StringEquals":{"aws:TagKeys":["team","cost","more"]}})", keys));
  EXPECT_TRUE(met(R"({"ForAnyValue:StringNotEquals":{"aws:TagKeys":"team"}})", keys));
  EXPECT_FALSE(met(R"({"StringNotEquals":{"aws:TagKeys":"team"}})", keys));
  EXPECT_TRUE(met(R"({"ForAllValues:StringEquals":{"aws:TagKeys":"team"}})"));
  EXPECT_FALSE(met(R"({"ForAnyValue:StringNotEquals":{"aws:TagKeys":"team"}})"));
}

TEST(PolicyEvaluationTest, Variables) {
  const auto document = statement("Allow", R"("Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*")");
  EXPECT_EQ(effect({document}, {"a:b", "arn:aws:s3:::b/ann/x", {{"aws:username", {"ann"}}}}),
            PolicyEffect::allow);
  EXPECT_EQ(effect({document}, {"a:b", "arn:aws:s3:::b/bob/x", {{"aws:username", {"ann"}}}}),
            PolicyEffect::none);
  EXPECT_EQ(effect({document}, {"a:b", "arn:aws:s3:::b/bob/x"}), PolicyEffect::none);
  // A value is never a pattern.
  EXPECT_EQ(effect({document}, {"a:b", "arn:aws:s3:::b/bob/x", {{"aws:username", {"*"}}}}),
            PolicyEffect::none);
  EXPECT_TRUE(met(R"({"StringLike":{"k":"a${*}b"}})", {{"k", {"a*b"}}}));
  EXPECT_FALSE(met(R"({"StringLike":{"k":"a${*}b"}})", {{"k", {"axb"}}}));
  EXPECT_TRUE(met(R"({"StringEquals":{"k":"a${*}${$}"}})", {{"k", {"a*$"}}}));
  EXPECT_TRUE(met(R"({"StringEquals":{"k":"${aws:PrincipalTag/team, 'none'}"}})", {{"k", {"none"}}}));
}

TEST(PolicyEvaluationTest, PatternsMatchAsOneWouldThink) {
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(matches_pattern("*ab", "aab"));
  EXPECT_FALSE(matches_pattern("a?", "a"));
  EXPECT_FALSE(matches_pattern("a", "ab"));
  EXPECT_FALSE(matches_pattern("ab", "a"));
}

PolicyEffect trust(const std::string& document, const PolicyPrincipal& principal) {
  return evaluate_trust(parsed(document), principal, {"sts:AssumeRole", "*"});
}

TEST(PolicyEvaluationTest, ATrustPolicyNamesWhoMayAssumeTheRole) {
  const auto of = [](const std::string& principal) {
    return statement("Allow", R"("Action":"sts:AssumeRole","Principal":)" + principal);
  };
  const PolicyPrincipal tasks{"", {}, "ecs-tasks.amazonaws.com"};
  const PolicyPrincipal role{
      "123456789012", {"arn:aws:sts::123456789012:assumed-role/web/s", "arn:aws:iam::123456789012:role/web"}};
  EXPECT_EQ(trust(of(R"({"Service":"ecs-tasks.amazonaws.com"})"), tasks), PolicyEffect::allow);
  EXPECT_EQ(trust(of(R"({"Service":["ec2.amazonaws.com","ecs-tasks.amazonaws.com"]})"), tasks),
            PolicyEffect::allow);
  EXPECT_EQ(trust(of(R"({"Service":"ec2.amazonaws.com"})"), tasks), PolicyEffect::none);
  EXPECT_EQ(trust(of(R"({"AWS":"*"})"), tasks), PolicyEffect::none);
  EXPECT_EQ(trust(of(R"("*")"), role), PolicyEffect::allow);
  EXPECT_EQ(trust(of(R"({"AWS":"arn:aws:iam::123456789012:root"})"), role), PolicyEffect::allow);
  EXPECT_EQ(trust(of(R"({"AWS":"123456789012"})"), role), PolicyEffect::allow);
  EXPECT_EQ(trust(of(R"({"AWS":["arn:aws:iam::123456789012:role/web"]})"), role), PolicyEffect::allow);
  EXPECT_EQ(trust(of(R"({"AWS":"arn:aws:iam::123456789012:role/other"})"), role), PolicyEffect::none);
  EXPECT_EQ(trust(of(R"({"AWS":"210987654321"})"), role), PolicyEffect::none);
  EXPECT_EQ(trust(of(R"({"Service":"ecs-tasks.amazonaws.com"})"), role), PolicyEffect::none);
  EXPECT_EQ(trust(statement("Deny", R"("Action":"*","Principal":"*")"), role), PolicyEffect::deny);
  EXPECT_EQ(trust(statement("Allow", R"("Action":"sts:TagSession","Principal":"*")"), role),
            PolicyEffect::none);
}

}  // namespace
}  // namespace berth::control
