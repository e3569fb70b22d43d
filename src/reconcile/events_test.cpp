// Rules of EventBridge at work: AWS's own events, schedules, tasks and messages, retries and kills.
#include "handlers/events.h"

#include <algorithm>

#include "handlers/sns.h"
#include "reconcile/ecs_daemon.h"
#include "reconcile/event_delivery.h"
#include "reconcile/event_recorder.h"
#include "reconcile/rule_schedules.h"
#include "services/events/rows.h"
#include "services/sns/rows.h"

namespace berth::reconcile {
namespace {

using events::InvocationRow;
using events::RuleRow;

const std::string cluster_arn = "arn:aws:ecs:us-east-1:123456789012:cluster/learner-cluster";
const std::string events_role = "arn:aws:iam::123456789012:role/events";

class EventsTest : public EcsDaemon {
 protected:
  EventsTest() {
    topic_ = *ok(sns::create_topic,
                 [] {
                   sns::CreateTopicInput input;
                   input.name = "events";
                   return input;
                 }())
                  .topic_arn;
    subscribe();
    allow_topic("events.amazonaws.com");
    put_role("events.amazonaws.com", R"("ecs:RunTask","iam:PassRole")");
    start_events();
  }
  ~EventsTest() override { stop_events(); }

  void start_events() {
    recorder_ = std::make_unique<EventRecorder>(store_, loop_, settings_);
    schedules_ = std::make_unique<RuleSchedules>(store_, loop_, settings_);
    delivery_ = std::make_unique<EventDelivery>(Context{store_, loop_, settings_, metrics_, log_events_});
    schedules_->start();
    delivery_->start();
  }
  void stop_events() {
    delivery_.reset();
    schedules_.reset();
    recorder_.reset();
  }

  template <class Work>
  void write(Work work) {
    ASSERT_TRUE(store_.transact([&]() -> Result<> {
      work();
      return {};
    }));
  }
  void subscribe() {
    write([&] {
      sns::SubscriptionRow row;
      row.arn = topic_ + ":1";
      row.topic_arn = topic_;
      row.protocol = "email";
      row.endpoint = "me@example.com";
      row.confirmed = true;
      store_.put(std::move(row));
    });
  }
  void allow_topic(const std::string& service) {
    sns::SetTopicAttributesInput input;
    input.topic_arn = topic_;
    input.attribute_name = "Policy";
    input.attribute_value = R"({"Statement":[{"Effect":"Allow","Principal":{"Service":")" + service +
                            R"("},"Action":"sns:Publish","Resource":")" + topic_ + "\"}]}";
    ok(sns::set_topic_attributes, input);
  }
  void put_role(const std::string& trusted, const std::string& actions) {
    write([&] {
      iam::RoleRow role;
      role.name = "events";
      role.arn = events_role;
      role.assume_role_policy = R"({"Statement":[{"Effect":"Allow","Principal":{"Service":")" + trusted +
                                R"("},"Action":"sts:AssumeRole"}]})";
      role.inline_policies["own"] =
          R"({"Statement":[{"Effect":"Allow","Action":[)" + actions + R"(],"Resource":"*"}]})";
      store_.put(std::move(role));
    });
  }

  void rule(const std::string& pattern, const std::string& schedule, std::vector<events::Target> targets) {
    events::PutRuleRequest request;
    request.name = "r";
    if (!pattern.empty()) request.event_pattern = pattern;
    if (!schedule.empty()) request.schedule_expression = schedule;
    ok(events::put_rule, request);
    events::PutTargetsRequest put;
    put.rule = "r";
    put.targets = std::move(targets);
    ok(events::put_targets, put);
  }
  events::Target to_topic() {
    events::Target target;
    target.id = "mail";
    target.arn = topic_;
    return target;
  }
  events::Target to_task() {
    events::Target target;
    target.id = "task";
    target.arn = cluster_arn;
    target.role_arn = events_role;
    auto& parameters = target.ecs_parameters.emplace();
    parameters.task_definition_arn = store_.all<ecs::TaskDefinitionRow>().begin()->first;
    parameters.launch_type = "FARGATE";
    auto& vpc = parameters.network_configuration.emplace().awsvpc_configuration.emplace();
    vpc.subnets = learner_service(1).network_configuration->awsvpc_configuration->subnets;
    return target;
  }

  std::vector<std::string> mails() {
    std::vector<std::string> bodies;
    for (const auto& [key, row] : store_.all<sns::DeliveryRow>()) bodies.push_back(row.body);
    return bodies;
  }
  std::size_t tasks_of_rule() {
    const auto& all = store_.all<ecs::TaskRow>();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& entry) {
      return entry.second.started_by == "events-rule/r";
    }));
  }
  double metric(const char* name) {
    double sum = 0;
    for (const auto& bucket : metrics_.query({"AWS/Events", name, {{"RuleName", "r"}}}, Time{},
                                             loop_.now() + Duration::minutes(1), Duration::minutes(1)))
      sum += bucket.values.set.sum;
    return sum;
  }

  std::string topic_;
  std::unique_ptr<EventRecorder> recorder_;
  std::unique_ptr<RuleSchedules> schedules_;
  std::unique_ptr<EventDelivery> delivery_;
};

TEST_F(EventsTest, ATasksStatesAreEvents) {
  auto target = to_topic();
  auto& transformer = target.input_transformer.emplace();
  transformer.input_paths_map = {{"status", "$.detail.lastStatus"}, {"task", "$.detail.taskArn"}};
  transformer.input_template = "\"<task> is <status>\"";
  rule(R"({"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"],
           "detail": {"lastStatus": ["RUNNING", "STOPPED"], "desiredStatus": ["RUNNING"]}})",
       "", {target});
  ok(ecs::create_service, learner_service(1));
  settle();
  ASSERT_EQ(mails().size(), 1u);
  EXPECT_NE(mails()[0].find("\"" + tasks("RUNNING")[0]->arn + " is RUNNING\""), std::string::npos)
      << mails()[0];
  EXPECT_EQ(metric("TriggeredRules"), 1);
  EXPECT_EQ(metric("Invocations"), 1);
  EXPECT_EQ(metric("FailedInvocations"), 0);
}

TEST_F(EventsTest, DeploymentsAndServiceActionsAreEvents) {
  auto target = to_topic();
  target.input_path = "$.detail.eventName";
  rule(R"({"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change", "ECS Service Action"]})", "",
       {target});
  ok(ecs::create_service, learner_service(1));
  settle();
  run_for(1);
  std::string told;
  for (const auto& mail : mails()) told += mail.substr(0, mail.find('\n')) + ";";
  EXPECT_EQ(told,
            "\"SERVICE_DEPLOYMENT_IN_PROGRESS\";\"SERVICE_DEPLOYMENT_COMPLETED\";\"SERVICE_STEADY_STATE\";");
}

TEST_F(EventsTest, TheEventIsLikeDescribeTasks) {
  rule(R"({"detail-type": ["ECS Task State Change"], "detail": {"lastStatus": ["RUNNING"]}})", "",
       {to_topic()});
  stop_events();
  recorder_ = std::make_unique<EventRecorder>(store_, loop_, settings_);
  ok(ecs::create_service, learner_service(1));
  settle();
  ASSERT_GE(store_.all<events::TriggerRow>().size(), 1u);
  const auto& event = store_.all<events::TriggerRow>().begin()->second.event;
  const auto& detail = *find(event, "detail");
  EXPECT_EQ(string_or(event, "source"), "aws.ecs");
  EXPECT_EQ(string_or(detail, "clusterArn"), cluster_arn);
  EXPECT_EQ(string_or(detail, "createdAt").size(), std::string("2026-10-01T00:00:00.000Z").size());
  EXPECT_TRUE(find(detail, "containers")->is_array());
  EXPECT_EQ((*find(event, "resources")).get_array()[0], *find(detail, "taskArn"));
}

TEST_F(EventsTest, AScheduleRunsATask) {
  rule("", "rate(5 minutes)", {to_task()});
  run_for(299);
  EXPECT_EQ(tasks_of_rule(), 0u);
  run_for(2);
  ASSERT_EQ(tasks_of_rule(), 1u);
  run_for(300);
  EXPECT_EQ(tasks_of_rule(), 2u);
  EXPECT_EQ(metric("Invocations"), 2);
}

TEST_F(EventsTest, ItsInputIsTheTasksOverrides) {
  auto target = to_task();
  target.input = R"({"containerOverrides": [{"name": "web", "command": ["report"]}]})";
  rule("", "rate(1 minute)", {target});
  run_for(61);
  ASSERT_EQ(tasks_of_rule(), 1u);
  const auto& overrides = store_.all<ecs::TaskRow>().begin()->second.overrides;
  EXPECT_EQ(*overrides.container_overrides->front().command, std::vector<std::string>{"report"});
}

TEST_F(EventsTest, WhatWasDueWhileDownIsNotMadeUpForAndNothingFiresTwice) {
  rule("", "rate(1 minute)", {to_task()});
  run_for(61);
  EXPECT_EQ(tasks_of_rule(), 1u);
  stop_events();
  start_events();
  run_for(1);
  EXPECT_EQ(tasks_of_rule(), 1u);
  stop_events();
  run_for(300);
  start_events();
  run_for(1);
  EXPECT_EQ(tasks_of_rule(), 1u);
  run_for(60);
  EXPECT_EQ(tasks_of_rule(), 2u);
}

TEST_F(EventsTest, WhatWasSetOffBeforeAKillIsDeliveredAfterIt) {
  rule(R"({"detail-type": ["ECS Service Action"], "detail": {"eventName": ["SERVICE_STEADY_STATE"]}})", "",
       {to_topic()});
  delivery_.reset();
  ok(ecs::create_service, learner_service(1));
  settle();
  EXPECT_EQ(mails().size(), 0u);
  delivery_ = std::make_unique<EventDelivery>(Context{store_, loop_, settings_, metrics_, log_events_});
  delivery_->start();
  run_for(1);
  EXPECT_EQ(mails().size(), 1u);
  stop_events();
  start_events();
  run_for(1);
  EXPECT_EQ(mails().size(), 1u);
}

TEST_F(EventsTest, TheRoleMustBeTrustingAndAllowed) {
  for (const auto& [trusted, actions] : std::vector<std::pair<std::string, std::string>>{
           {"ecs-tasks.amazonaws.com", R"("ecs:RunTask","iam:PassRole")"},
           {"events.amazonaws.com", R"("iam:PassRole")"},
           {"events.amazonaws.com", R"("ecs:RunTask")"}}) {
    put_role(trusted, actions);
    rule("", "rate(1 minute)", {to_task()});
    const double failed = metric("FailedInvocations");
    run_for(61);
    EXPECT_EQ(tasks_of_rule(), 0u) << trusted << " " << actions;
    EXPECT_EQ(metric("FailedInvocations"), failed + 1);
    EXPECT_TRUE(store_.all<InvocationRow>().empty()) << "another attempt would change nothing";
  }
}

TEST_F(EventsTest, ATopicMustLetEventBridgePublish) {
  allow_topic("cloudwatch.amazonaws.com");
  rule("", "rate(1 minute)", {to_topic()});
  run_for(61);
  EXPECT_EQ(mails().size(), 0u);
  EXPECT_EQ(metric("FailedInvocations"), 1);
  allow_topic("events.amazonaws.com");
  run_for(60);
  EXPECT_EQ(mails().size(), 1u);
}

TEST_F(EventsTest, WhatFindsNoRoomIsTriedAgain) {
  auto target = to_task();
  rule("", "rate(1 day)", {target});
  settings_.host_memory_bytes = 1 << 20;
  run_for(86401);
  EXPECT_EQ(tasks_of_rule(), 0u);
  ASSERT_EQ(store_.all<InvocationRow>().size(), 1u);
  EXPECT_EQ(metric("Invocations"), 0) << "not yet";
  run_for(60);
  EXPECT_GE(store_.all<InvocationRow>().begin()->second.attempts, 2);
  settings_.host_memory_bytes = 0;
  run_for(120);
  EXPECT_EQ(tasks_of_rule(), 1u);
  EXPECT_TRUE(store_.all<InvocationRow>().empty());
  EXPECT_EQ(metric("Invocations"), 1);
}

TEST_F(EventsTest, RetriesEndByTheTargetsPolicy) {
  auto target = to_task();
  target.retry_policy.emplace().maximum_retry_attempts = 1;
  rule("", "rate(1 day)", {target});
  settings_.host_memory_bytes = 1 << 20;
  run_for(86401 + 60);
  EXPECT_TRUE(store_.all<InvocationRow>().empty());
  EXPECT_EQ(metric("Invocations"), 1);
  EXPECT_EQ(metric("FailedInvocations"), 1);
}

}  // namespace
}  // namespace berth::reconcile
