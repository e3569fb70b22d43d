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
  // A metric's identity with its name left open, so that a minute's points name nothing anew.
  using Scope = cloudwatch::MetricId;
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
  struct GroupScopes {
    Scope both;  // of the load balancer and the target group
    Scope group_only;
  };
  using Minute = std::map<std::string, Balancer>;  // by ARN

  void schedule();
  void sample();
  void count_hosts();
  void finish_minute(Time minute_end);
  static void add(Traffic& traffic, const world::TrafficReport& report);
  void publish();
  void publish_balancer(Time time, Scope& scope, const Traffic& traffic);
  void publish_targets(Time time, Scope& scope, const Traffic& traffic);
  void publish_group(Time time, GroupScopes& scopes, const Group& group);
  Scope& scope_of(const std::string& balancer_arn);
  GroupScopes& scopes_of(const std::string& balancer_arn, const std::string& group_arn);
  void put(const char* name, Scope& scope, const std::string& unit, Time time,
           const std::vector<control::WeightedValue>& values);
  void put_one(const char* name, Scope& scope, const std::string& unit, Time time, double value,
               double count = 1);
  void put_count(const char* name, Scope& scope, Time time, std::int64_t count);

  Store& store_;
  Loop& loop_;
  cloudwatch::MetricSink& metrics_;
  Duration publish_lag_;
  TimerId timer_ = no_timer;
  Minute minute_;    // under way
  Minute finished_;  // waits for its lag to pass
  Time finished_start_{};
  TimerId publication_ = no_timer;
  std::map<std::string, Scope> scopes_;                                      // by the load balancer's ARN
  std::map<std::pair<std::string, std::string>, GroupScopes> group_scopes_;  // and the group's
};

}  // namespace berth::reconcile
