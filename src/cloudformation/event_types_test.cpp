// Rules of EventBridge, topic policies and instance profiles as stacks make, change and delete them.
#include "base/text.h"
#include "cloudformation/stack_test_support.h"
#include "cloudformation/types/types.h"
#include "services/events/rows.h"
#include "services/iam/rows.h"
#include "services/sns/rows.h"

namespace berth::cloudformation {
namespace {

class EventTypesTest : public StackTest {
 protected:
  void SetUp() override {
    StackTest::SetUp();
    cfn::types::add_all();
    test.context.principal.arn = test.settings.global_arn("iam", "root");
  }
};

constexpr const char* rule_body = R"(
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: 'sns:Publish'}]}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: %SCHEDULE%
      EventPattern: {source: [aws.ecs]}
      State: %STATE%
      Targets:
        - {Id: %ID%, Arn: !Ref Topic, InputPath: $.detail}
        - Id: task
          Arn: arn:aws:ecs:us-east-1:123456789012:cluster/default
          RoleArn: arn:aws:iam::123456789012:role/events
          EcsParameters:
            TaskDefinitionArn: learner
            TaskCount: '2'
            TagList: [{Key: team, Value: red}]
            NetworkConfiguration: {AwsVpcConfiguration: {Subnets: [subnet-1], AssignPublicIp: ENABLED}}
      Tags: [{Key: team, Value: %ID%}]
Outputs:
  Arn: {Value: !GetAtt Rule.Arn}
)";

std::string rule_with(const std::string& schedule, const std::string& state, const std::string& id) {
  return replace_all(replace_all(replace_all(rule_body, "%SCHEDULE%", schedule), "%STATE%", state), "%ID%",
                     id);
}

TEST_F(EventTypesTest, a_rule_follows_its_template) {
  ASSERT_EQ(create(rule_with("rate(5 minutes)", "ENABLED", "mail"), {}), "");
  ASSERT_EQ(status(), "CREATE_COMPLETE");
  const std::string name = physical_id("Rule"), topic = physical_id("Topic");
  const auto row = [&] { return *test.store.find<events::RuleRow>(name); };
  EXPECT_EQ(row().event_pattern, R"({"source":["aws.ecs"]})");
  ASSERT_EQ(row().targets.size(), 2u);
  const auto& parameters = *row().targets[1].ecs_parameters;
  EXPECT_EQ(*parameters.task_count, 2);
  EXPECT_EQ(*parameters.tags->front().value, "red");
  EXPECT_EQ(*parameters.network_configuration->awsvpc_configuration->assign_public_ip, "ENABLED");
  EXPECT_TRUE(test.store.find<sns::TopicRow>(topic)->attributes.contains("Policy"));

  ASSERT_EQ(update(rule_with("rate(1 hour)", "DISABLED", "letter"), {}), "");
  ASSERT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(physical_id("Rule"), name);
  EXPECT_FALSE(row().enabled);
  EXPECT_EQ(row().schedule_expression, "rate(1 hour)");
  std::vector<std::string> ids;
  for (const auto& target : row().targets) ids.push_back(*target.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"task", "letter"}));

  ASSERT_EQ(update(rule_with("rate(1 hours)", "ENABLED", "mail"), {}), "");
  ASSERT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_FALSE(row().enabled);
  EXPECT_EQ(row().targets.back().id, "letter");

  ASSERT_EQ(remove(), "");
  EXPECT_TRUE(test.store.all<events::RuleRow>().empty());
  EXPECT_TRUE(test.store.all<sns::TopicRow>().empty());
}

TEST_F(EventTypesTest, a_patterns_numbers_and_flags_are_told_from_texts) {
  ASSERT_EQ(create(R"(
Resources:
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        account: ['123456789012']
        detail:
          code: [1, {anything-but: 0}, {numeric: ['>', 5]}, {exists: false}]
          name: [web]
          $or: [{a: [2]}, {b: [{anything-but: [x, 3]}]}]
  Text: {Type: AWS::Events::Rule, Properties: {EventPattern: '{"a": ["1", {"exists": true}]}'}}
)",
                   {}),
            "");
  ASSERT_EQ(status(), "CREATE_COMPLETE");
  const auto pattern = [&](const char* id) {
    return json::parse(test.store.find<events::RuleRow>(physical_id(id))->event_pattern);
  };
  EXPECT_EQ(pattern("Rule"), json::parse(R"({"account": ["123456789012", 123456789012], "detail": {
      "code": ["1", {"anything-but": ["0", 0]}, {"numeric": [">", 5]}, {"exists": false}, 1],
      "name": ["web"],
      "$or": [{"a": ["2", 2]}, {"b": [{"anything-but": ["x", "3", 3]}]}]}})"));
  EXPECT_EQ(pattern("Text"), json::parse(R"({"a": ["1", {"exists": true}]})"));
}

TEST_F(EventTypesTest, a_target_without_its_members_is_refused) {
  ASSERT_EQ(create(R"(
Resources:
  Rule: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [{Arn: x}]}}
)",
                   {}),
            "");
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
}

TEST_F(EventTypesTest, an_instance_profile_holds_its_role) {
  constexpr const char* body = R"(
Resources:
  One: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}}}
  Two: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}}}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref %ROLE%]}}
Outputs:
  Arn: {Value: !GetAtt Profile.Arn}
)";
  CreateStackInput input;
  input.capabilities = {"CAPABILITY_IAM"};
  ASSERT_EQ(create(replace_all(body, "%ROLE%", "One"), input), "");
  ASSERT_EQ(status(), "CREATE_COMPLETE");
  const std::string name = physical_id("Profile");
  EXPECT_EQ(test.store.find<iam::InstanceProfileRow>(name)->role, physical_id("One"));
  UpdateStackInput change;
  change.capabilities = {"CAPABILITY_IAM"};
  ASSERT_EQ(update(replace_all(body, "%ROLE%", "Two"), change), "");
  ASSERT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(test.store.find<iam::InstanceProfileRow>(name)->role, physical_id("Two"));
  ASSERT_EQ(remove(), "");
  EXPECT_TRUE(test.store.all<iam::InstanceProfileRow>().empty());
  EXPECT_TRUE(test.store.all<iam::RoleRow>().empty());
}

}  // namespace
}  // namespace berth::cloudformation
