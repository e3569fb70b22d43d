#include "reconcile/traffic_metrics.h"

#include "reconcile/balancer_fixture.h"

namespace berth::reconcile {
namespace {

struct TrafficMetricsTest : BalancerFixture {
  using Dimensions = std::map<std::string, std::string>;

  const RecordedMetrics::Point* find(const std::string& name, const Dimensions& dimensions) {
    for (const auto& point : metrics.points) {
      if (point.id.name == name && point.id.dimensions == dimensions) return &point;
    }
    return nullptr;
  }
  double sum(const std::string& name, const Dimensions& dimensions) {
    const auto* point = find(name, dimensions);
    return point ? point->values.set.sum : -1;
  }

  // A minute's traffic, seen in its middle; then the minute is over and published.
  void pass_minute(const std::vector<world::TrafficReport>& reports) {
    const Time minute = floor_to_minute(loop.now()) + Duration::minutes(1);
    loop.run_until(minute + Duration::seconds(30));
    metrics.points.clear();
    events.on_traffic(reports);
    loop.run_until(minute + Duration::seconds(64));
    EXPECT_TRUE(metrics.points.empty());
    loop.run_until(minute + Duration::seconds(66));
  }

  world::TrafficReport of_targets() {
    world::TrafficReport report;
    report.load_balancer_arn = lb;
    report.target_group_arn = tg;
    report.requests = 10;
    report.by_status = {{200, 7}, {204, 1}, {404, 2}};
    report.new_connections = 4;
    report.active_connections = 3;
    report.processed_bytes = 5000;
    report.target_response_ms.buckets = {{94, 9}, {142, 1}};  // about 100 ms and 1 s
    return report;
  }
  world::TrafficReport of_its_own() {
    world::TrafficReport report;
    report.load_balancer_arn = lb;
    report.requests = 3;
    report.elb_by_status = {{503, 2}, {301, 1}};
    return report;
  }

  Dimensions balancer_dims{{"LoadBalancer", "app/web/50dc6c495c0c9188"}};
  Dimensions group_dims{{"TargetGroup", "targetgroup/tg/73e2d6bc24d8a067"}};
  Dimensions both_dims{{"LoadBalancer", "app/web/50dc6c495c0c9188"},
                       {"TargetGroup", "targetgroup/tg/73e2d6bc24d8a067"}};
};

TEST_F(TrafficMetricsTest, RequestsUnderTheirDimensions) {
  register_one();
  start();
  pass_minute({of_targets(), of_targets(), of_its_own()});
  EXPECT_EQ(sum("RequestCount", balancer_dims), 20);
  EXPECT_EQ(sum("RequestCount", both_dims), 20);
  EXPECT_EQ(sum("HTTPCode_Target_2XX_Count", balancer_dims), 16);
  EXPECT_EQ(sum("HTTPCode_Target_4XX_Count", both_dims), 4);
  EXPECT_EQ(sum("HTTPCode_ELB_5XX_Count", balancer_dims), 2);
  EXPECT_EQ(sum("HTTPCode_ELB_503_Count", balancer_dims), 2);
  EXPECT_EQ(sum("HTTPCode_ELB_3XX_Count", balancer_dims), 1);
  EXPECT_EQ(sum("NewConnectionCount", balancer_dims), 8);
  EXPECT_EQ(sum("ActiveConnectionCount", balancer_dims), 3);
  EXPECT_EQ(sum("ProcessedBytes", balancer_dims), 10000);
  EXPECT_FALSE(find("HTTPCode_ELB_502_Count", balancer_dims));
  EXPECT_FALSE(find("HTTPCode_ELB_5XX_Count", both_dims));
  const auto* requests = find("RequestCount", balancer_dims);
  EXPECT_EQ(requests->values.set.minimum, 1);
  EXPECT_EQ(requests->values.set.maximum, 1);
  EXPECT_EQ(requests->unit, "Count");
  EXPECT_EQ(requests->time, floor_to_minute(loop.now()) - Duration::minutes(1));
}

TEST_F(TrafficMetricsTest, ResponseTimesKeepTheirPercentiles) {
  start();
  pass_minute({of_targets()});
  const auto* times = find("TargetResponseTime", both_dims);
  ASSERT_TRUE(times);
  EXPECT_EQ(times->unit, "Seconds");
  const auto p50 = control::value_of(*control::parse_statistic("p50"), times->values.values);
  const auto p99 = control::value_of(*control::parse_statistic("p99"), times->values.values);
  EXPECT_NEAR(*p50, 0.1, 0.005);
  EXPECT_NEAR(*p99, 1.0, 0.1);
}

TEST_F(TrafficMetricsTest, AQuietMinuteHasRequestCountAndHostsOnly) {
  register_one();
  start();
  pass_minute({});
  EXPECT_EQ(sum("RequestCount", balancer_dims), 0);
  EXPECT_EQ(sum("RequestCountPerTarget", group_dims), 0);
  const auto* healthy = find("HealthyHostCount", both_dims);
  ASSERT_TRUE(healthy);
  EXPECT_EQ(healthy->values.set.minimum, 1);
  EXPECT_EQ(healthy->values.set.maximum, 1);
  EXPECT_EQ(find("UnHealthyHostCount", both_dims)->values.set.maximum, 0);
  for (const auto& point : metrics.points) {
    EXPECT_TRUE(point.id.name.starts_with("RequestCount") || point.id.name.ends_with("HostCount"))
        << point.id.name;
  }
}

TEST_F(TrafficMetricsTest, PerTargetIsTheAverageOverHealthyTargets) {
  register_one();
  write([&] { elbv2::register_target(store, tg, "10.0.1.5", 80, loop.now()); });
  start();
  pass_minute({of_targets()});
  EXPECT_EQ(sum("RequestCountPerTarget", group_dims), 5);
  EXPECT_EQ(sum("RequestCountPerTarget", both_dims), 5);
}

TEST_F(TrafficMetricsTest, HostsThatChangeWithinTheMinuteShowBoth) {
  register_one();
  start();
  const Time minute = floor_to_minute(loop.now()) + Duration::minutes(1);
  loop.run_until(minute + Duration::seconds(30));
  metrics.points.clear();
  balancer.report_health(tg, target, world::TargetHealth::unhealthy);
  loop.run_until(minute + Duration::seconds(66));
  const auto* healthy = find("HealthyHostCount", both_dims);
  ASSERT_TRUE(healthy);
  EXPECT_EQ(healthy->values.set.minimum, 0);
  EXPECT_EQ(healthy->values.set.maximum, 1);
  EXPECT_EQ(healthy->values.set.sample_count, 3);
}

}  // namespace
}  // namespace berth::reconcile
