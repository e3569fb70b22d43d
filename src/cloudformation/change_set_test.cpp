// The way of `aws cloudformation deploy`: a change set is made, looked at and executed.
#include "cloudformation/stack_test_support.h"

namespace berth::cloudformation {
namespace {

constexpr const char* first = R"(
Parameters:
  Size: {Type: String, Default: small}
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /image}
Resources:
  A: {Type: Test::Thing, Properties: {Name: a, Value: !Ref Size}}
  B: {Type: Test::Thing, Properties: {Name: !Ref Image, Value: !Ref A}}
)";

class ChangeSetTest : public StackTest {
 protected:
  void SetUp() override {
    StackTest::SetUp();
    put_parameter("v1");
  }

  void put_parameter(const std::string& value) {
    test.write([&] {
      ssm::ParameterRow parameter;
      parameter.name = "/image";
      parameter.versions.emplace_back().value = value;
      parameter.versions.back().type = "String";
      test.store.put(parameter);
    });
  }

  static CreateChangeSetInput input(const char* type, const std::string& body) {
    CreateChangeSetInput out;
    out.stack_name = "learner";
    out.change_set_name = "changes";
    out.change_set_type = type;
    out.template_body = body;
    return out;
  }

  DescribeChangeSetOutput described(bool with_values = false) {
    DescribeChangeSetInput in;
    in.stack_name = "learner";
    in.change_set_name = "changes";
    in.include_property_values = with_values;
    auto out = test.call(describe_change_set, in);
    EXPECT_TRUE(out) << out.error().message;
    return out ? *out : DescribeChangeSetOutput{};
  }

  std::string execute() {
    ExecuteChangeSetInput in;
    in.stack_name = "learner";
    in.change_set_name = "changes";
    auto done = test.call(execute_change_set, in);
    run();
    return done ? "" : done.error().message;
  }

  void deploy_first() {
    ASSERT_TRUE(test.call(create_change_set, input("CREATE", first)));
    ASSERT_EQ(execute(), "");
    ASSERT_EQ(status(), "CREATE_COMPLETE");
  }
};

TEST_F(ChangeSetTest, creates_a_stack) {
  ASSERT_TRUE(test.call(create_change_set, input("CREATE", first)));
  EXPECT_EQ(status(), "REVIEW_IN_PROGRESS");
  EXPECT_EQ(new_events(), (std::vector<std::string>{"learner REVIEW_IN_PROGRESS: User Initiated"}));
  const auto set = described();
  EXPECT_EQ(set.status, "CREATE_COMPLETE");
  EXPECT_EQ(set.execution_status, "AVAILABLE");
  ASSERT_EQ(set.changes->size(), 2u);
  const auto& change = *set.changes->front().resource_change;
  EXPECT_EQ(change.action, "Add");
  EXPECT_EQ(change.logical_resource_id, "A");
  EXPECT_EQ(change.resource_type, "Test::Thing");
  EXPECT_EQ(set.parameters->at(1).parameter_value, "/image");
  EXPECT_EQ(set.parameters->at(1).resolved_value, "v1");
  EXPECT_EQ(things(), 0u);
  EXPECT_EQ(execute(), "");
  EXPECT_EQ(status(), "CREATE_COMPLETE");
  EXPECT_EQ(physical_id("B"), "v1");
  const auto again = test.call(create_change_set, input("CREATE", first));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message,
            "Stack [learner] already exists and cannot be created again with the changeSet [changes].");
}

TEST_F(ChangeSetTest, without_changes_fails) {
  deploy_first();
  const auto made = test.call(create_change_set, input("UPDATE", first));
  ASSERT_TRUE(made) << made.error().message;
  const auto set = described();
  EXPECT_EQ(set.status, "FAILED");
  EXPECT_EQ(set.execution_status, "UNAVAILABLE");
  EXPECT_EQ(set.status_reason,
            "The submitted information didn't contain changes. Submit different information to create a "
            "change set.");
  EXPECT_TRUE(set.changes->empty());
  EXPECT_EQ(execute(), "ChangeSet [" + *made->id + "] cannot be executed in its current status of [FAILED]");
}

TEST_F(ChangeSetTest, tells_what_would_change) {
  deploy_first();
  put_parameter("v2");  // a changed SSM value alone is a change
  auto in = input("UPDATE", replace_all(first, "Value: !Ref Size", "Value: large"));
  ASSERT_TRUE(test.call(create_change_set, in));
  const auto set = described(true);
  ASSERT_EQ(set.status, "CREATE_COMPLETE") << *set.status_reason;
  ASSERT_EQ(set.changes->size(), 2u);
  const auto& a = *set.changes->at(0).resource_change;
  EXPECT_EQ(a.action, "Modify");
  EXPECT_EQ(a.physical_resource_id, "a");
  EXPECT_EQ(a.replacement, "False");
  EXPECT_EQ(a.scope, (std::vector<std::string>{"Properties"}));
  ASSERT_EQ(a.details->size(), 1u);
  const auto& detail = a.details->front();
  EXPECT_EQ(detail.target->name, "Value");
  EXPECT_EQ(detail.target->requires_recreation, "Never");
  EXPECT_EQ(detail.target->before_value, "small");
  EXPECT_EQ(detail.target->after_value, "large");
  EXPECT_EQ(detail.change_source, "DirectModification");
  const auto& b = *set.changes->at(1).resource_change;
  EXPECT_EQ(b.replacement, "True");
  EXPECT_EQ(b.policy_action, "ReplaceAndDelete");
  EXPECT_EQ(b.details->front().causing_entity, "Image");
  EXPECT_FALSE(described().changes->front().resource_change->details->front().target->before_value);
  EXPECT_EQ(execute(), "");
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(physical_id("B"), "v2");
  EXPECT_EQ(value_of("A"), "large");
  EXPECT_TRUE(test.call(list_change_sets, {.stack_name = "learner"})->summaries->empty());
}

TEST_F(ChangeSetTest, fails_without_its_ssm_parameter) {
  test.write([&] { test.store.erase<ssm::ParameterRow>("/image"); });
  ASSERT_TRUE(test.call(create_change_set, input("CREATE", first)));
  const auto set = described();
  EXPECT_EQ(set.status, "FAILED");
  EXPECT_EQ(set.status_reason, "Unable to fetch parameters [/image] from parameter store for this account.");
  CreateStackInput create_input;
  create_input.stack_name = "other";
  EXPECT_EQ(create(first, create_input),
            "Unable to fetch parameters [/image] from parameter store for this account.");
}

TEST_F(ChangeSetTest, is_refused_where_the_request_is_wrong) {
  EXPECT_EQ(test.message_of(create_change_set, input("UPDATE", first)), "Stack [learner] does not exist");
  EXPECT_EQ(test.message_of(create_change_set, input("CREATE", "Resources: {A: {Type: Test::Unknown}}")),
            "Template format error: Unrecognized resource types: [Test::Unknown]");
  auto by_url = input("CREATE", first);
  by_url.template_body.reset();
  by_url.template_url = "https://bucket/template";
  EXPECT_EQ(test.message_of(create_change_set, by_url),
            "Domain name specified in bucket is not a valid S3 domain");
  EXPECT_EQ(test.store.all<StackRow>().size(), 0u);  // and nothing is left of it
  EXPECT_EQ(test.message_of(describe_change_set, {.change_set_name = "changes", .stack_name = "learner"}),
            "Stack [learner] does not exist");
}

TEST_F(ChangeSetTest, can_be_deleted_and_so_can_a_stack_in_review) {
  ASSERT_TRUE(test.call(create_change_set, input("CREATE", first)));
  ASSERT_TRUE(test.call(delete_change_set, {.change_set_name = "changes", .stack_name = "learner"}));
  EXPECT_EQ(test.message_of(describe_change_set, {.change_set_name = "changes", .stack_name = "learner"}),
            "ChangeSet [changes] does not exist");
  EXPECT_EQ(status(), "REVIEW_IN_PROGRESS");
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(status(), "DELETE_COMPLETE");
}

TEST_F(ChangeSetTest, fails_when_a_parameter_names_no_resource) {
  auto in = input("CREATE", std::string(first) + R"(
  C: {Type: Test::Thing, Properties: {Name: !Ref Group}}
)");
  in.template_body->insert(in.template_body->find("Resources:"),
                           "  Group: {Type: 'AWS::EC2::SecurityGroup::Id', Default: sg-1}\n");
  ASSERT_TRUE(test.call(create_change_set, in));
  EXPECT_EQ(described().status, "FAILED");
  EXPECT_EQ(described().status_reason,
            "Parameter validation failed: parameter value sg-1 for parameter name Group does not exist");
}

}  // namespace
}  // namespace berth::cloudformation
