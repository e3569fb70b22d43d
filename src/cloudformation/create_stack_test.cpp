// Stacks are created in dependency order, with AWS's events, and rolled back when that fails.
#include "cloudformation/stack_test_support.h"

namespace berth::cloudformation {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* chain = R"(
Resources:
  B: {Type: Test::Thing, Properties: {Value: !Ref A}}
  A: {Type: Test::Thing, Properties: {Name: a}}
Outputs:
  Arn: {Value: !GetAtt A.Arn, Description: of A}
)";

TEST_F(StackTest, is_created_in_order_with_events) {
  EXPECT_EQ(create(chain), "");
  EXPECT_EQ(status(), "CREATE_COMPLETE");
  EXPECT_EQ(new_events(), (Lines{"learner CREATE_IN_PROGRESS: User Initiated", "A CREATE_IN_PROGRESS",
                                 "A CREATE_IN_PROGRESS: Resource creation Initiated", "A CREATE_COMPLETE",
                                 "B CREATE_IN_PROGRESS", "B CREATE_IN_PROGRESS: Resource creation Initiated",
                                 "B CREATE_COMPLETE", "learner CREATE_COMPLETE"}));
  EXPECT_EQ(value_of("B"), "a");
  ASSERT_EQ(stack().outputs.size(), 1u);
  EXPECT_EQ(stack().outputs[0].output_value, "arn:thing:a");
}

TEST_F(StackTest, creates_independent_resources_side_by_side) {
  create(R"(
Resources:
  A: {Type: Test::Thing, Properties: {Slow: yes}}
  B: {Type: Test::Thing, Properties: {Slow: yes}}
  C: {Type: Test::Thing, DependsOn: [A, B]}
)");
  EXPECT_EQ(resource("A")->status, "CREATE_IN_PROGRESS");
  EXPECT_EQ(resource("B")->status, "CREATE_IN_PROGRESS");
  EXPECT_EQ(resource("C"), nullptr);
  set_stable("B");
  EXPECT_EQ(resource("C"), nullptr);
  set_stable("A");
  EXPECT_EQ(status(), "CREATE_COMPLETE");
}

TEST_F(StackTest, event_ids_and_times_are_never_the_same) {
  create(chain);
  std::set<std::string> ids;
  Time last{};
  for (const auto* row : rows_of_stack<StackEventRow>(test.store, stack().id)) {
    EXPECT_TRUE(ids.insert(*row->event.event_id).second) << *row->event.event_id;
    EXPECT_LT(last, *row->event.timestamp);
    last = *row->event.timestamp;
  }
  const auto events = rows_of_stack<StackEventRow>(test.store, stack().id);
  EXPECT_EQ(events[1]->event.event_id, "A-CREATE_IN_PROGRESS-" + iso_ms(*events[1]->event.timestamp));
  EXPECT_EQ(events[1]->event.physical_resource_id, "");
  EXPECT_EQ(events[2]->event.physical_resource_id, "a");
  EXPECT_EQ(events[2]->event.resource_properties, R"({"Name":"a"})");
}

TEST_F(StackTest, rolls_back_what_it_created) {
  create(R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a}}
  B: {Type: Test::Thing, DependsOn: A, Properties: {Slow: yes}}
  C: {Type: Test::Thing, DependsOn: A, Properties: {Fail: create}}
  D: {Type: Test::Thing, DependsOn: C}
)");
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(things(), 0u);
  auto events = new_events();
  ASSERT_GT(events.size(), 8u);
  EXPECT_TRUE(
      matches_wildcard("C CREATE_FAILED: Resource handler returned message: \"no luck\" (RequestToken: "
                       "*-*-*-*-*, HandlerErrorCode: InvalidRequest)",
                       events[7]))
      << events[7];
  events.erase(events.begin(), events.begin() + 8);
  EXPECT_EQ(
      events,
      (Lines{"B CREATE_FAILED: Resource creation cancelled",
             "learner ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [B, C]. Rollback "
             "requested by user.",
             "B DELETE_IN_PROGRESS", "C DELETE_COMPLETE", "B DELETE_COMPLETE", "A DELETE_IN_PROGRESS",
             "A DELETE_COMPLETE", "learner ROLLBACK_COMPLETE"}));
  EXPECT_EQ(update(chain), "Stack:" + stack().id + " is in ROLLBACK_COMPLETE state and can not be updated.");
}

TEST_F(StackTest, keeps_what_it_created_when_asked_to) {
  CreateStackInput input;
  input.disable_rollback = true;
  create(R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a}}
  B: {Type: Test::Thing, Properties: {Fail: create}}
  C: {Type: Test::Thing, DependsOn: A}
)",
         input);
  EXPECT_EQ(status(), "CREATE_FAILED");
  EXPECT_EQ(stack().status_reason, "The following resource(s) failed to create: [B]. ");
  EXPECT_EQ(things(), 2u);
  RollbackStackInput rollback;
  rollback.stack_name = "learner";
  ASSERT_TRUE(test.call(rollback_stack, rollback));
  run();
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(things(), 0u);
}

TEST_F(StackTest, goes_when_its_creation_fails_and_it_was_asked_to) {
  CreateStackInput input;
  input.on_failure = "DELETE";
  create("Resources: {A: {Type: Test::Thing, Properties: {Fail: stable}}}", input);
  EXPECT_EQ(status(), "DELETE_COMPLETE");
  EXPECT_EQ(things(), 0u);
}

TEST_F(StackTest, refuses_bad_properties_before_anything_is_created) {
  create(R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a}}
  B: {Type: Test::Thing, DependsOn: A, Properties: {Colour: red}}
)");
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(
      new_events(),
      (Lines{
          "learner CREATE_IN_PROGRESS: User Initiated", "B CREATE_IN_PROGRESS",
          "B CREATE_FAILED: Properties validation failed for resource B with message:\n#: extraneous key "
          "[Colour] is not permitted",
          "learner ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [B]. Rollback requested "
          "by user.",
          "B DELETE_COMPLETE", "learner ROLLBACK_COMPLETE"}));
}

TEST_F(StackTest, gives_up_on_a_resource_that_never_settles) {
  create("Resources: {A: {Type: Test::Thing, Properties: {Slow: yes}}}");
  run(Duration::minutes(29));
  EXPECT_EQ(status(), "CREATE_IN_PROGRESS");
  run(Duration::minutes(2));
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  const auto events = new_events();
  EXPECT_TRUE(
      matches_wildcard("*\"Exceeded attempts to wait\" (*HandlerErrorCode: NotStabilized)", events[3]))
      << events[3];
}

TEST_F(StackTest, keeps_to_its_timeout) {
  CreateStackInput input;
  input.timeout_in_minutes = 5;
  create("Resources: {A: {Type: Test::Thing, Properties: {Slow: yes}}}", input);
  run(Duration::minutes(6));
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  auto events = new_events();
  EXPECT_EQ(events[3], "A CREATE_FAILED: Resource creation cancelled");
  EXPECT_EQ(events[4],
            "learner ROLLBACK_IN_PROGRESS: Stack creation time exceeded the specified timeout. Rollback "
            "requested by "
            "user.");
}

TEST_F(StackTest, fails_when_an_output_cannot_be_told) {
  create(R"(
Resources: {A: {Type: Test::Thing}}
Outputs: {Colour: {Value: !GetAtt A.Colour}}
)");
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(
      new_events()[4],
      "learner ROLLBACK_IN_PROGRESS: Template error: resource A does not support attribute type Colour in "
      "Fn::GetAtt. Rollback requested by user.");
}

TEST_F(StackTest, is_refused_as_aws_refuses_it) {
  EXPECT_EQ(create("Resources: {A: {Type: Test::Unknown}}"),
            "Template format error: Unrecognized resource types: [Test::Unknown]");
  CreateStackInput bad_name;
  bad_name.stack_name = "1st";
  EXPECT_EQ(create(chain, bad_name),
            "1 validation error detected: Value '1st' at 'stackName' failed to satisfy constraint: Member "
            "must satisfy "
            "regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*");
  EXPECT_EQ(test.store.all<StackRow>().size(), 0u);
  EXPECT_EQ(create(chain), "");
  EXPECT_EQ(create(chain), "Stack [learner] already exists");
}

TEST_F(StackTest, answers_a_repeated_request_with_the_same_stack) {
  CreateStackInput input;
  input.client_request_token = "once";
  EXPECT_EQ(create(chain, input), "");
  EXPECT_EQ(create(chain, input), "");
  EXPECT_EQ(test.store.all<StackRow>().size(), 1u);
}

TEST_F(StackTest, hides_secrets) {
  test.write([&] {
    ssm::ParameterRow parameter;
    parameter.name = "/secret";
    parameter.versions.emplace_back().value = "looked-up";
    parameter.versions.back().type = "SecureString";
    test.store.put(parameter);
  });
  CreateStackInput input;
  Parameter password;
  password.parameter_key = "Password";
  password.parameter_value = "hunter2";
  input.parameters = {password};
  create(R"(
Parameters: {Password: {Type: String, NoEcho: true}}
Resources:
  A: {Type: Test::Thing, Properties: {Value: !Ref Password, Secret: '{{resolve:ssm-secure:/secret}}'}}
)",
         input);
  EXPECT_EQ(status(), "CREATE_COMPLETE");
  EXPECT_EQ(value_of("A"), "hunter2");
  EXPECT_EQ(string_or(thing("A")->properties, "Secret"), "looked-up");
  for (const auto* row : rows_of_stack<StackEventRow>(test.store, stack().id)) {
    const std::string shown = row->event.resource_properties.value_or("");
    EXPECT_EQ(shown.find("hunter2"), std::string::npos);
    EXPECT_EQ(shown.find("looked-up"), std::string::npos);
  }
  DescribeStacksInput describe;
  describe.stack_name = "learner";
  const auto described = test.call(describe_stacks, describe);
  EXPECT_EQ(described->stacks->front().parameters->front().parameter_value, "****");
}

// Seen on AWS: the request is taken, then the stack rolls back.
TEST_F(StackTest, looks_for_the_resources_that_parameters_name) {
  constexpr const char* body = R"(
Parameters:
  Vpc: {Type: 'AWS::EC2::VPC::Id'}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>', Default: 'subnet-1, subnet-2'}
Resources:
  A: {Type: Test::Thing, Properties: {Name: !Ref Vpc}}
)";
  test.write([&] {
    for (const auto* id : {"subnet-1", "subnet-2"}) {
      ec2::SubnetRow row;
      row.id = id;
      test.store.put(row);
    }
    ec2::VpcRow row;
    row.id = "vpc-1";
    test.store.put(row);
  });
  const auto with = [](const char* vpc, const char* subnets) {
    std::vector<Parameter> parameters(2);
    parameters[0].parameter_key = "Vpc";
    parameters[0].parameter_value = vpc;
    parameters[1].parameter_key = "Subnets";
    parameters[1].parameter_value = subnets;
    return parameters;
  };
  CreateStackInput input;
  input.parameters = with("vpc-2", "subnet-1");
  EXPECT_EQ(create(body, input), "");
  EXPECT_EQ(new_events(),
            (Lines{"learner CREATE_IN_PROGRESS: User Initiated",
                   "learner ROLLBACK_IN_PROGRESS: Parameter validation failed: parameter value vpc-2 for "
                   "parameter name Vpc does not exist. Rollback requested by user.",
                   "learner ROLLBACK_COMPLETE"}));
  remove();
  seen_events.clear();
  input.parameters = with("", "subnet-1");
  create(body, input);
  const auto events = new_events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1],
            "learner ROLLBACK_IN_PROGRESS: Parameter validation failed: parameter value for parameter name "
            "Vpc does not exist. Rollback requested by user.");
  remove();
  input.parameters = with("vpc-1", "subnet-1, subnet-2");
  create(body, input);
  EXPECT_EQ(status(), "CREATE_COMPLETE");
  UpdateStackInput change;
  change.parameters = with("vpc-1", "subnet-1,subnet-3");
  EXPECT_EQ(update(std::string(body) + "  B: {Type: Test::Thing}\n", change), "");
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(things(), 1u);
}

}  // namespace
}  // namespace berth::cloudformation
