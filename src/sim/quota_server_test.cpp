#include "sim/quota_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "loop/rng.h"
#include "loop/time.h"

namespace berth::sim {
namespace {

using Completions = std::vector<QuotaServer::Completion>;

std::vector<std::int64_t> ends_of(QuotaServer& server, std::int64_t until_us) {
  Completions ended;
  server.advance(until_us, ended);
  std::vector<std::int64_t> ends;
  for (const auto& one : ended) ends.push_back(one.ended_us);
  return ends;
}

using Ends = std::vector<std::int64_t>;

TEST(QuotaServer, StallsOneThreadWhenTheQuotaIsSpent) {
  QuotaServer server({.vcpu = 0.25, .threads = 1});
  server.arrive(0, 60'000);
  EXPECT_EQ(ends_of(server, 1'000'000), Ends{210'000});  // 25 ms, 25 ms and 10 ms of three periods
  EXPECT_EQ(server.cpu_us(), 60'000);
}

TEST(QuotaServer, FourThreadsSpendTheQuotaFourTimesAsFast) {
  QuotaServer server({.vcpu = 0.25, .threads = 4});
  for (int i = 0; i < 4; ++i) server.arrive(0, 10'000);
  EXPECT_EQ(ends_of(server, 20'000), Ends{});
  EXPECT_EQ(server.cpu_us(), 25'000);
  EXPECT_EQ(ends_of(server, 1'000'000), (Ends{103'750, 103'750, 103'750, 103'750}));
}

TEST(QuotaServer, TakesRequestsInOrderOfArrival) {
  QuotaServer server({.vcpu = 0.25, .threads = 1});
  for (int i = 0; i < 3; ++i) server.arrive(i, 10'000);
  EXPECT_EQ(server.in_system(), 3u);
  EXPECT_EQ(server.backlog_us(), 30'000);
  EXPECT_EQ(ends_of(server, 1'000'000), (Ends{10'000, 20'000, 105'000}));
}

TEST(QuotaServer, AFreeThreadServesTheShortRequestBesideTheLongOne) {
  QuotaServer server({.vcpu = 1, .threads = 2});
  server.arrive(0, 40'000);
  server.arrive(0, 5'000);
  server.arrive(1'000, 5'000);
  Completions ended;
  server.advance(1'000'000, ended);
  ASSERT_EQ(ended.size(), 3u);
  EXPECT_EQ(ended[0].ended_us, 5'000);
  EXPECT_EQ(ended[1].arrived_us, 1'000);
  EXPECT_EQ(ended[1].ended_us, 10'000);
  EXPECT_EQ(ended[2].ended_us, 40'000);
}

TEST(QuotaServer, ThePhaseSaysWhenTheFirstPeriodEnds) {
  QuotaServer server({.vcpu = 0.25, .threads = 1, .phase_us = 30'000});
  server.arrive(0, 60'000);
  EXPECT_EQ(ends_of(server, 1'000'000), Ends{140'000});
}

TEST(QuotaServer, OfQuotaLeftOverAMillisecondIsKept) {
  QuotaServer server({.vcpu = 0.25, .threads = 1});
  (void)ends_of(server, 95'000);
  server.arrive(95'000, 40'000);
  EXPECT_EQ(ends_of(server, 1'000'000), Ends{209'000});  // 5 ms, 26 ms, 9 ms
}

TEST(QuotaServer, WorkABitAboveTheQuotaDoesNotStall) {
  QuotaServer server({.vcpu = 0.25, .threads = 1});
  server.arrive(0, 1'000);
  EXPECT_EQ(ends_of(server, 200'000), Ends{1'000});
  server.arrive(200'000, 25'500);
  EXPECT_EQ(ends_of(server, 400'000), Ends{225'500});
  server.arrive(400'000, 26'500);
  EXPECT_EQ(ends_of(server, 1'000'000), Ends{501'000});  // 25.5 ms, and 1 ms
}

TEST(QuotaServer, TwoOnOneCoreAreLaterByTheShorterOnesWork) {
  QuotaServer server({.vcpu = 1, .threads = 2});
  server.arrive(0, 10'000);
  Completions ended;
  server.advance(4'000, ended);
  ASSERT_EQ(server.on_core(), 1u);
  EXPECT_EQ(server.share_core(0, 20'000), 6'000);
  server.arrive(4'000, 20'000, 6'000);
  EXPECT_EQ(ends_of(server, 100'000), (Ends{16'000, 30'000}));
}

TEST(QuotaServer, BusyThreadsShareTheQuota) {
  QuotaServer server({.vcpu = 0.25, .threads = 1});
  server.set_busy_threads(1);
  server.arrive(0, 20'000);
  EXPECT_EQ(ends_of(server, 1'000'000), Ends{107'500});
  EXPECT_EQ(server.cpu_us(), 250'000);  // the whole quota of ten periods
  server.set_busy_threads(0);
  EXPECT_EQ(ends_of(server, 2'000'000), Ends{});
  EXPECT_EQ(server.cpu_us(), 250'000);
}

TEST(QuotaServer, CountsThoseWhoHaveWaitedLong) {
  QuotaServer server({.vcpu = 0.25, .threads = 1});
  for (std::int64_t at = 0; at < 5; ++at) server.arrive(at * 100, 50'000);
  EXPECT_EQ(server.count_arrived(-1, 400), 5u);
  EXPECT_EQ(server.count_arrived(0, 300), 3u);
  (void)ends_of(server, 200'000);  // the first has ended
  EXPECT_EQ(server.count_arrived(-1, 300), 3u);
  server.abandon();
  EXPECT_EQ(server.in_system(), 0u);
  EXPECT_EQ(server.backlog_us(), 0);
}

TEST(QuotaServer, OneLongStepIsWorthManyShortOnes) {
  for (const int threads : {1, 3, 4}) {
    QuotaServer in_one({.vcpu = 0.3, .threads = threads, .phase_us = 17'000});
    QuotaServer in_steps({.vcpu = 0.3, .threads = threads, .phase_us = 17'000});
    for (auto* server : {&in_one, &in_steps}) {
      for (int i = 1; i <= 6; ++i) server->arrive(0, 700'001 * i);
    }
    Completions at_once, step_by_step;
    in_one.advance(60 * us_per_second, at_once);
    for (std::int64_t at = 0; at <= 60 * us_per_second; at += 777) in_steps.advance(at, step_by_step);
    in_steps.advance(60 * us_per_second, step_by_step);
    ASSERT_EQ(at_once.size(), 6u);
    ASSERT_EQ(step_by_step.size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(at_once[i].ended_us, step_by_step[i].ended_us);
    EXPECT_EQ(in_one.cpu_us(), in_steps.cpu_us());
  }
}

TEST(QuotaServer, NoCpuIsLostOrMadeUp) {
  Rng rng(5);
  for (const int threads : {1, 4, 16}) {
    QuotaServer server({.vcpu = 0.5, .threads = threads, .phase_us = 41'000});
    Completions ended;
    std::int64_t at = 0, work = 0;
    for (int i = 0; i < 5'000; ++i) {
      at += static_cast<std::int64_t>(rng.below(50'000));
      server.advance(at, ended);
      const auto cpu_us = static_cast<std::int64_t>(1 + rng.below(24'000));
      server.arrive(at, cpu_us);
      work += cpu_us;
      ASSERT_NEAR(server.cpu_us() + server.backlog_us(), static_cast<double>(work), 0.01);
      ASSERT_LE(server.cpu_us(), 0.5 * (static_cast<double>(at) + 100'000));
    }
    server.advance(at + 600 * us_per_second, ended);
    EXPECT_EQ(ended.size(), 5'000u);
    EXPECT_NEAR(server.cpu_us(), static_cast<double>(work), 0.01);
  }
}

struct Figures {
  double utilization = 0;
  int threads = 0;
  double mean_ms = 0, p95_ms = 0, p99_ms = 0;
};

class Measured : public testing::TestWithParam<Figures> {};

// A process under a quota of 25 ms in 100 and requests of 10 ms, measured for 40 s of Poisson arrivals each,
// the way there and back included: some hundred requests, hence the wide bars.
TEST_P(Measured, TimesAreThoseOfARealProcess) {
  const Figures& expected = GetParam();
  Rng rng(11);
  QuotaServer server({.vcpu = 0.25, .threads = expected.threads});
  Completions ended;
  double at = 0;
  for (int i = 0; i < 200'000; ++i) {
    at += -std::log(1 - rng.uniform()) * 40'000 / expected.utilization;
    const auto at_us = static_cast<std::int64_t>(at);
    server.advance(at_us, ended);
    server.arrive(at_us, 10'000);
  }
  std::vector<double> times_ms;
  double sum_ms = 0;
  for (const auto& one : ended) {
    times_ms.push_back(static_cast<double>(one.ended_us - one.arrived_us) / 1000);
    sum_ms += times_ms.back();
  }
  std::sort(times_ms.begin(), times_ms.end());
  EXPECT_NEAR(server.cpu_us() / at / 0.25, expected.utilization, 0.01);
  EXPECT_NEAR(sum_ms / static_cast<double>(times_ms.size()), expected.mean_ms, 0.2 * expected.mean_ms);
  EXPECT_NEAR(times_ms[times_ms.size() * 95 / 100], expected.p95_ms, 0.15 * expected.p95_ms);
  EXPECT_NEAR(times_ms[times_ms.size() * 99 / 100], expected.p99_ms, 0.3 * expected.p99_ms);
}

INSTANTIATE_TEST_SUITE_P(QuotaServer, Measured,
                         testing::Values(Figures{0.4, 1, 16.9, 45.7, 95.5}, Figures{0.4, 4, 17.4, 52.5, 85.9},
                                         Figures{0.7, 1, 39.4, 137, 185}, Figures{0.7, 4, 51.7, 186, 253}));

}  // namespace
}  // namespace berth::sim
