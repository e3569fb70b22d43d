// Stacks go in reverse order of their coming; what protects, keeps or holds them.
#include "cloudformation/stack_test_support.h"

namespace berth::cloudformation {
namespace {

using Lines = std::vector<std::string>;

TEST_F(StackTest, is_deleted_in_reverse_order) {
  create(R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a, SlowDelete: yes}}
  B: {Type: Test::Thing, Properties: {Name: b, SlowDelete: yes, Value: !Ref A}}
)");
  skip_events();
  const std::string id = stack().id;
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(status(), "DELETE_IN_PROGRESS");
  EXPECT_EQ(resource("B")->status, "DELETE_IN_PROGRESS");
  EXPECT_EQ(resource("A")->status, "CREATE_COMPLETE");
  test.write([&] { test.store.erase<ThingRow>("b"); });
  run();
  test.write([&] { test.store.erase<ThingRow>("a"); });
  run();
  EXPECT_EQ(new_events(),
            (Lines{"learner DELETE_IN_PROGRESS: User Initiated", "B DELETE_IN_PROGRESS", "B DELETE_COMPLETE",
                   "A DELETE_IN_PROGRESS", "A DELETE_COMPLETE", "learner DELETE_COMPLETE"}));
  DescribeStacksInput describe;
  describe.stack_name = "learner";
  EXPECT_EQ(test.message_of(describe_stacks, describe), "Stack with id learner does not exist");
  describe.stack_name = id;
  EXPECT_EQ(test.call(describe_stacks, describe)->stacks->front().stack_status, "DELETE_COMPLETE");
  EXPECT_EQ(remove(), "");  // nothing to delete is no error
}

TEST_F(StackTest, deletion_fails_and_is_tried_again) {
  create(R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a}}
  B: {Type: Test::Thing, Properties: {Name: b, Fail: delete, Value: !Ref A}}
  C: {Type: Test::Thing, Properties: {Name: c}}
)");
  remove();
  EXPECT_EQ(status(), "DELETE_FAILED");
  EXPECT_EQ(stack().status_reason, "The following resource(s) failed to delete: [B]. ");
  EXPECT_EQ(things(), 2u);
  remove();
  EXPECT_EQ(status(), "DELETE_FAILED");
  DeleteStackInput keep;
  keep.retain_resources = {"A"};
  EXPECT_NE(remove(keep), "");  // only what failed may be retained
  keep.retain_resources = {"B"};
  EXPECT_EQ(remove(keep), "");
  EXPECT_EQ(status(), "DELETE_COMPLETE");
  EXPECT_EQ(things(), 1u);
}

TEST_F(StackTest, waits_a_while_for_what_is_in_use) {
  create("Resources: {A: {Type: Test::Thing, Properties: {Name: a, Fail: in use}}}");
  remove();
  run(Duration::minutes(2));
  EXPECT_EQ(status(), "DELETE_IN_PROGRESS");
  run(Duration::minutes(2));
  EXPECT_EQ(status(), "DELETE_FAILED");
}

TEST_F(StackTest, is_protected_from_deletion) {
  CreateStackInput input;
  input.enable_termination_protection = true;
  create("Resources: {A: {Type: Test::Thing}}", input);
  EXPECT_EQ(remove(), "Stack [learner] cannot be deleted while TerminationProtection is enabled");
  UpdateTerminationProtectionInput protection;
  protection.stack_name = "learner";
  protection.enable_termination_protection = false;
  ASSERT_TRUE(test.call(update_termination_protection, protection));
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(status(), "DELETE_COMPLETE");
}

TEST_F(StackTest, keeps_retained_resources) {
  create("Resources: {A: {Type: Test::Thing, DeletionPolicy: Retain, Properties: {Name: a}}}");
  remove();
  EXPECT_EQ(status(), "DELETE_COMPLETE");
  EXPECT_EQ(things(), 1u);
}

TEST_F(StackTest, is_deleted_while_it_is_created) {
  create("Resources: {A: {Type: Test::Thing, Properties: {Slow: yes}}}");
  EXPECT_EQ(status(), "CREATE_IN_PROGRESS");
  remove();
  EXPECT_EQ(status(), "DELETE_COMPLETE");
  EXPECT_EQ(things(), 0u);
}

TEST_F(StackTest, is_forgotten_long_after_its_deletion) {
  create("Resources: {A: {Type: Test::Thing}}");
  remove();
  run(Duration::minutes(89 * 24 * 60));
  EXPECT_EQ(test.store.all<StackRow>().size(), 1u);
  run(Duration::minutes(3 * 24 * 60));
  EXPECT_EQ(test.store.all<StackRow>().size(), 0u);
  EXPECT_EQ(test.store.all<StackEventRow>().size(), 0u);
  EXPECT_EQ(test.store.all<StackResourceRow>().size(), 0u);
}

constexpr const char* exporting = R"(
Resources: {A: {Type: Test::Thing, Properties: {Name: a}}}
Outputs: {Shared: {Value: !Ref A, Export: {Name: shared}}}
)";
constexpr const char* importing = R"(
Resources: {B: {Type: Test::Thing, Properties: {Name: b, Value: !ImportValue shared}}}
)";

class ExportsTest : public StackTest {
 protected:
  void SetUp() override {
    StackTest::SetUp();
    ASSERT_EQ(create(exporting), "");
    CreateStackInput other;
    other.stack_name = "other";
    ASSERT_EQ(create(importing, other), "");
  }
};

TEST_F(ExportsTest, are_imported_and_listed) {
  EXPECT_EQ(status("other"), "CREATE_COMPLETE");
  EXPECT_EQ(string_or(test.store.find<ThingRow>("b")->properties, "Value"), "a");
  EXPECT_EQ(test.call(list_exports, {})->exports->front().name, "shared");
  ListImportsInput imports;
  imports.export_name = "shared";
  EXPECT_EQ(*test.call(list_imports, imports)->imports, (std::vector<std::string>{"other"}));
  imports.export_name = "unknown";
  EXPECT_EQ(test.message_of(list_imports, imports), "Export 'unknown' is not imported by any stack.");
  CreateStackInput lost;
  lost.stack_name = "lost";
  EXPECT_EQ(create(replace_all(importing, "shared", "unknown"), lost), "No export named unknown found.");
}

TEST_F(ExportsTest, hold_the_stack_that_exports_them) {
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(status(), "CREATE_COMPLETE");
  EXPECT_EQ(stack().status_reason, "Delete canceled. Cannot delete export shared as it is in use by other.");
  update(replace_all(exporting, "Name: a", "Name: a2"));
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(physical_id("A"), "a");
  DeleteStackInput other;
  other.stack_name = "other";
  remove(other);
  remove();
  EXPECT_EQ(status(), "DELETE_COMPLETE");
}

TEST_F(ExportsTest, are_unique) {
  CreateStackInput again;
  again.stack_name = "again";
  create(replace_all(exporting, "Name: a}", "Name: a2}"), again);
  EXPECT_EQ(status("again"), "ROLLBACK_COMPLETE");
  EXPECT_EQ(
      new_events("again")[4],
      "again ROLLBACK_IN_PROGRESS: Export with name shared is already exported by stack learner. Rollback "
      "requested by user.");
}

}  // namespace
}  // namespace berth::cloudformation
