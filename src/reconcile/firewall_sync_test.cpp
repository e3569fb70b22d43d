#include "reconcile/firewall_sync.h"

#include <gtest/gtest.h>

#include "loop/sim_loop.h"
#include "services/all_tables.h"
#include "services/elbv2/rows.h"

namespace berth::reconcile {
namespace {

struct RecordingNetwork final : world::Network {
  void apply(std::vector<world::VpcSpec>, std::function<void(Result<>)> done) override { done({}); }
  void protect(Firewalls firewalls, std::function<void(Result<>)> done) override {
    calls.push_back(firewalls);
    if (!problem.empty()) return done(Error{"SystemError", problem});
    for (auto& [id, firewall] : firewalls) {
      if (firewall) {
        now[id] = *firewall;
      } else {
        now.erase(id);
      }
    }
    done({});
  }
  std::vector<Firewalls> calls;
  std::map<std::string, world::FirewallSpec> now;
  std::string problem;
};

struct FirewallSyncTest : testing::Test {
  FirewallSyncTest() { services::add_tables(store); }

  template <class Work>
  void write(Work work) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      work();
      return {};
    }));
    loop.run_for(Duration::ms(10));
  }
  void put_task(const std::string& id, const std::string& address, const std::string& group,
                const std::string& status = "RUNNING") {
    write([&] {
      ecs::TaskRow task;
      task.id = id;
      task.address = address;
      task.vpc_id = "vpc-1";
      if (!group.empty()) task.security_groups = {group};
      task.last_status = status;
      store.put(task);
    });
  }
  void put_rule(const std::string& id, const std::string& group, ec2::SecurityGroupRule rule) {
    write([&] {
      rule.is_egress = rule.is_egress.value_or(false);
      store.put(ec2::SecurityGroupRuleRow{id, group, rule});
    });
  }
  static ec2::SecurityGroupRule tcp(int port, const std::string& peer) {
    ec2::SecurityGroupRule rule;
    rule.ip_protocol = "tcp";
    rule.from_port = rule.to_port = port;
    if (peer.starts_with("sg-")) {
      rule.referenced_group_info.emplace().group_id = peer;
    } else {
      rule.cidr_ipv4 = peer;
    }
    return rule;
  }
  std::vector<std::string> ingress_peers(const std::string& task) {
    return network.now[task].ingress.empty() ? std::vector<std::string>{}
                                             : network.now[task].ingress[0].peers;
  }

  Store store;
  SimLoop loop;
  RecordingNetwork network;
  FirewallSync sync{store, loop, network};
};

using Peers = std::vector<std::string>;

TEST_F(FirewallSyncTest, RulesOfTheGroupsAreToldAndChangesFollowAtOnce) {
  put_rule("sgr-1", "sg-web", tcp(80, "10.0.0.0/16"));
  put_task("task-1", "10.0.1.4", "sg-web");
  sync.start();
  loop.run_ready();
  ASSERT_EQ(network.now["task-1"].ingress.size(), 1u);
  EXPECT_EQ(network.now["task-1"].ingress[0], (world::TrafficRule{"tcp", 80, 80, {"10.0.0.0/16"}}));
  EXPECT_TRUE(network.now["task-1"].egress.empty());
  put_rule("sgr-1", "sg-web", tcp(81, "0.0.0.0/0"));
  EXPECT_EQ(network.now["task-1"].ingress[0], (world::TrafficRule{"tcp", 81, 81, {"0.0.0.0/0"}}));
  write([&] { store.erase<ec2::SecurityGroupRuleRow>("sgr-1"); });
  EXPECT_TRUE(network.now["task-1"].ingress.empty());
}

TEST_F(FirewallSyncTest, AGroupStandsForItsMembersAsTheyComeAndGo) {
  sync.start();
  put_rule("sgr-1", "sg-web", tcp(80, "sg-web"));
  put_task("task-1", "10.0.1.4", "sg-web");
  EXPECT_EQ(ingress_peers("task-1"), (Peers{"10.0.1.4/32"}));
  put_task("task-2", "10.0.1.5", "sg-web");
  EXPECT_EQ(ingress_peers("task-1"), (Peers{"10.0.1.4/32", "10.0.1.5/32"}));
  put_task("task-2", "10.0.1.5", "sg-web", "STOPPED");
  EXPECT_EQ(ingress_peers("task-1"), (Peers{"10.0.1.4/32"}));
  EXPECT_FALSE(network.now.contains("task-2"));
  put_task("task-3", "10.0.1.6", "sg-other");
  EXPECT_EQ(ingress_peers("task-1"), (Peers{"10.0.1.4/32"}));
}

TEST_F(FirewallSyncTest, ALoadBalancersGroupStandsForItsAddressesInTheVpc) {
  put_rule("sgr-1", "sg-task", tcp(80, "sg-alb"));
  put_task("task-1", "10.0.1.7", "sg-task");
  sync.start();
  loop.run_ready();
  EXPECT_TRUE(network.now["task-1"].ingress.empty());
  write([&] {
    elbv2::LoadBalancerRow balancer;
    balancer.arn = "arn:lb";
    balancer.nodes = {{"subnet-1", "10.0.1.4"}, {"subnet-2", "10.0.2.4"}};
    balancer.description.security_groups = std::vector<std::string>{"sg-alb"};
    store.put(balancer);
  });
  EXPECT_EQ(ingress_peers("task-1"), (Peers{"10.0.1.4/32", "10.0.2.4/32"}));
}

TEST_F(FirewallSyncTest, WhoIsNotConcernedIsNotTold) {
  put_rule("sgr-1", "sg-web", tcp(80, "0.0.0.0/0"));
  put_task("task-1", "10.0.1.4", "sg-web");
  sync.start();
  loop.run_ready();
  const auto calls = network.calls.size();
  put_task("task-2", "10.0.1.5", "sg-web");
  put_task("task-1", "10.0.1.4", "sg-web", "DEACTIVATING");
  ASSERT_EQ(network.calls.size(), calls + 1);
  EXPECT_EQ(network.calls.back().size(), 1u);
  EXPECT_TRUE(network.calls.back().contains("task-2"));
}

TEST_F(FirewallSyncTest, WithoutAGroupTheDefaultOneCounts) {
  write([&] {
    ec2::SecurityGroupRow group;
    group.id = "sg-default";
    group.vpc_id = "vpc-1";
    group.description.group_name = "default";
    store.put(group);
  });
  put_rule("sgr-1", "sg-default", tcp(80, "sg-default"));
  put_task("task-1", "10.0.1.4", "");
  sync.start();
  loop.run_ready();
  EXPECT_EQ(ingress_peers("task-1"), (Peers{"10.0.1.4/32"}));
}

TEST_F(FirewallSyncTest, TriesAgainAndSaysWhy) {
  network.problem = "nft: no room";
  put_task("task-1", "10.0.1.4", "sg-web");
  sync.start();
  loop.run_ready();
  EXPECT_EQ(sync.problem(), "nft: no room");
  EXPECT_FALSE(network.now.contains("task-1"));
  network.problem.clear();
  loop.run_for(Duration::seconds(5));
  EXPECT_EQ(sync.problem(), "");
  EXPECT_TRUE(network.now.contains("task-1"));
}

}  // namespace
}  // namespace berth::reconcile
