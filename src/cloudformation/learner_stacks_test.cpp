// The article's template and what it expects to find, with berth's own resource types: created, updated and
// deleted in virtual time, over the real scheduler and a fake runtime and balancer.
#include <gtest/gtest.h>

#include "base/read_file.h"
#include "base/text.h"
#include "cloudformation/stack_engine.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/types/types.h"
#include "handlers/cloudformation.h"
#include "handlers/ecs.h"
#include "reconcile/balancer_sync.h"
#include "reconcile/ecs_daemon.h"
#include "reconcile/scaling.h"
#include "reconcile/target_health.h"
#include "reconcile/traffic_metrics.h"
#include "services/all_tables.h"
#include "services/autoscaling/rows.h"
#include "services/iam/rows.h"
#include "services/logs/rows.h"
#include "services/sns/rows.h"
#include "services/ssm/rows.h"
#include "services/testing.h"
#include "sim/fake_balancer.h"

namespace berth::cloudformation {
namespace {

struct AllTables {
  explicit AllTables(Store& store) {
    services::add_tables(store);
    add_tables(store);
  }
};

class LearnerStacks : public testing::Test {
 protected:
  void SetUp() override {
    cfn::types::add_all();
    test.context.principal.arn = test.settings.global_arn("iam", "root");
    runtime.set_listener(&lifecycle);
    lifecycle.start(runtime, sink);
    scheduler.start();
    balancer_sync.start();
    health.start();
    engine.start();
  }

  void deploy(const std::string& name, const std::string& body, const char* type = "CREATE") {
    CreateChangeSetInput make;
    make.stack_name = name;
    make.change_set_name = "deploy" + std::to_string(++deployments);
    make.change_set_type = type;
    make.template_body = body;
    make.capabilities = {"CAPABILITY_NAMED_IAM"};
    if (name == article) {
      Parameter email;
      email.parameter_key = "AlertEmail";
      email.parameter_value = "you@example.com";
      make.parameters = {email};
    }
    const auto made = test.call(create_change_set, make);
    ASSERT_TRUE(made) << made.error().message;
    const auto& set = *test.store.find<ChangeSetRow>(*made->id);
    ASSERT_EQ(set.status, "CREATE_COMPLETE") << set.status_reason;
    ExecuteChangeSetInput execute;
    execute.change_set_name = made->id;
    ASSERT_TRUE(test.call(execute_change_set, execute));
    settle(name);
  }

  void remove(const std::string& name) {
    const std::string id = stack(name)->id;
    DeleteStackInput input;
    input.stack_name = name;
    ASSERT_TRUE(test.call(delete_stack, input));
    settle(id);
    EXPECT_EQ(stack(id)->status, "DELETE_COMPLETE") << story(id);
  }

  const StackRow* stack(const std::string& name) { return find_stack(test.context, name); }

  void settle(const std::string& name) {
    for (int i = 0; i < 3600 && is_in_progress(stack(name)->status); ++i)
      test.loop.run_for(Duration::seconds(1));
  }

  std::string story(const std::string& name) {
    std::string out;
    for (const auto* row : rows_of_stack<StackEventRow>(test.store, stack(name)->id)) {
      out += *row->event.logical_resource_id + " " + *row->event.resource_status + " " +
             row->event.resource_status_reason.value_or("") + "\n";
    }
    return out;
  }

  template <class Row>
  void name_rows(std::vector<std::string>& names) {
    for (const auto& [key, row] : test.store.all<Row>()) names.push_back(Row::table + (" " + key));
  }
  // What the stacks made and left behind.
  std::vector<std::string> rows_left() {
    std::vector<std::string> names;
    name_rows<elbv2::LoadBalancerRow>(names);
    name_rows<elbv2::TargetGroupRow>(names);
    name_rows<elbv2::ListenerRow>(names);
    name_rows<iam::RoleRow>(names);
    name_rows<ssm::ParameterRow>(names);
    name_rows<sns::TopicRow>(names);
    name_rows<sns::SubscriptionRow>(names);
    name_rows<cloudwatch::AlarmRow>(names);
    name_rows<logs::LogGroupRow>(names);
    name_rows<ec2::SubnetRow>(names);
    name_rows<ec2::VpcRow>(names);
    for (const auto& [key, cluster] : test.store.all<ecs::ClusterRow>()) {
      if (cluster.status != "INACTIVE") names.push_back("cluster " + key);
    }
    // Application Auto Scaling keeps its own role.
    std::erase_if(names, [](const auto& name) { return name.find("AWSServiceRole") != std::string::npos; });
    return names;
  }

  static constexpr const char* article = "AWSLearner-ECS-Stack";
  static constexpr const char* prerequisites = "learner-prerequisites";

  services::HandlerTest test;
  AllTables tables{test.store};
  int deployments = 0;
  sim::FakeRuntime runtime{test.loop};
  reconcile::RecordingSink sink;
  reconcile::TaskLifecycle lifecycle{test.store, test.loop, test.settings};
  reconcile::ServiceScheduler scheduler{test.store, test.loop, test.settings};
  reconcile::TargetHealth health{test.store, test.loop};
  reconcile::TrafficMetrics traffic{test.store, test.loop, test.metrics, Duration::seconds(0)};
  reconcile::BalancerEvents events{health, traffic};
  sim::FakeBalancer balancer{test.loop, events};
  reconcile::BalancerSync balancer_sync{test.store, test.loop, balancer};
  StackEngine engine{test.context};
};

TEST_F(LearnerStacks, are_created_updated_and_deleted) {
  deploy(prerequisites, read_file(BERTH_SOURCE_DIR "/examples/learner/prerequisites.yaml"));
  ASSERT_EQ(stack(prerequisites)->status, "CREATE_COMPLETE") << story(prerequisites);
  EXPECT_EQ(stack(prerequisites)->outputs.front().output_key, "LoadBalancerUrl");

  const std::string body = read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml");
  deploy(article, body);
  ASSERT_EQ(stack(article)->status, "CREATE_COMPLETE") << story(article);
  EXPECT_EQ(runtime.task_ids().size(), 1u);
  EXPECT_EQ(test.store.all<sns::TopicRow>().size(), 1u);
  EXPECT_EQ(test.store.all<cloudwatch::AlarmRow>().size(), 4u);  // two of the template, two of the policy

  // More memory: a new revision of the task definition, which the service rolls out before the old one goes.
  deploy(article, replace_all(body, "Memory: 512", "Memory: 1024"), "UPDATE");
  ASSERT_EQ(stack(article)->status, "UPDATE_COMPLETE") << story(article);
  EXPECT_TRUE(active_resource(test.store, stack(article)->id, "TaskDefinition")->physical_id.ends_with(":2"));
  test.loop.run_for(Duration::minutes(2));  // the old task drains
  EXPECT_EQ(runtime.task_ids().size(), 1u);

  remove(article);
  remove(prerequisites);
  EXPECT_EQ(runtime.task_ids().size(), 0u);
  EXPECT_EQ(rows_left(), std::vector<std::string>());
}

TEST_F(LearnerStacks, without_an_address_roll_back) {
  deploy(prerequisites, read_file(BERTH_SOURCE_DIR "/examples/learner/prerequisites.yaml"));
  CreateStackInput input;
  input.stack_name = article;
  input.template_body = read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml");
  ASSERT_TRUE(test.call(create_stack, input));
  settle(article);
  EXPECT_EQ(stack(article)->status, "ROLLBACK_COMPLETE") << story(article);
  EXPECT_NE(
      story(article).find("AlertSubscription CREATE_FAILED Resource handler returned message: \"Invalid "
                          "parameter: Email address\""),
      std::string::npos)
      << story(article);
  EXPECT_EQ(runtime.task_ids().size(), 0u);
  remove(article);
  remove(prerequisites);
  EXPECT_EQ(rows_left(), std::vector<std::string>());
}

TEST_F(LearnerStacks, ask_for_leave_to_name_roles) {
  CreateStackInput input;
  input.stack_name = prerequisites;
  input.template_body = read_file(BERTH_SOURCE_DIR "/examples/learner/prerequisites.yaml");
  const auto refused = test.call(create_stack, input);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "InsufficientCapabilitiesException");
  EXPECT_EQ(refused.error().message, "Requires capabilities : [CAPABILITY_NAMED_IAM]");
}

}  // namespace
}  // namespace berth::cloudformation
