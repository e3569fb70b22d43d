#include "sim/shared_cores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace berth::sim {
namespace {

using Completions = std::vector<QuotaServer::Completion>;

class SharedCoresTest : public testing::Test {
 protected:
  QuotaServer& add_task(SharedCores& cores) {
    cores.add(tasks_.emplace_back(QuotaServer({.vcpu = 1, .threads = 4})));
    return tasks_.back();
  }
  std::int64_t lost_by(SharedCores& cores, QuotaServer& task, std::int64_t at_us, std::int64_t cpu_us) {
    const std::int64_t lost_us = cores.begin(task, at_us, cpu_us, ended_);
    task.arrive(at_us, cpu_us, lost_us);
    return lost_us;
  }

  std::deque<QuotaServer> tasks_;
  Completions ended_;
};

TEST_F(SharedCoresTest, TasksWithCoresOfTheirOwnLoseNothing) {
  SharedCores cores(AppModel{}, 1);
  auto &one = add_task(cores), &other = add_task(cores);
  EXPECT_EQ(lost_by(cores, one, 0, 10'000), 0);
  EXPECT_EQ(lost_by(cores, other, 0, 10'000), 0);
}

TEST_F(SharedCoresTest, TheThirdOnTwoCoresMeetsOneOfThem) {
  const AppModel app{.cores = 2};
  SharedCores cores(app, 1);
  auto &one = add_task(cores), &other = add_task(cores), &third = add_task(cores);
  EXPECT_EQ(lost_by(cores, one, 0, 10'000), 0);
  EXPECT_EQ(lost_by(cores, other, 0, 10'000), 0);
  EXPECT_EQ(lost_by(cores, third, 4'000, 10'000), 6'000);
  for (auto* task : {&one, &other, &third}) task->advance(100'000, ended_);
  std::vector<std::int64_t> took_us;
  for (const auto& done : ended_) took_us.push_back(done.ended_us - done.arrived_us);
  std::sort(took_us.begin(), took_us.end());
  EXPECT_EQ(took_us, (std::vector<std::int64_t>{10'000, 16'000, 16'000}));
}

TEST_F(SharedCoresTest, AKernelThatMissesPutsTwoOnOneOfTwoCoresHalfOfTheTime) {
  const AppModel app{.cores = 2, .core_misses = 1};
  SharedCores cores(app, 1);
  auto &one = add_task(cores), &other = add_task(cores);
  int met = 0;
  for (std::int64_t at = 0; at < 100'000'000; at += 100'000) {
    lost_by(cores, one, at, 10'000);
    met += lost_by(cores, other, at, 10'000) > 0;
  }
  EXPECT_NEAR(met, 500, 60);
}

TEST_F(SharedCoresTest, WhoHasSpentTheQuotaHasNoCore) {
  const AppModel app{.cores = 1};
  SharedCores cores(app, 1);
  QuotaServer small({.vcpu = 0.25, .threads = 1});
  cores.add(small);
  small.arrive(0, 40'000);
  EXPECT_EQ(lost_by(cores, add_task(cores), 50'000, 10'000), 0);  // its quota is spent since 25 ms
}

}  // namespace
}  // namespace berth::sim
