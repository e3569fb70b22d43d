// TrafficMetrics: what the balancer counted becomes the metrics of AWS/ApplicationELB, a point a minute.
// Targets' answers, the balancer's own answers and host counts go out under the dimensions that AWS gives
// them.
#pragma once

#include <boost/container/flat_map.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "reconcile/table_watch.h"
#include "services/cloudwatch/metric_sink.h"
#include "store/store.h"
#include "world/balancer.h"

namespace berth::reconcile {

class TrafficMetrics {
 public:
  // `publish_lag`: how long after a minute's end its points appear.
  TrafficMetrics(Store& store, Loop& loop, cloudwatch::MetricSink& metrics, Duration publish_lag);
  ~TrafficMetrics();

  void start();

  void on_traffic(const std::vector<world::TrafficReport>& reports);

  // How often hosts are counted within the minute.
  static constexpr Duration sample_interval = Duration::seconds(20);

 private:
  // A metric's identity with its name left open, so that a minute's points name nothing anew.
  using Scope = cloudwatch::MetricId;
  using Samples = boost::container::flat_map<int, int>;  // value -> samples that saw it
  // What a minute has gathered of one load balancer, or of one of its target groups.
  struct Traffic {
    std::int64_t requests = 0;
    world::Counts by_status;
    world::Counts elb_by_status;
    std::int64_t connection_errors = 0;
    std::int64_t new_connections = 0;
    std::int64_t active_connections_most = 0;
    std::int64_t processed_bytes = 0;
    world::Counts response_buckets;

    void clear();
  };
  struct Hosts {
    Samples healthy, unhealthy;
  };
  struct Group {
    Traffic traffic;
    Hosts hosts;

    bool seen() const { return traffic.requests > 0 || !hosts.healthy.empty(); }
  };
  struct Balancer {
    Traffic traffic;
    std::map<std::string, Group> groups;  // by ARN
  };
  struct GroupScopes {
    Scope both;  // of the load balancer and the target group
    Scope group_only;
  };
  struct BalancerScopes {
    Scope own;
    std::map<std::string, GroupScopes> groups;  // by ARN
  };
  // By ARN. What was gathered is emptied in place: a minute like the one before allocates nothing.
  using Minute = std::map<std::string, Balancer>;
  struct UsedGroup {
    std::set<std::string> balancers;
    int healthy = 0, unhealthy = 0;
  };

  void schedule();
  void sample();
  void count_hosts();
  void find_used_groups();
  void finish_minute(Time minute_end);
  static void add(Traffic& traffic, const world::TrafficReport& report);
  void publish();
  void empty_finished();
  void publish_balancer(Time time, Scope& scope, const Traffic& traffic);
  void publish_targets(Time time, Scope& scope, const Traffic& traffic);
  void publish_group(Time time, GroupScopes& scopes, const Group& group);
  BalancerScopes& scopes_of(const std::string& balancer_arn);
  static GroupScopes& scopes_of(BalancerScopes& balancer, const std::string& group_arn);
  void put_hosts(const char* name, Scope& scope, Time time, const Samples& samples);
  void put_response_times(Scope& scope, Time time, const world::Counts& buckets);
  void put_values(const char* name, Scope& scope, const std::string& unit, Time time);
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
  std::map<std::string, BalancerScopes> scopes_;  // by the load balancer's ARN
  std::map<std::string, UsedGroup> used_groups_;  // by ARN: those that a listener or a rule forwards to
  bool used_groups_known_ = false;
  cloudwatch::MetricValues point_;  // of put_values()
  TableWatch watch_;
};

}  // namespace berth::reconcile
