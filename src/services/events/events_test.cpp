#include "handlers/events.h"

#include <gtest/gtest.h>

#include "services/events/rows.h"
#include "services/testing.h"

namespace berth::events {
namespace {

const std::string topic = "arn:aws:sns:us-east-1:123456789012:events";
const std::string cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/learner-cluster";
const std::string role = "arn:aws:iam::123456789012:role/events";

Target to_topic(const std::string& id) {
  Target target;
  target.id = id;
  target.arn = topic;
  return target;
}

struct Events : testing::Test, services::HandlerTest {
  Events() { add_tables(store); }

  PutRuleRequest pattern_rule(const std::string& name,
                              const std::string& pattern = R"({"source": ["my.app"]})") {
    PutRuleRequest request;
    request.name = name;
    request.event_pattern = pattern;
    return request;
  }
  PutRuleRequest schedule_rule(const std::string& schedule) {
    PutRuleRequest request;
    request.name = "nightly";
    request.schedule_expression = schedule;
    return request;
  }
  PutTargetsRequest targets(std::vector<Target> list, const std::string& rule = "r") {
    PutTargetsRequest request;
    request.rule = rule;
    request.targets = std::move(list);
    return request;
  }
  PutEventsRequestEntry entry(const std::string& source = "my.app", const std::string& detail = "{}") {
    PutEventsRequestEntry one;
    one.source = source;
    one.detail_type = "Something";
    one.detail = detail;
    return one;
  }
};

TEST_F(Events, ARuleNeedsAPatternOrASchedule) {
  PutRuleRequest request;
  request.name = "r";
  EXPECT_EQ(message_of(put_rule, request),
            "Parameter(s) EventPattern or ScheduleExpression must be specified.");
  EXPECT_EQ(code_of(put_rule, pattern_rule("r", "{\"source\": \"x\"}")), "InvalidEventPatternException");
  EXPECT_EQ(message_of(put_rule, schedule_rule("rate(1 minutes)")),
            "Parameter ScheduleExpression is not valid.");
  EXPECT_EQ(*call(put_rule, schedule_rule("rate(1 minute)"))->rule_arn,
            "arn:aws:events:us-east-1:123456789012:rule/nightly");
  auto elsewhere = pattern_rule("r");
  elsewhere.event_bus_name = "other";
  EXPECT_EQ(message_of(put_rule, elsewhere), "Event bus other does not exist.");
}

TEST_F(Events, PutRuleReplacesAllButTheTargets) {
  auto request = pattern_rule("r");
  request.description = "first";
  ASSERT_TRUE(call(put_rule, request));
  ASSERT_TRUE(call(put_targets, targets({to_topic("a")})));
  ASSERT_TRUE(call(put_rule, pattern_rule("r", R"({"source": ["other"]})")));
  const auto rule = *call(describe_rule, {"r", {}});
  EXPECT_FALSE(rule.description);
  EXPECT_EQ(*rule.event_pattern, R"({"source": ["other"]})");
  EXPECT_EQ(*rule.state, "ENABLED");
  EXPECT_EQ(call(list_targets_by_rule, {"r", {}, {}, {}})->targets->size(), 1u);
}

TEST_F(Events, ARuleWithTargetsStays) {
  ASSERT_TRUE(call(put_rule, pattern_rule("r")));
  ASSERT_TRUE(call(put_targets, targets({to_topic("a"), to_topic("b")})));
  EXPECT_EQ(message_of(delete_rule, {"r", {}, {}}), "Rule can't be deleted since it has targets.");
  EXPECT_EQ(*call(list_rule_names_by_target, {topic, {}, {}, {}})->rule_names, std::vector<std::string>{"r"});
  RemoveTargetsRequest removal;
  removal.rule = "r";
  removal.ids = std::vector<std::string>{"a", "b", "unknown"};
  ASSERT_TRUE(call(remove_targets, removal));
  ASSERT_TRUE(call(delete_rule, {"r", {}, {}}));
  EXPECT_EQ(message_of(describe_rule, {"r", {}}), "Rule r does not exist on EventBus default.");
  EXPECT_TRUE(call(delete_rule, {"r", {}, {}})) << "silent, as AWS is";
}

TEST_F(Events, TargetsAreChecked) {
  ASSERT_TRUE(call(put_rule, pattern_rule("r")));
  Target task = to_topic("task");
  task.arn = cluster;
  EXPECT_EQ(code_of(put_targets, targets({task})), "ValidationException");
  task.ecs_parameters.emplace().task_definition_arn = "learner";
  EXPECT_EQ(message_of(put_targets, targets({task})), "RoleArn is required for target " + cluster + ".");
  task.role_arn = role;
  EXPECT_TRUE(call(put_targets, targets({task})));
  Target function = to_topic("f");
  function.arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
  EXPECT_EQ(code_of(put_targets, targets({function})), "ValidationException");
  Target constant = to_topic("c");
  constant.input = "no json";
  EXPECT_EQ(code_of(put_targets, targets({constant})), "ValidationException");
  EXPECT_EQ(code_of(put_targets, targets({to_topic("x"), to_topic("x")})), "ValidationException");
  EXPECT_EQ(code_of(put_targets,
                    targets({to_topic("1"), to_topic("2"), to_topic("3"), to_topic("4"), to_topic("5")})),
            "LimitExceededException");
  EXPECT_EQ(code_of(put_targets, targets({to_topic("a")}, "none")), "ResourceNotFoundException");
}

TEST_F(Events, EnablingARuleStartsItsScheduleAnew) {
  ASSERT_TRUE(call(put_rule, schedule_rule("rate(5 minutes)")));
  const Time first = store.find<RuleRow>("nightly")->scheduled_since;
  ASSERT_TRUE(call(disable_rule, {"nightly", {}}));
  loop.run_for(Duration::minutes(3));
  ASSERT_TRUE(call(enable_rule, {"nightly", {}}));
  EXPECT_EQ(store.find<RuleRow>("nightly")->scheduled_since, first + Duration::minutes(3));
  ASSERT_TRUE(call(enable_rule, {"nightly", {}}));
  ASSERT_TRUE(call(put_rule, schedule_rule("rate(5 minutes)")));
  EXPECT_EQ(store.find<RuleRow>("nightly")->scheduled_since, first + Duration::minutes(3));
}

TEST_F(Events, EventsSetOffTheRulesThatTheyMatch) {
  ASSERT_TRUE(call(put_rule, pattern_rule("one")));
  ASSERT_TRUE(call(put_rule, pattern_rule("two", R"({"detail": {"a": [1]}})")));
  ASSERT_TRUE(call(put_rule, pattern_rule("off")));
  ASSERT_TRUE(call(disable_rule, {"off", {}}));
  PutEventsRequest request;
  request.entries = std::vector<PutEventsRequestEntry>{entry(), entry("my.app", R"({"a": 1})"),
                                                       entry("aws.ecs"), entry("my.app", "[]")};
  const auto answer = *call(put_events, request);
  EXPECT_EQ(*answer.failed_entry_count, 2);
  EXPECT_TRUE((*answer.entries)[0].event_id);
  EXPECT_EQ(*(*answer.entries)[2].error_code, "NotAuthorizedForSourceException");
  EXPECT_EQ(*(*answer.entries)[3].error_code, "MalformedDetail");
  std::vector<std::string> rules;
  for (const auto& [key, trigger] : store.all<TriggerRow>()) rules.push_back(trigger.rule);
  EXPECT_EQ(rules, (std::vector<std::string>{"one", "one", "two"}));
  const auto& event = store.all<TriggerRow>().begin()->second.event;
  EXPECT_EQ(string_or(event, "id"), *(*answer.entries)[0].event_id);
  EXPECT_EQ(string_or(event, "detail-type"), "Something");
}

TEST_F(Events, APatternCanBeTried) {
  const char* event = R"({"id": "1", "account": "2", "source": "my.app", "time": "2026-10-01T00:00:00Z",
                          "region": "us-east-1", "resources": [], "detail-type": "t", "detail": {}})";
  EXPECT_TRUE(*call(test_event_pattern, {R"({"source": ["my.app"]})", event})->result);
  EXPECT_FALSE(*call(test_event_pattern, {R"({"source": ["x"]})", event})->result);
  EXPECT_EQ(message_of(test_event_pattern, {R"({"source": ["x"]})", "{}"}), "Parameter Event is not valid.");
}

TEST_F(Events, RulesHaveTags) {
  auto request = pattern_rule("r");
  request.tags = std::vector<Tag>{{"team", "one"}};
  const std::string arn = *call(put_rule, request)->rule_arn;
  ASSERT_TRUE(call(tag_resource, {arn, std::vector<Tag>{{"team", "two"}, {"stage", "test"}}}));
  ASSERT_TRUE(call(untag_resource, {arn, std::vector<std::string>{"stage"}}));
  const auto tags = *call(list_tags_for_resource, {arn})->tags;
  ASSERT_EQ(tags.size(), 1u);
  EXPECT_EQ(*tags[0].value, "two");
  EXPECT_EQ(code_of(list_tags_for_resource, {arn + "x"}), "ResourceNotFoundException");
}

}  // namespace
}  // namespace berth::events
