#include "services/elbv2/targets.h"

#include <gtest/gtest.h>

namespace berth::elbv2 {
namespace {

constexpr Time start = from_unix_seconds(1'750'000'000);

struct Targets : testing::Test {
  Targets() { add_tables(store); }
  template <class Work>
  void write(Work work) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      work();
      return {};
    }));
  }
  void forward(const std::string& group) {
    write([&] {
      Action action;
      action.type = "forward";
      action.target_group_arn = group;
      ListenerRow listener;
      listener.arn = "listener";
      listener.load_balancer_arn = "lb";
      listener.description.default_actions = {action};
      store.put(listener);
    });
  }
  Store store;
};

TEST_F(Targets, DrainForTheDelayAndComeBack) {
  forward("tg");
  write([&] {
    TargetGroupRow group;
    group.arn = "tg";
    group.attributes["deregistration_delay.timeout_seconds"] = "20";
    store.put(group);
    register_target(store, "tg", "10.0.0.4", 80, start);
    store.edit<TargetRow>("tg|10.0.0.4:80")->state = "healthy";
    register_target(store, "tg", "10.0.0.4", 80, start + Duration::seconds(1));
  });
  EXPECT_EQ(find_target(store, "tg", "10.0.0.4", 80)->state, "healthy");
  write([&] { deregister_target(store, "tg", "10.0.0.4", 80, start); });
  EXPECT_EQ(find_target(store, "tg", "10.0.0.4", 80)->state, "draining");
  EXPECT_EQ(find_target(store, "tg", "10.0.0.4", 80)->drain_until, start + Duration::seconds(20));
  write([&] { register_target(store, "tg", "10.0.0.4", 80, start); });
  EXPECT_EQ(find_target(store, "tg", "10.0.0.4", 80)->state, "initial");
  EXPECT_FALSE(find_target(store, "tg", "10.0.0.4", 80)->drain_until);
}

TEST_F(Targets, WithoutALoadBalancerNothingDrains) {
  EXPECT_FALSE(has_load_balancer(store, "tg"));
  write([&] {
    register_target(store, "tg", "10.0.0.4", 80, start);
    deregister_target(store, "tg", "10.0.0.4", 80, start);
    deregister_target(store, "tg", "10.0.0.9", 80, start);
  });
  EXPECT_FALSE(find_target(store, "tg", "10.0.0.4", 80));
}

TEST_F(Targets, RulesForwardToo) {
  forward("other");
  write([&] {
    Action action;
    action.type = "forward";
    action.forward_config = ForwardActionConfig{};
    action.forward_config->target_groups = {TargetGroupTuple{.target_group_arn = "tg", .weight = 1}};
    RuleRow rule;
    rule.arn = "rule";
    rule.listener_arn = "listener";
    rule.description.actions = {action};
    store.put(rule);
  });
  EXPECT_TRUE(has_load_balancer(store, "tg"));
  EXPECT_EQ(load_balancers_by_group(store).at("tg"), std::set<std::string>{"lb"});
}

}  // namespace
}  // namespace berth::elbv2
