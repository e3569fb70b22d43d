#include "control/placement.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

const ServiceSubnet subnets[] = {{"subnet-1", "a"}, {"subnet-2", "a"}, {"subnet-3", "b"}};
Time at(int s) {
  return from_unix_seconds(s);
}

TEST(Placement, SpreadsOverZonesThenSubnets) {
  std::vector<int> tasks{0, 0, 0};
  std::vector<int> order;
  for (int i = 0; i < 6; ++i) {
    order.push_back(next_subnet(subnets, tasks));
    ++tasks[static_cast<std::size_t>(order.back())];
  }
  EXPECT_EQ(order, (std::vector<int>{0, 2, 1, 2, 0, 2}));
}

TEST(Placement, StopsFromTheFullestZoneNewestFirst) {
  const std::vector<StopCandidate> tasks{{0, 0, false, false, at(1)},
                                         {1, 1, false, false, at(2)},
                                         {2, 0, false, false, at(3)},
                                         {3, 2, false, false, at(9)}};
  EXPECT_EQ(victims(tasks, subnets, 1), std::vector<int>{2});
  EXPECT_EQ(victims(tasks, subnets, 3), (std::vector<int>{2, 1, 3}));  // then a and b are level: the newest
}

TEST(Placement, PendingGoFirstAndProtectedStay) {
  const std::vector<StopCandidate> tasks{{0, 0, false, true, at(1)},
                                         {1, 0, false, false, at(2)},
                                         {2, 2, true, false, at(3)},
                                         {3, 0, false, true, at(4)}};
  EXPECT_EQ(victims(tasks, subnets, 1), std::vector<int>{2});
  EXPECT_EQ(victims(tasks, subnets, 4), (std::vector<int>{2, 1}));
}

TEST(Placement, TasksOfADroppedSubnetGoFirst) {
  const std::vector<StopCandidate> tasks{{0, 0, false, false, at(9)}, {1, -1, false, false, at(1)}};
  EXPECT_EQ(victims(tasks, subnets, 1), std::vector<int>{1});
}

}  // namespace
}  // namespace berth::control
