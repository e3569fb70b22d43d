// Stacks in stacks: made, changed, taken back and deleted together with the one that they belong to.
#include <stdlib.h>

#include <filesystem>

#include "base/checksum.h"
#include "cloudformation/stack_test_support.h"
#include "cloudformation/types/types.h"
#include "handlers/s3.h"
#include "services/s3/received_object.h"
#include "store/blob_files.h"

namespace berth::cloudformation {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* parent = R"(
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://s3.amazonaws.com/templates/child.yaml
      Parameters: {Value: one}
      Tags: [{Key: team, Value: a}]
  After: {Type: Test::Thing, Properties: {Name: after, Value: !GetAtt Child.Outputs.Out}}
Outputs:
  Out: {Value: !GetAtt Child.Outputs.Out}
)";
constexpr const char* child = R"(
Parameters:
  Value: {Type: String}
Resources:
  Inner: {Type: Test::Thing, Properties: {Name: !Sub "inner-${Value}", Value: !Ref Value}}
  Kept: {Type: Test::Thing, Properties: {Name: kept, Value: !Ref Value}}
  Old: {Type: Test::Thing, Properties: {Name: old}}
Outputs:
  Out: {Value: !Ref Inner, Export: {Name: exported}}
)";

class NestedStacks : public StackTest {
 protected:
  NestedStacks() {
    char pattern[] = "/tmp/berth-nested-XXXXXX";
    folder_ = mkdtemp(pattern);
    blobs_ = std::make_unique<BlobFiles>(test.store, folder_);
    BERTH_CHECK(blobs_->collect().has_value());
    test.context.blobs = blobs_.get();
    s3::CreateBucketRequest request;
    request.bucket = "templates";
    BERTH_CHECK(test.call(s3::create_bucket, request).has_value());
    put("child.yaml", child);
  }
  ~NestedStacks() override {
    engine.reset();
    std::filesystem::remove_all(folder_);
  }

  void SetUp() override {
    cfn::types::add_all();
    StackTest::SetUp();
  }

  void put(const std::string& key, const std::string& text) {
    const auto writer = blobs_->write("blob-" + std::to_string(++written_));
    writer->write(text);
    BERTH_CHECK(writer->sync().has_value());
    const s3::ReceivedObject received{
        writer->name(), writer->size_bytes(), checksum_of(ChecksumKind::md5, text), {}};
    test.context.received = &received;
    s3::PutObjectRequest request;
    request.bucket = "templates";
    request.key = key;
    BERTH_CHECK(test.call(s3::put_object, request).has_value());
    test.context.received = nullptr;
    writer->keep();
  }

  const StackRow& child_row() { return *test.store.find<StackRow>(physical_id("Child")); }
  std::string output() {
    const auto& outputs = stack().outputs;
    return outputs.empty() ? "" : outputs[0].output_value.value_or("");
  }
  std::string value(const std::string& id) {
    const auto* row = test.store.find<ThingRow>(id);
    return row ? string_or(row->properties, "Value", "none") : "gone";
  }
  Lines things_there() {
    Lines ids;
    for (const auto& [id, row] : test.store.all<ThingRow>()) ids.push_back(id);
    return ids;
  }
  void settle() {
    for (int i = 0; i < 40; ++i) run(Duration::seconds(30));
  }

 private:
  std::string folder_;
  std::unique_ptr<BlobFiles> blobs_;
  int written_ = 0;
};

TEST_F(NestedStacks, AreMadeAndDeletedWithTheirParent) {
  ASSERT_EQ(create(parent), "");
  EXPECT_EQ(status(), "CREATE_COMPLETE");
  EXPECT_EQ(output(), "inner-one");
  EXPECT_EQ(value("after"), "inner-one");
  EXPECT_EQ(child_row().status, "CREATE_COMPLETE");
  EXPECT_TRUE(child_row().name.starts_with("learner-Child-"));
  DescribeStacksInput input;
  input.stack_name = child_row().id;
  const auto described = test.call(describe_stacks, input);
  ASSERT_TRUE(described);
  EXPECT_EQ(described->stacks->at(0).parent_id, stack().id);
  EXPECT_EQ(described->stacks->at(0).root_id, stack().id);
  EXPECT_EQ(described->stacks->at(0).tags->at(0).key, "team");
  const std::string child_id = child_row().id;
  EXPECT_EQ(remove(), "");
  settle();
  EXPECT_EQ(status(), "DELETE_COMPLETE");
  EXPECT_EQ(test.store.find<StackRow>(child_id)->status, "DELETE_COMPLETE");
  EXPECT_EQ(things(), 0u);
}

TEST_F(NestedStacks, AChildThatFailsFailsItsParent) {
  put("child.yaml", replace_all(child, "Name: old", "Name: old, Fail: create"));
  ASSERT_EQ(create(parent), "");
  settle();
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  bool told = false;
  const Lines events = new_events();
  for (const auto& line : events) {
    told =
        told || (line.starts_with("Child CREATE_FAILED: Embedded stack arn:") &&
                 line.ends_with("was not successfully created: The following resource(s) failed to create: "
                                "[Inner, Kept, Old]. "));
  }
  EXPECT_TRUE(told) << join(events, "\n");
  EXPECT_EQ(things(), 0u);
}

TEST_F(NestedStacks, ChangeWithTheirParent) {
  ASSERT_EQ(create(parent), "");
  EXPECT_EQ(update(replace_all(parent, "Value: one", "Value: two")), "");
  settle();
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(child_row().status, "UPDATE_COMPLETE");
  EXPECT_EQ(output(), "inner-two");
  EXPECT_EQ(things_there(), (Lines{"after", "inner-two", "kept", "old"}));
  EXPECT_EQ(value("after"), "inner-two");
}

// The child is done, with a resource replaced and one removed; then the parent fails.
TEST_F(NestedStacks, GoBackWithTheirParent) {
  ASSERT_EQ(create(parent), "");
  put("new.yaml", replace_all(replace_all(child, "  Old: {Type: Test::Thing, Properties: {Name: old}}\n", ""),
                              "Outputs:", "  New: {Type: Test::Thing, Properties: {Name: new}}\nOutputs:"));
  auto wanted = replace_all(replace_all(parent, "Value: one", "Value: two"), "child.yaml", "new.yaml");
  wanted = replace_all(wanted, "Name: after,", "Name: after, Fail: update,");
  EXPECT_EQ(update(wanted), "");
  settle();
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(child_row().status, "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(things_there(), (Lines{"after", "inner-one", "kept", "old"}));
  EXPECT_EQ(value("kept"), "one");
  EXPECT_EQ(child_row().outputs[0].output_value, "inner-one");
  EXPECT_EQ(child_row().exports.at("exported"), "inner-one");
  EXPECT_EQ(find_deployment(test.store, child_row().id, DeploymentRow::current)->template_body, child);
  EXPECT_EQ(find_deployment(test.store, child_row().id, DeploymentRow::target), nullptr);
  // And forward again.
  EXPECT_EQ(update(replace_all(parent, "Value: one", "Value: three")), "");
  settle();
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(things_there(), (Lines{"after", "inner-three", "kept", "old"}));
}

TEST_F(NestedStacks, AChildWhoseUpdateFailsTakesItsParentBack) {
  ASSERT_EQ(create(parent), "");
  put("new.yaml", replace_all(child, "Name: kept,", "Name: kept, Fail: update,"));
  EXPECT_EQ(update(replace_all(replace_all(parent, "Value: one", "Value: two"), "child.yaml", "new.yaml")),
            "");
  settle();
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(child_row().status, "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(things_there(), (Lines{"after", "inner-one", "kept", "old"}));
  bool told = false;
  const Lines events = new_events();
  for (const auto& line : events) {
    told = told || (line.starts_with("Child UPDATE_FAILED: Embedded stack arn:") &&
                    line.find("was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with "
                              "reason: The following resource(s) failed to update: [Inner, Kept].") !=
                        std::string::npos);
  }
  EXPECT_TRUE(told) << join(events, "\n");
}

// Wherever the daemon is killed, the engine that follows goes on.
TEST_F(NestedStacks, GoOnWithANewEngine) {
  ASSERT_EQ(create(parent), "");
  auto wanted = replace_all(replace_all(parent, "Value: one", "Value: two"), "Name: after,",
                            "Name: after, Fail: update,");
  UpdateStackInput input;
  input.stack_name = "learner";
  input.template_body = wanted;
  ASSERT_TRUE(test.call(update_stack, input));
  for (int i = 0; i < 200 && status() != "UPDATE_ROLLBACK_COMPLETE"; ++i) {
    start_engine();
    run(Duration::ms(1));
    run(Duration::seconds(i % 3 == 0 ? 10 : 0));
  }
  settle();
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(things_there(), (Lines{"after", "inner-one", "kept", "old"}));
}

TEST_F(NestedStacks, ReachTemplatesByUrlAlone) {
  EXPECT_EQ(create(replace_all(parent, "child.yaml", "none.yaml")), "");
  settle();
  EXPECT_EQ(status(), "ROLLBACK_COMPLETE");
  CreateStackInput input;
  input.stack_name = "by-url";
  input.template_url = "https://templates.s3.amazonaws.com/none.yaml";
  const auto refused = test.call(create_stack, input);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("S3 error: The specified key does not exist."));
  input.template_url = "https://templates.s3.amazonaws.com/child.yaml";
  input.parameters.emplace().push_back({});
  input.parameters->back().parameter_key = "Value";
  input.parameters->back().parameter_value = "x";
  EXPECT_TRUE(test.call(create_stack, input));
  run();
  EXPECT_EQ(status("by-url"), "CREATE_COMPLETE");
}

TEST_F(NestedStacks, AreProtectedWithTheirRoot) {
  CreateStackInput input;
  input.enable_termination_protection = true;
  ASSERT_EQ(create(parent, input), "");
  DeleteStackInput deletion;
  deletion.stack_name = child_row().id;
  EXPECT_EQ(test.message_of(delete_stack, deletion),
            "Stack [learner] cannot be deleted while TerminationProtection is enabled");
}

}  // namespace
}  // namespace berth::cloudformation
