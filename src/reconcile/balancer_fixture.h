// Rows of one load balancer with one listener and one target group, a fake balancer under the reconcilers,
// and virtual time: what the tests of the balancer's reconcilers share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loop/sim_loop.h"
#include "reconcile/balancer_sync.h"
#include "reconcile/target_health.h"
#include "reconcile/traffic_metrics.h"
#include "services/all_tables.h"
#include "services/ec2/rows.h"
#include "services/elbv2/targets.h"
#include "sim/fake_balancer.h"

namespace berth::reconcile {

struct RecordedMetrics final : cloudwatch::MetricSink {
  struct Point {
    cloudwatch::MetricId id;
    std::string unit;
    Time time{};
    cloudwatch::MetricValues values;
  };

  void put(const cloudwatch::MetricId& id, const std::string& unit, Time time,
           const cloudwatch::MetricValues& values, bool) override {
    points.push_back({id, unit, time, values});
  }

  std::vector<Point> points;
};

struct BalancerFixture : testing::Test {
  static constexpr const char* lb =
      "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/web/50dc6c495c0c9188";
  static constexpr const char* tg =
      "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/tg/73e2d6bc24d8a067";
  static constexpr const char* target = "10.0.1.4:80";

  explicit BalancerFixture(double time_scale = 1) : loop(from_unix_seconds(1'750'000'020), 1, time_scale) {
    services::add_tables(store);
    write([&] {
      ec2::SubnetRow subnet;
      subnet.id = "subnet-1";
      subnet.vpc_id = "vpc-1";
      subnet.description.cidr_block = "10.0.1.0/24";
      subnet.description.availability_zone = "us-east-1a";
      store.put(subnet);
      elbv2::LoadBalancerRow balancer_row;
      balancer_row.arn = lb;
      balancer_row.name = "web";
      balancer_row.address = "127.1.2.3";
      balancer_row.description.dns_name = "web-1.us-east-1.elb.localhost";
      balancer_row.description.state = elbv2::LoadBalancerState{"provisioning", std::nullopt};
      balancer_row.description.availability_zones = {elbv2::AvailabilityZone{"us-east-1a", "subnet-1"}};
      balancer_row.attributes["idle_timeout.timeout_seconds"] = "30";
      store.put(balancer_row);
      elbv2::TargetGroupRow group;
      group.arn = tg;
      group.description.vpc_id = "vpc-1";
      group.description.health_check_path = "/api/health";
      group.attributes["deregistration_delay.timeout_seconds"] = "100";
      store.put(group);
      put_listener();
    });
  }

  void put_listener() {
    elbv2::ListenerRow listener;
    listener.arn = "listener";
    listener.load_balancer_arn = lb;
    listener.description.port = 80;
    elbv2::Action forward;
    forward.type = "forward";
    forward.forward_config = elbv2::ForwardActionConfig{};
    forward.forward_config->target_groups = {elbv2::TargetGroupTuple{tg, 1}};
    listener.description.default_actions = {forward};
    store.put(listener);
  }

  template <class Work>
  void write(Work work) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      work();
      return {};
    }));
  }
  void register_one() {
    write([&] { elbv2::register_target(store, tg, "10.0.1.4", 80, loop.now()); });
  }
  void deregister_one() {
    write([&] { elbv2::deregister_target(store, tg, "10.0.1.4", 80, loop.now()); });
  }
  const elbv2::TargetRow* row() { return elbv2::find_target(store, tg, "10.0.1.4", 80); }
  void start() {
    health.start();
    sync.start();
    traffic.start();
    loop.run_ready();
  }

  Store store;
  SimLoop loop;
  RecordedMetrics metrics;
  TargetHealth health{store, loop};
  TrafficMetrics traffic{store, loop, metrics, Duration::seconds(5)};
  BalancerEvents events{health, traffic};
  sim::FakeBalancer balancer{loop, events};
  BalancerSync sync{store, loop, balancer};
};

}  // namespace berth::reconcile
