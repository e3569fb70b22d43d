// What both tiers must agree on, each by itself; and both of them side by side.
#include <gtest/gtest.h>

#include <cmath>

#include "sim/event_load.h"
#include "sim/fluid_load.h"

namespace berth::sim {
namespace {

constexpr SteadyTime origin{5 * us_per_second};
const std::string a = "10.0.0.1", b = "10.0.0.2";

Traffic steady_traffic(double rps, int minutes = 60) {
  Traffic traffic;
  traffic.duration_us = minutes * us_per_minute;
  traffic.segments = {{0, rps}};
  return traffic;
}

struct Tier {
  Tier(bool every_request, const AppModel& app_model, Traffic what)
      : app(app_model), traffic(std::move(what)), table(app, 0.25, 1), ledger(app, table) {
    if (every_request) {
      load = std::make_unique<EventLoad>(app, traffic, origin, ledger, 1);
    } else {
      load = std::make_unique<FluidLoad>(app, traffic, origin, ledger);
    }
  }
  void serve(const std::vector<std::string>& addresses) {
    for (const auto& address : addresses) load->add(address, 0.25);
    load->serve_from(addresses);
  }
  // In steps of a second, as the simulated balancer looks.
  void run_to(double seconds) {
    for (double at = 0; at < seconds; at += 1) load->advance(origin + RealDuration::seconds(at));
    load->advance(origin + RealDuration::seconds(seconds));
  }
  TrafficCounts counts() {
    (void)ledger.close_minute();
    return ledger.total();
  }

  AppModel app;
  Traffic traffic;
  LatencyTable table;
  TrafficLedger ledger;
  std::unique_ptr<LoadModel> load;
};

class BothTiers : public testing::TestWithParam<bool> {
 protected:
  // Random arrivals of that many requests may be off by so much.
  static double slack(double requests) { return GetParam() ? 4 * std::sqrt(requests) : 0.001 * requests; }
};

INSTANTIATE_TEST_SUITE_P(LoadModel, BothTiers, testing::Bool(),
                         [](const auto& tier) { return tier.param ? "events" : "fluid"; });

TEST_P(BothTiers, CpuIsRequestsTimesTheirCost) {
  Tier tier(GetParam(), {.cpu_ms = 10}, steady_traffic(20));
  tier.serve({a, b});
  tier.run_to(600);
  const auto counts = tier.counts();
  EXPECT_NEAR(counts.requests, 12'000, slack(12'000));
  EXPECT_EQ(counts.failed(), 0);
  const double cpu_us = tier.load->cpu_us(a) + tier.load->cpu_us(b);
  EXPECT_NEAR(cpu_us, counts.requests * 10'000, 50'000);  // some are still at work
  EXPECT_NEAR(tier.load->cpu_us(a), tier.load->cpu_us(b), 50'000);
  EXPECT_EQ(tier.load->cpu_us("10.9.9.9"), 0);
}

TEST_P(BothTiers, NothingComesBeforeTheTrafficAndNothingAfterIt) {
  Tier tier(GetParam(), {}, steady_traffic(10, 1));
  tier.serve({a});
  tier.load->advance(origin);
  EXPECT_EQ(tier.counts().requests, 0);
  tier.run_to(600);
  EXPECT_NEAR(tier.counts().requests, 600, slack(600));
  EXPECT_TRUE(tier.load->idle(a));
}

TEST(EventLoad, PlaysKnownArrivalsAsTheyAre) {
  Traffic traffic = steady_traffic(2, 1);
  traffic.arrivals_us = {100'000, 100'000, 59'990'000};
  Tier tier(true, {.cpu_ms = 10, .objective_ms = 15}, traffic);
  tier.serve({a});
  tier.run_to(59.985);
  EXPECT_EQ(tier.counts().requests, 2);
  tier.run_to(120);
  EXPECT_EQ(tier.counts().requests, 3);
  EXPECT_EQ(tier.load->cpu_us(a), 30'000);
}

TEST_P(BothTiers, RequestsAreLaterWhereTasksShareCores) {
  const AppModel apart{.cpu_ms = 10}, shared{.cpu_ms = 10, .cores = 1};
  double late[2] = {};
  for (const AppModel* app : {&apart, &shared}) {
    AppModel judged = *app;
    judged.objective_ms = 12;
    Tier tier(GetParam(), judged, steady_traffic(30));
    tier.serve({a, b, "10.0.0.3", "10.0.0.4"});
    tier.run_to(600);
    late[app == &shared] = tier.counts().late;
  }
  EXPECT_GT(late[1], late[0] + 0.1 * 30 * 600);
}

TEST_P(BothTiers, WithoutServersAllEndIn503) {
  Tier tier(GetParam(), {}, steady_traffic(10));
  tier.load->add(a, 0.25);  // not serving yet
  tier.run_to(100);
  const auto counts = tier.counts();
  EXPECT_NEAR(counts.requests, 1000, slack(1000));
  EXPECT_EQ(counts.failed_503, counts.requests);
  EXPECT_EQ(tier.load->cpu_us(a), 0);
}

TEST_P(BothTiers, WhatATaskCannotDoWaits) {
  Tier tier(GetParam(), {.cpu_ms = 10, .timeout_s = 600}, steady_traffic(50, 1));  // 25 can be done
  tier.serve({a});
  tier.run_to(60);
  EXPECT_NEAR(tier.load->cpu_us(a), 15e6, 1e5);
  EXPECT_NEAR(tier.load->wait(a).in_seconds(), 60, 2 * slack(3000) / 50 + 0.1);
  EXPECT_FALSE(tier.load->idle(a));
  EXPECT_LE(tier.load->calm_until(), origin + RealDuration::seconds(61));
  tier.run_to(180);
  EXPECT_TRUE(tier.load->idle(a));
  const auto counts = tier.counts();
  EXPECT_EQ(counts.failed(), 0);
  EXPECT_NEAR(counts.time_ms_sum / counts.answered(), 30'000, 3'000);
}

TEST_P(BothTiers, WhoWaitsBeyondTheTimeoutGets504) {
  Tier tier(GetParam(), {.cpu_ms = 10, .timeout_s = 10}, steady_traffic(50));
  tier.serve({a});
  tier.run_to(9);
  EXPECT_EQ(tier.counts().failed_504, 0);
  tier.run_to(300);
  const auto counts = tier.counts();
  EXPECT_GT(counts.failed_504, 0.4 * counts.requests);
  EXPECT_NEAR(tier.load->cpu_us(a), 75e6, 1e5);  // it works all the time
}

TEST_P(BothTiers, RemovedTasksLoseTheirRequests) {
  Tier tier(GetParam(), {.cpu_ms = 10, .timeout_s = 600}, steady_traffic(50));
  tier.serve({a});
  tier.run_to(60);
  tier.load->remove(a);
  const auto counts = tier.counts();
  EXPECT_NEAR(counts.failed_502, 1500, slack(3000) + 10);
  EXPECT_TRUE(tier.load->idle(a));
  tier.load->remove(a);  // twice is nothing
  tier.run_to(61);
  EXPECT_GT(tier.counts().failed_503, 0);
}

TEST_P(BothTiers, ADrainingTaskFinishesWhatItHas) {
  Tier tier(GetParam(), {.cpu_ms = 10, .timeout_s = 600}, steady_traffic(50));
  tier.serve({a});
  tier.run_to(60);
  tier.load->add(b, 0.25);
  tier.load->serve_from({b});
  tier.run_to(115);
  EXPECT_FALSE(tier.load->idle(a));
  tier.run_to(130);
  EXPECT_TRUE(tier.load->idle(a));
  EXPECT_NEAR(tier.load->cpu_us(a), 30e6, 1e4 * slack(3000) + 1e5);
}

TEST_P(BothTiers, ClientsThatBurnCpuTakeTheWholeQuotaOfATask) {
  Traffic traffic = steady_traffic(0);
  traffic.clients = {{0, 120 * us_per_second, 1, 60}};
  Tier tier(GetParam(), {.base_cpu_vcpu = 0}, traffic);
  tier.serve({a, b});
  tier.run_to(60);
  EXPECT_NEAR(tier.load->cpu_us(a) + tier.load->cpu_us(b), 15e6, 3e4);
  EXPECT_FALSE(tier.load->idle(a) && tier.load->idle(b));
  tier.run_to(121);
  EXPECT_TRUE(tier.load->idle(a) && tier.load->idle(b));
  EXPECT_NEAR(tier.load->cpu_us(a), 15e6, 3e4);  // in turn: one call each
  EXPECT_EQ(tier.counts().busy_calls, 2);
}

TEST_P(BothTiers, CpuBurnersSlowTheRequestsBesideThem) {
  Traffic traffic = steady_traffic(5);
  traffic.clients = {{0, 600 * us_per_second, 1, 60}};
  Tier beside(GetParam(), {.cpu_ms = 10, .threads = 1}, traffic);
  Tier alone(GetParam(), {.cpu_ms = 10, .threads = 1}, steady_traffic(5));
  for (auto* tier : {&beside, &alone}) {
    tier->serve({a});
    tier->run_to(600);
  }
  EXPECT_NEAR(beside.load->cpu_us(a), 150e6, 1e5);
  EXPECT_GT(beside.counts().time_ms_sum, 1.2 * alone.counts().time_ms_sum);
}

TEST_P(BothTiers, CalmWhileTheLoadIsLight) {
  Traffic traffic = steady_traffic(2, 10);
  traffic.segments.push_back({5 * us_per_minute, 400});
  Tier tier(GetParam(), {.cpu_ms = 10}, traffic);
  tier.serve({a});
  tier.run_to(60);
  EXPECT_GT(tier.load->calm_until(), origin + RealDuration::seconds(65));
  EXPECT_LE(tier.load->calm_until(), origin + RealDuration::seconds(302));
  tier.run_to(299);
  EXPECT_LE(tier.load->calm_until(), origin + RealDuration::seconds(302));
  tier.run_to(310);
  EXPECT_LE(tier.load->calm_until(), origin + RealDuration::seconds(311));
}

TEST(EventLoad, IsTheSameForTheSameSeedAndHoweverOftenItIsAsked) {
  const AppModel app{.cpu_ms = 10, .cpu_variation = 1};
  Tier often(true, app, steady_traffic(40)), seldom(true, app, steady_traffic(40));
  for (auto* tier : {&often, &seldom}) tier->serve({a, b});
  often.run_to(300);
  seldom.load->advance(origin + RealDuration::seconds(300));
  EXPECT_EQ(often.load->cpu_us(a), seldom.load->cpu_us(a));
  const auto counts = often.counts(), others = seldom.counts();
  EXPECT_EQ(counts.requests, others.requests);
  EXPECT_EQ(counts.late, others.late);
  EXPECT_NEAR(counts.time_ms_sum, others.time_ms_sum, 1e-3);
}

struct Level {
  int tasks;
  double utilization;
  int threads;
};

class SideBySide : public testing::TestWithParam<Level> {};

// The fluid's response times come from a table; those of played requests are the truth.
TEST_P(SideBySide, FluidTimesAreThoseOfTheRequests) {
  const Level level = GetParam();
  const AppModel app{.cpu_ms = 10, .threads = level.threads};
  const Traffic traffic = steady_traffic(level.utilization * 25 * level.tasks, 120);
  std::vector<std::string> addresses;
  for (int i = 0; i < level.tasks; ++i) addresses.push_back("10.0.0." + std::to_string(i));
  double mean_ms[2], p95_ms[2], cpu_us[2];
  for (const bool every_request : {false, true}) {
    Tier tier(every_request, app, traffic);
    tier.serve(addresses);
    tier.run_to(7200);
    const auto counts = tier.counts();
    mean_ms[every_request] = counts.time_ms_sum / counts.answered();
    p95_ms[every_request] = tier.ledger.all_times().quantile_ms(0.95);
    cpu_us[every_request] = tier.load->cpu_us(addresses[0]);
  }
  EXPECT_NEAR(mean_ms[0], mean_ms[1], 0.15 * mean_ms[1]);
  EXPECT_NEAR(p95_ms[0], p95_ms[1], 0.15 * p95_ms[1] + 3);
  EXPECT_NEAR(cpu_us[0] / 7200e6, cpu_us[1] / 7200e6, 0.01 * 0.25);
}

INSTANTIATE_TEST_SUITE_P(LoadModel, SideBySide,
                         testing::Values(Level{1, 0.4, 1}, Level{1, 0.7, 4}, Level{2, 0.6, 4},
                                         Level{3, 0.8, 1}, Level{5, 0.8, 4}, Level{10, 0.7, 4}));

}  // namespace
}  // namespace berth::sim
