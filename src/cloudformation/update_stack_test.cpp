// Updates in place, by replacement, of what is new and what is gone; back to where they came from when they
// fail.
#include "cloudformation/stack_test_support.h"

namespace berth::cloudformation {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* first = R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a1, Value: old}}
  B: {Type: Test::Thing, Properties: {Name: b, Value: !Ref A}}
  C: {Type: Test::Thing, Properties: {Name: c, Value: same}}
  Gone: {Type: Test::Thing, Properties: {Name: gone}}
)";
// A is replaced, which changes B in place; C stays; Gone goes; New comes.
constexpr const char* second = R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a2, Value: new}}
  B: {Type: Test::Thing, Properties: {Name: b, Value: !Ref A}}
  C: {Type: Test::Thing, Properties: {Name: c, Value: same}}
  New: {Type: Test::Thing, Properties: {Name: new}}
Outputs:
  First: {Value: !Ref A}
)";

class UpdateStack : public StackTest {
 protected:
  void SetUp() override {
    StackTest::SetUp();
    ASSERT_EQ(create(first), "");
    ASSERT_EQ(status(), "CREATE_COMPLETE");
    skip_events();
  }

  void expect_first() {
    EXPECT_EQ(physical_id("A"), "a1");
    EXPECT_EQ(value_of("A"), "old");
    EXPECT_EQ(value_of("B"), "a1");
    EXPECT_EQ(value_of("C"), "same");
    EXPECT_EQ(physical_id("Gone"), "gone");
    EXPECT_EQ(resource("New"), nullptr);
    EXPECT_EQ(things(), 4u);
    EXPECT_TRUE(stack().outputs.empty());
    EXPECT_EQ(find_deployment(test.store, stack().id, DeploymentRow::current)->template_body, first);
    EXPECT_EQ(find_deployment(test.store, stack().id, DeploymentRow::target), nullptr);
    EXPECT_EQ(resources_of(test.store, stack().id).size(), 4u);
  }
};

TEST_F(UpdateStack, replaces_changes_adds_and_removes) {
  EXPECT_EQ(update(second), "");
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(
      new_events(),
      (Lines{"learner UPDATE_IN_PROGRESS: User Initiated",
             "A UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence "
             "creating one.",
             "A UPDATE_IN_PROGRESS: Resource creation Initiated", "New CREATE_IN_PROGRESS",
             "New CREATE_IN_PROGRESS: Resource creation Initiated", "A UPDATE_COMPLETE",
             "B UPDATE_IN_PROGRESS", "B UPDATE_COMPLETE", "New CREATE_COMPLETE",
             "learner UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "A DELETE_IN_PROGRESS", "Gone DELETE_IN_PROGRESS",
             "A DELETE_COMPLETE", "Gone DELETE_COMPLETE", "learner UPDATE_COMPLETE"}));
  EXPECT_EQ(physical_id("A"), "a2");
  EXPECT_EQ(value_of("B"), "a2");
  EXPECT_EQ(thing("C")->updates, 0);
  EXPECT_EQ(things(), 4u);
  EXPECT_EQ(stack().outputs[0].output_value, "a2");
  EXPECT_EQ(resources_of(test.store, stack().id).size(), 4u);
  EXPECT_EQ(update(second), "No updates are to be performed.");
}

TEST_F(UpdateStack, goes_back_when_a_resource_fails) {
  update(replace_all(second, "Name: new", "Name: new, Fail: stable"));
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  expect_first();
  auto events = new_events();
  ASSERT_GT(events.size(), 9u);
  EXPECT_EQ(events[9],
            "learner UPDATE_ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [New]. ");
  events.erase(events.begin(), events.begin() + 10);
  EXPECT_EQ(events, (Lines{"A UPDATE_IN_PROGRESS", "A UPDATE_COMPLETE", "B UPDATE_IN_PROGRESS",
                           "B UPDATE_COMPLETE", "learner UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                           "A DELETE_IN_PROGRESS", "New DELETE_IN_PROGRESS", "A DELETE_COMPLETE",
                           "New DELETE_COMPLETE", "learner UPDATE_ROLLBACK_COMPLETE"}));
  EXPECT_EQ(update(second), "");
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
}

TEST_F(UpdateStack, a_refused_change_leaves_the_resource_as_it_was) {
  update(replace_all(first, "Value: same", "Value: other, Fail: update"));
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(thing("C")->updates, 0);
  expect_first();
}

TEST_F(UpdateStack, cannot_replace_what_keeps_its_name) {
  update(replace_all(first, "Name: a1", "Name: b"));
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_TRUE(matches_wildcard("A UPDATE_FAILED: *b already exists*HandlerErrorCode: AlreadyExists)",
                               new_events()[2]));
  expect_first();
}

TEST_F(UpdateStack, goes_back_when_cancelled) {
  update(replace_all(second, "Name: new", "Name: new, Slow: yes"));
  EXPECT_EQ(status(), "UPDATE_IN_PROGRESS");
  EXPECT_EQ(value_of("B"), "a2");
  CancelUpdateStackInput cancel;
  cancel.stack_name = "learner";
  ASSERT_TRUE(test.call(cancel_update_stack, cancel));
  run();
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  expect_first();
  EXPECT_FALSE(test.call(cancel_update_stack, cancel));
}

TEST_F(UpdateStack, goes_on_with_a_rollback_that_failed) {
  // The way there works, the way back does not, until somebody mends it.
  update(replace_all(replace_all(first, "Value: same", "Value: other"), "Name: gone",
                     "Name: gone, Fail: update"));
  ASSERT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  test.write([&] {
    auto* row = test.store.edit<StackResourceRow>(resource("C")->key());
    row->version.properties.as_object()["Fail"] = "update";
  });
  skip_events();
  update(replace_all(replace_all(first, "Value: same", "Value: other"), "Name: gone",
                     "Name: gone, Fail: stable"));
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_FAILED");
  EXPECT_EQ(stack().status_reason, "The following resource(s) failed to update: [C]. ");
  EXPECT_EQ(update(first),
            "Stack:" + stack().id + " is in UPDATE_ROLLBACK_FAILED state and can not be updated.");
  ContinueUpdateRollbackInput go_on;
  go_on.stack_name = "learner";
  ASSERT_TRUE(test.call(continue_update_rollback, go_on));
  run();
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_FAILED");
  go_on.resources_to_skip = {"C"};
  ASSERT_TRUE(test.call(continue_update_rollback, go_on));
  run();
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(value_of("C"), "other");
}

TEST_F(UpdateStack, can_be_kept_half_done_and_tried_again) {
  UpdateStackInput input;
  input.disable_rollback = true;
  update(replace_all(second, "Name: new", "Name: new, Fail: create"), input);
  EXPECT_EQ(status(), "UPDATE_FAILED");
  EXPECT_EQ(value_of("B"), "a2");
  EXPECT_EQ(update(second), "");
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(things(), 4u);
  EXPECT_EQ(resources_of(test.store, stack().id).size(), 4u);
}

TEST_F(UpdateStack, can_be_rolled_back_after_being_kept_half_done) {
  UpdateStackInput input;
  input.disable_rollback = true;
  update(replace_all(second, "Name: new", "Name: new, Fail: create"), input);
  RollbackStackInput rollback;
  rollback.stack_name = "learner";
  ASSERT_TRUE(test.call(rollback_stack, rollback));
  run();
  EXPECT_EQ(status(), "UPDATE_ROLLBACK_COMPLETE");
  expect_first();
}

TEST_F(UpdateStack, leaves_alone_what_cannot_be_cleaned_up) {
  test.write([&] {
    test.store.edit<StackResourceRow>(resource("Gone")->key())->version.properties.as_object()["Fail"] =
        "delete";
  });
  update(second);
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(stack().status_reason, "Update successful. One or more resources could not be deleted.");
  EXPECT_EQ(resources_of(test.store, stack().id).size(), 4u);
}

TEST_F(UpdateStack, keeps_what_its_policies_keep) {
  const std::string kept =
      replace_all(replace_all(first, "A: {Type", "A: {UpdateReplacePolicy: Retain, Type"), "Gone: {Type",
                  "Gone: {DeletionPolicy: Retain, Type");
  EXPECT_EQ(update(kept), "");
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(thing("A")->updates, 0);
  skip_events();
  update(replace_all(second, "A: {Type", "A: {UpdateReplacePolicy: Retain, Type"));
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_NE(test.store.find<ThingRow>("a1"), nullptr);
  EXPECT_NE(test.store.find<ThingRow>("gone"), nullptr);
  const auto events = new_events();
  EXPECT_NE(std::find(events.begin(), events.end(), "Gone DELETE_SKIPPED"), events.end());
}

TEST_F(UpdateStack, passes_changed_tags_on) {
  UpdateStackInput input;
  Tag tag;
  tag.key = "Team";
  tag.value = "learner";
  input.tags = {tag};
  EXPECT_EQ(update(first, input), "");
  EXPECT_EQ(status(), "UPDATE_COMPLETE");
  EXPECT_EQ(thing("C")->updates, 1);
  std::map<std::string, std::string> tags{{"aws:cloudformation:stack-name", "learner"},
                                          {"aws:cloudformation:stack-id", stack().id},
                                          {"aws:cloudformation:logical-id", "C"}};
  tags["Team"] = "learner";
  EXPECT_EQ(thing("C")->tags, tags);
  tags.erase("Team");
  UpdateStackInput none;
  none.tags.emplace();
  EXPECT_EQ(update(first, none), "");
  EXPECT_EQ(thing("C")->tags, tags);
  EXPECT_EQ(thing("C")->former_tags, (std::map<std::string, std::string>{{"Team", "learner"}}));
  UpdateStackInput without;  // AWS keeps the tags that an update does not name
  EXPECT_EQ(update(first, without), "No updates are to be performed.");
}

TEST_F(UpdateStack, refuses_another_type_for_a_resource) {
  EXPECT_EQ(update("Resources: {A: {Type: Test::Unknown}}"),
            "Template format error: Unrecognized resource types: [Test::Unknown]");
  EXPECT_EQ(status(), "CREATE_COMPLETE");
}

}  // namespace
}  // namespace berth::cloudformation
