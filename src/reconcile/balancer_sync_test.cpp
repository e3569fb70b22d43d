#include "reconcile/balancer_sync.h"

#include "reconcile/balancer_fixture.h"
#include "reconcile/balancer_spec.h"
#include "services/elbv2/resources.h"

namespace berth::reconcile {
namespace {

using BalancerSyncTest = BalancerFixture;

TEST_F(BalancerSyncTest, RowsBecomeTheSpec) {
  register_one();
  start();
  ASSERT_EQ(balancer.spec().load_balancers.size(), 1u);
  const auto& web = balancer.spec().load_balancers[0];
  EXPECT_EQ(web.address, "127.1.2.3");
  EXPECT_EQ(web.idle_timeout, RealDuration::seconds(30));
  EXPECT_EQ(web.listeners[0].default_action.forward[0].target_group_arn, tg);
  const auto& group = balancer.spec().target_groups[0];
  EXPECT_EQ(group.check_path, "/api/health");
  EXPECT_EQ(group.vpc_id, "vpc-1");
  EXPECT_EQ(group.targets[0].id(), target);
  EXPECT_EQ(group.targets[0].use, world::TargetUse::active);
}

TEST_F(BalancerSyncTest, ManyChangesAreOneStepAndNoChangeIsNone) {
  start();
  const int before = balancer.apply_count();
  for (int port = 80; port < 90; ++port) {
    write([&] { elbv2::register_target(store, tg, "10.0.1.4", port, loop.now()); });
  }
  loop.run_ready();
  EXPECT_EQ(balancer.apply_count(), before + 1);
  loop.run_for(Duration::minutes(5));  // health is written, the wish stays the same
  EXPECT_EQ(row()->state, "healthy");
  EXPECT_EQ(balancer.apply_count(), before + 1);
}

TEST_F(BalancerSyncTest, GroupsThatNobodyForwardsToAreLeftOut) {
  write([&] { store.erase<elbv2::ListenerRow>("listener"); });
  register_one();
  start();
  EXPECT_TRUE(balancer.spec().target_groups.empty());
}

TEST_F(BalancerSyncTest, TargetsInOtherZonesAreLeftOut) {
  register_one();
  write([&] { store.edit<ec2::SubnetRow>("subnet-1")->description.availability_zone = "us-east-1b"; });
  start();
  EXPECT_TRUE(balancer.spec().target_groups[0].targets.empty());
}

TEST_F(BalancerSyncTest, ActiveOnceTheWorldHasIt) {
  balancer.state.running = false;
  balancer.state.problem = "haproxy: not found";
  start();
  loop.run_for(Duration::seconds(10));
  const auto& state = store.find<elbv2::LoadBalancerRow>(lb)->description.state;
  EXPECT_EQ(state->code, "provisioning");
  EXPECT_EQ(state->reason, "haproxy: not found");
  balancer.state.running = true;
  balancer.state.problem.clear();
  loop.run_for(Duration::seconds(10));
  EXPECT_EQ(state->code, "active");
  EXPECT_FALSE(state->reason);
}

TEST_F(BalancerSyncTest, ActiveThoughOneOfItsAddressesIsTaken) {
  balancer.state.problem = "127.0.0.1:80 cannot be listened on: Address already in use";
  start();
  loop.run_for(Duration::seconds(10));
  EXPECT_EQ(store.find<elbv2::LoadBalancerRow>(lb)->description.state->code, "active");
}

TEST_F(BalancerSyncTest, RulesStandByPriorityWithTheirConditions) {
  write([&] {
    for (const int priority : {7, 3}) {
      elbv2::RuleRow rule;
      rule.arn = "rule-" + std::to_string(priority);
      rule.listener_arn = "listener";
      rule.priority = priority;
      elbv2::RuleCondition query;
      query.field = "query-string";
      query.query_string_config = elbv2::QueryStringConditionConfig{};
      query.query_string_config->values = {elbv2::QueryStringKeyValuePair{"v", "1"}};
      rule.description.conditions = {query};
      elbv2::Action redirect;
      redirect.type = "redirect";
      redirect.redirect_config = elbv2::RedirectActionConfig{.status_code = "HTTP_301", .protocol = "HTTPS"};
      rule.description.actions = {redirect};
      store.put(rule);
    }
    elbv2::RuleRow last;
    last.arn = "rule-default";
    last.listener_arn = "listener";
    last.priority = elbv2::default_rule_priority;
    store.put(last);
  });
  const auto rules = balancer_spec(store).load_balancers[0].listeners[0].rules;
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].priority, 3);
  EXPECT_EQ(rules[0].conditions[0].query_values[0], (std::pair<std::string, std::string>("v", "1")));
  EXPECT_EQ(rules[0].action.status_code, 301);
  EXPECT_EQ(rules[0].action.redirect_protocol, "HTTPS");
  EXPECT_EQ(rules[0].action.redirect_path, "/#{path}");
}

}  // namespace
}  // namespace berth::reconcile
