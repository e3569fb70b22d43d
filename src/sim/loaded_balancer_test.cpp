#include "sim/loaded_balancer.h"

#include <gtest/gtest.h>

#include "loop/sim_loop.h"

namespace berth::sim {
namespace {

using world::TargetHealth;
using world::TargetUse;

// Tasks whose waits a test sets.
class SetLoad final : public LoadModel {
 public:
  void advance(SteadyTime now) override { at = now; }
  void add(const std::string& address, double vcpu) override { vcpus[address] = vcpu; }
  void remove(const std::string& address) override { vcpus.erase(address); }
  void serve_from(const std::vector<std::string>& addresses) override { serving = addresses; }
  RealDuration wait(const std::string& address) const override {
    const auto found = waits.find(address);
    return found == waits.end() ? RealDuration{} : found->second;
  }
  bool idle(const std::string& address) const override { return !at_work.contains(address); }
  double cpu_us(const std::string&) const override { return 0; }
  SteadyTime calm_until() const override { return at + look; }

  SteadyTime at{};
  RealDuration look = RealDuration::seconds(1);
  std::map<std::string, double> vcpus;
  std::map<std::string, RealDuration> waits;
  std::set<std::string> at_work;
  std::vector<std::string> serving;
};

class Heard final : public world::BalancerListener {
 public:
  void on_target_health(const world::TargetHealthEvent& event) override { events.push_back(event); }
  void on_traffic(const std::vector<world::TrafficReport>& reports) override { traffic = reports; }
  void on_target_idle(const std::string&, const std::string& target) override { idle.push_back(target); }

  std::vector<world::TargetHealthEvent> events;
  std::vector<world::TrafficReport> traffic;
  std::vector<std::string> idle;
};

class LoadedBalancerTest : public testing::Test {
 protected:
  LoadedBalancerTest() {
    world::LoadBalancerSpec front;
    front.arn = "lb";
    front.address = "127.0.0.5";
    front.listeners.emplace_back();
    spec.load_balancers = {front};
    world::TargetGroupSpec group;
    group.arn = "tg";
    group.healthy_threshold = 3;
    spec.target_groups = {group};
  }
  void have(const std::vector<std::string>& addresses, TargetUse use = TargetUse::active) {
    for (const auto& address : addresses) {
      balancer.note_task(address, 0.25);
      spec.target_groups[0].targets.push_back({address, 80, use});
    }
    balancer.apply(spec);
  }
  void run(double seconds) { loop.run_for(Duration::seconds(seconds)); }
  std::vector<TargetHealth> health_of(const std::string& target) const {
    std::vector<TargetHealth> seen;
    for (const auto& event : heard.events) {
      if (event.target_id == target) seen.push_back(event.health);
    }
    return seen;
  }

  SimLoop loop;
  Heard heard;
  LoadedBalancer balancer{loop, heard, {RealDuration::seconds(2), RealDuration::seconds(2)}};
  AppModel app;
  LatencyTable table{app, 0.25, 1};
  TrafficLedger ledger{app, table};
  SetLoad load;
  world::BalancerSpec spec;
};

using Healths = std::vector<TargetHealth>;
using Addresses = std::vector<std::string>;

TEST_F(LoadedBalancerTest, AFreshTargetServesAfterItsFirstProbe) {
  balancer.send_traffic("tg", load, ledger);
  have({"a"});
  EXPECT_EQ(load.vcpus.at("a"), 0.25);
  run(1.9);
  EXPECT_EQ(health_of("a:80"), Healths{TargetHealth::initial});
  EXPECT_EQ(load.serving, Addresses{});
  run(0.2);
  EXPECT_EQ(health_of("a:80"), (Healths{TargetHealth::initial, TargetHealth::healthy}));
  EXPECT_EQ(load.serving, Addresses{"a"});
}

TEST_F(LoadedBalancerTest, TargetsFromBeforeTheTrafficGetIt) {
  have({"a"});
  run(5);
  EXPECT_TRUE(load.vcpus.empty());
  balancer.send_traffic("tg", load, ledger);
  EXPECT_EQ(load.vcpus.at("a"), 0.25);
  EXPECT_EQ(load.serving, Addresses{"a"});
}

TEST_F(LoadedBalancerTest, SlowProbesTakeATargetOutAndQuickOnesBackIn) {
  balancer.send_traffic("tg", load, ledger);
  have({"a", "b"});
  run(3);
  load.waits["a"] = RealDuration::seconds(6);
  run(30);  // one failed probe
  EXPECT_EQ(load.serving, (Addresses{"a", "b"}));
  run(30);
  EXPECT_EQ(load.serving, Addresses{"b"});
  EXPECT_EQ(heard.events.back().reason, "Target.Timeout");
  load.waits.clear();
  run(60);  // two of three
  EXPECT_EQ(load.serving, Addresses{"b"});
  run(30);
  EXPECT_EQ(load.serving, (Addresses{"a", "b"}));
}

TEST_F(LoadedBalancerTest, AProbeThatSucceedsBetweenForgivesTheFailure) {
  balancer.send_traffic("tg", load, ledger);
  have({"a"});
  run(3);
  for (int i = 0; i < 4; ++i) {
    load.waits["a"] = RealDuration::seconds(6);
    run(30);
    load.waits.clear();
    run(30);
  }
  EXPECT_EQ(health_of("a:80").back(), TargetHealth::healthy);
}

TEST_F(LoadedBalancerTest, FailsOpenWhenNoTargetIsHealthy) {
  balancer.send_traffic("tg", load, ledger);
  have({"a", "b"});
  run(3);
  load.waits = {{"a", RealDuration::seconds(6)}, {"b", RealDuration::seconds(6)}};
  run(60);
  EXPECT_EQ(health_of("a:80").back(), TargetHealth::unhealthy);
  EXPECT_EQ(health_of("b:80").back(), TargetHealth::unhealthy);
  EXPECT_EQ(load.serving, (Addresses{"a", "b"}));
}

TEST_F(LoadedBalancerTest, ADrainingTargetIsIdleWhenItsRequestsHaveEnded) {
  balancer.send_traffic("tg", load, ledger);
  have({"a", "b"});
  run(3);
  load.at_work = {"a"};
  spec.target_groups[0].targets[0].use = TargetUse::draining;
  balancer.apply(spec);
  EXPECT_EQ(load.serving, Addresses{"b"});
  run(10);
  EXPECT_TRUE(heard.idle.empty());
  load.at_work.clear();
  run(2);
  EXPECT_EQ(heard.idle, Addresses{"a:80"});
  run(60);
  EXPECT_EQ(heard.idle.size(), 1u);  // told once
  spec.target_groups[0].targets.erase(spec.target_groups[0].targets.begin());
  balancer.apply(spec);
  EXPECT_FALSE(load.vcpus.contains("a"));
}

TEST_F(LoadedBalancerTest, ReportsTheMinuteAsALoadBalancerDoes) {
  balancer.send_traffic("tg", load, ledger);
  have({"a"});
  run(3);
  ledger.now() = {.requests = 10, .failed_502 = 1, .failed_503 = 2, .failed_504 = 3};
  for (int i = 0; i < 4; ++i) ledger.answer(20);
  const auto minute = balancer.close_minute();
  EXPECT_EQ(minute.counts.answered(), 4);
  ASSERT_EQ(heard.traffic.size(), 2u);
  EXPECT_EQ(heard.traffic[0].target_group_arn, "tg");
  EXPECT_EQ(heard.traffic[0].requests, 8);  // those without a target are not the group's
  EXPECT_EQ(heard.traffic[0].by_status.at(200), 4);
  EXPECT_EQ(heard.traffic[1].elb_by_status, (world::Counts{{502, 1}, {503, 2}, {504, 3}}));
  heard.traffic.clear();
  (void)balancer.close_minute();
  EXPECT_TRUE(heard.traffic.empty());
}

}  // namespace
}  // namespace berth::sim
