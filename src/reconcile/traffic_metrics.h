// TrafficMetrics: what the balancer counted becomes the metrics of AWS/ApplicationELB, a point a minute.
// Targets' answers, the balancer's own answers and host counts go out under the dimensions that AWS gives
// them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "services/cloudwatch/metric_sink.h"
#include "store/store.h"
#include "world/balancer.h"

namespace berth::reconcile {

class TrafficMetrics {
 public:
  // `publish_lag`: how long after a minute's end its points appear.
  TrafficMetrics(Store& store, Loop& loop, cloudwatch::MetricSink& metrics, Duration publish_lag);
  ~TrafficMetrics();

  void start() { schedule(); }

  void on_traffic(const std::vector<world::TrafficReport>& reports);

  // How often hosts are counted within the minute.
  static constexpr Duration sample_interval = Duration::seconds(20);

 private:
  using Dimensions = std::map<std::string, std::string>;
  // What a minute has gathered of one load balancer, or of one of its target groups.
  struct Traffic {
    std::int64_t requests = 0;
    std::map<int, std::int64_t> by_status;
    std::map<int, std::int64_t> elb_by_status;
    std::int64_t connection_errors = 0;
    std::int64_t new_connections = 0;
    std::int64_t active_connections_most = 0;
    std::int64_t processed_bytes = 0;
    std::map<int, std::int64_t> response_buckets;
  };
  struct Hosts {
    std::map<int, int> healthy, unhealthy;  // count of hosts -> samples that saw it
  };
  struct Group {
    Traffic traffic;
    Hosts hosts;
  };
  struct Balancer {
    Traffic traffic;
    std::map<std::string, Group> groups;  // by ARN
  };
  using Minute = std::map<std::string, Balancer>;  // by ARN

  void schedule();
  void sample();
  void count_hosts();
  void finish_minute(Time minute_end);
  static void add(Traffic& traffic, const world::TrafficReport& report);
  void publish();
  void publish_balancer(Time time, const Dimensions& dimensions, const Traffic& traffic);
  void publish_targets(Time time, const Dimensions& dimensions, const Traffic& traffic);
  void publish_group(Time time, const std::string& balancer, const std::string& group_arn,
                     const Group& group);
  void put(const char* name, const Dimensions& dimensions, const char* unit, Time time,
           const std::vector<control::WeightedValue>& values);
  void put_count(const char* name, const Dimensions& dimensions, Time time, std::int64_t count);

  Store& store_;
  Loop& loop_;
  cloudwatch::MetricSink& metrics_;
  Duration publish_lag_;
  TimerId timer_ = no_timer;
  Minute minute_;    // under way
  Minute finished_;  // waits for its lag to pass
  Time finished_start_{};
  TimerId publication_ = no_timer;
};

}  // namespace berth::reconcile
