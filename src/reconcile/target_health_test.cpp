#include "reconcile/target_health.h"

#include "reconcile/balancer_fixture.h"

namespace berth::reconcile {
namespace {

using TargetHealthTest = BalancerFixture;

TEST_F(TargetHealthTest, FromRegistrationToHealthy) {
  start();
  register_one();
  EXPECT_EQ(row()->reason, "Elb.RegistrationInProgress");
  loop.run_ready();
  EXPECT_EQ(row()->state, "initial");
  EXPECT_EQ(row()->reason, "Elb.InitialHealthChecking");
  EXPECT_FALSE(row()->was_healthy);
  loop.run_for(Duration::seconds(1));
  EXPECT_EQ(row()->state, "healthy");
  EXPECT_EQ(row()->reason, "");
  EXPECT_TRUE(row()->was_healthy);
}

TEST_F(TargetHealthTest, UnhealthyKeepsItsReasonAndSince) {
  start();
  register_one();
  loop.run_for(Duration::seconds(1));
  balancer.report_health(tg, target, world::TargetHealth::unhealthy, "Target.ResponseCodeMismatch",
                         "Health checks failed with these codes: [503]");
  loop.run_for(Duration::seconds(1));
  EXPECT_EQ(row()->state, "unhealthy");
  EXPECT_EQ(row()->reason, "Target.ResponseCodeMismatch");
  const Time since = row()->state_since;
  balancer.report_health(tg, target, world::TargetHealth::unhealthy, "Target.Timeout", "Request timed out");
  loop.run_for(Duration::seconds(1));
  EXPECT_EQ(row()->description, "Request timed out");
  EXPECT_EQ(row()->state_since, since);
  EXPECT_TRUE(row()->was_healthy);
}

TEST_F(TargetHealthTest, EventsOfStrangersAreIgnored) {
  start();
  balancer.report_health(tg, "10.9.9.9:80", world::TargetHealth::healthy);
  loop.run_for(Duration::seconds(1));
  EXPECT_TRUE(store.all<elbv2::TargetRow>().empty());
}

TEST_F(TargetHealthTest, DrainsForTheDelay) {
  start();
  register_one();
  loop.run_for(Duration::seconds(5));
  deregister_one();
  loop.run_for(Duration::seconds(99));
  ASSERT_TRUE(row());
  EXPECT_EQ(row()->state, "draining");
  EXPECT_EQ(balancer.spec().target_groups[0].targets[0].use, world::TargetUse::draining);
  balancer.report_health(tg, target, world::TargetHealth::healthy);  // late news change nothing
  loop.run_ready();
  EXPECT_EQ(row()->state, "draining");
  loop.run_for(Duration::seconds(1));
  EXPECT_FALSE(row());
  loop.run_ready();
  EXPECT_TRUE(balancer.spec().target_groups[0].targets.empty());
}

TEST_F(TargetHealthTest, ComingBackEndsTheDrain) {
  start();
  register_one();
  loop.run_for(Duration::seconds(5));
  deregister_one();
  loop.run_for(Duration::seconds(50));
  register_one();
  loop.run_for(Duration::seconds(100));
  ASSERT_TRUE(row());
  EXPECT_EQ(row()->state, "healthy");
}

TEST_F(TargetHealthTest, WithoutItsLoadBalancerNothingDrainsOrIsHealthy) {
  start();
  register_one();
  write([&] { elbv2::register_target(store, tg, "10.0.1.5", 80, loop.now()); });
  loop.run_for(Duration::seconds(5));
  deregister_one();
  write([&] { store.erase<elbv2::ListenerRow>("listener"); });
  loop.run_ready();
  EXPECT_FALSE(row());
  EXPECT_EQ(elbv2::find_target(store, tg, "10.0.1.5", 80)->state, "initial");
  write([&] { put_listener(); });
  loop.run_for(Duration::seconds(5));
  EXPECT_EQ(elbv2::find_target(store, tg, "10.0.1.5", 80)->state, "healthy");
}

struct AcceleratedDrain : BalancerFixture {
  AcceleratedDrain() : BalancerFixture(10) {}
  RealDuration real(SteadyTime from) { return loop.steady() - from; }
};

TEST_F(AcceleratedDrain, IdleTargetsLeaveOnBerthsClock) {
  start();
  register_one();
  loop.run_for(Duration::seconds(5));
  const SteadyTime from = loop.steady();
  deregister_one();
  loop.run_for(Duration::seconds(100));
  EXPECT_FALSE(row());
  EXPECT_EQ(real(from), RealDuration::seconds(10));
}

TEST_F(AcceleratedDrain, RequestsInFlightHaveTheDelayInRealSeconds) {
  start();
  register_one();
  loop.run_for(Duration::seconds(5));
  balancer.busy.insert({tg, target});
  deregister_one();
  loop.run_for(Duration::seconds(999));
  ASSERT_TRUE(row());
  EXPECT_EQ(row()->state, "draining");
  loop.run_for(Duration::seconds(1.5));
  EXPECT_FALSE(row());
}

TEST_F(AcceleratedDrain, TheLastRequestEndsIt) {
  start();
  register_one();
  loop.run_for(Duration::seconds(5));
  balancer.busy.insert({tg, target});
  deregister_one();
  loop.run_for(Duration::seconds(300));
  ASSERT_TRUE(row());
  balancer.finish_requests(tg, target);
  loop.run_ready();
  EXPECT_FALSE(row());
}

TEST_F(AcceleratedDrain, ARestartForgetsNothing) {
  register_one();
  deregister_one();
  ASSERT_EQ(row()->state, "draining");
  loop.run_for(Duration::seconds(200));  // the daemon is down
  start();
  loop.run_for(Duration::seconds(1));
  EXPECT_FALSE(row());
}

}  // namespace
}  // namespace berth::reconcile
