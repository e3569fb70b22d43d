#include "reconcile/network_sync.h"

#include <gtest/gtest.h>

#include "loop/sim_loop.h"
#include "services/ec2/rows.h"
#include "services/elbv2/rows.h"

namespace berth::reconcile {
namespace {

struct FakeNetwork final : world::Network {
  explicit FakeNetwork(Loop& event_loop) : loop(event_loop) {}

  void apply(std::vector<world::VpcSpec> vpcs, std::function<void(Result<>)> done) override {
    applied.push_back(std::move(vpcs));
    loop.after(Duration::ms(100), [this, done] {
      done(problem.empty() ? Result<>() : Result<>(Error{"NetworkFailed", problem}));
    });
  }

  void protect(Firewalls, std::function<void(Result<>)> done) override { done({}); }

  Loop& loop;
  std::vector<std::vector<world::VpcSpec>> applied;
  std::string problem;
};

struct NetworkSyncTest : testing::Test {
  NetworkSyncTest() {
    ec2::add_tables(store);
    elbv2::add_tables(store);
  }

  void put_vpc(const std::string& id) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      ec2::VpcRow vpc;
      vpc.id = id;
      vpc.description.cidr_block = "10.0.0.0/16";
      store.put(vpc);
      return {};
    }));
  }
  void put_subnet(const std::string& id, const std::string& vpc_id) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      ec2::SubnetRow subnet;
      subnet.id = id;
      subnet.vpc_id = vpc_id;
      subnet.description.cidr_block = "10.0.1.0/24";
      store.put(subnet);
      return {};
    }));
  }

  Store store;
  SimLoop loop;
  FakeNetwork network{loop};
  NetworkSync sync{store, loop, network};
};

TEST_F(NetworkSyncTest, RowsBecomeNetworks) {
  put_vpc("vpc-1");
  put_subnet("subnet-1", "vpc-1");
  sync.start();
  loop.run_for(Duration::seconds(1));
  ASSERT_EQ(network.applied.size(), 1u);
  EXPECT_EQ(network.applied[0][0].subnets[0].cidr, "10.0.1.0/24");
  EXPECT_FALSE(network.applied[0][0].subnets[0].routes_to_internet);
  EXPECT_EQ(sync.problem(), "");
}

TEST_F(NetworkSyncTest, ChangesUnderWayAreTakenUpAfterwards) {
  sync.start();
  loop.run_for(Duration::seconds(1));
  put_vpc("vpc-1");
  loop.run_ready();
  put_vpc("vpc-2");
  put_vpc("vpc-3");
  loop.run_for(Duration::seconds(1));
  ASSERT_EQ(network.applied.size(), 3u);
  EXPECT_EQ(network.applied[1].size(), 1u);
  EXPECT_EQ(network.applied[2].size(), 3u);
}

TEST_F(NetworkSyncTest, TriesAgainEverMoreSeldomAndShowsWhy) {
  network.problem = "ip: Operation not permitted";
  put_vpc("vpc-1");
  sync.start();
  loop.run_for(Duration::seconds(20));
  EXPECT_EQ(sync.problem(), "ip: Operation not permitted");
  const auto tries = network.applied.size();
  EXPECT_GE(tries, 4u);
  EXPECT_LE(tries, 6u);
  network.problem.clear();
  loop.run_for(Duration::seconds(30));
  EXPECT_EQ(sync.problem(), "");
  const auto settled = network.applied.size();
  loop.run_for(Duration::minutes(10));
  EXPECT_EQ(network.applied.size(), settled);
}

}  // namespace
}  // namespace berth::reconcile
