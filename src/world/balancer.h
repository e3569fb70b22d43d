// Balancer: load balancers, listeners, target groups and the health of their targets. The whole of what is
// wanted is handed over at every change; the implementation finds the smallest step (a target that comes or
// goes needs no reload) and may be called again with the same at any time.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/time.h"

namespace berth::world {

enum class TargetUse { active, draining };

struct TargetSpec {
  std::string address;
  int port = 0;
  TargetUse use = TargetUse::active;  // draining: no new requests, those in flight may finish

  std::string id() const { return address + ":" + std::to_string(port); }
  bool operator==(const TargetSpec&) const = default;
};

struct TargetGroupSpec {
  std::string arn;
  std::string vpc_id;  // targets are reached inside this VPC's network
  std::string protocol = "HTTP";
  // health check
  std::string check_path = "/";
  std::string check_port = "traffic-port";
  std::string matcher = "200";  // "200", "200-299", "200,301"
  Duration check_interval = Duration::seconds(30);
  RealDuration check_timeout = RealDuration::seconds(5);
  int healthy_threshold = 5;  // recoveries only: a fresh target is healthy after one success
  int unhealthy_threshold = 2;
  bool check_enabled = true;
  // balancing
  std::string algorithm = "round_robin";  // round_robin | least_outstanding_requests | weighted_random
  bool sticky = false;
  Duration sticky_duration = Duration::seconds(86400);
  Duration slow_start{};
  std::vector<TargetSpec> targets;
  bool operator==(const TargetGroupSpec&) const = default;
};

struct ForwardTarget {
  std::string target_group_arn;
  int weight = 1;
  bool operator==(const ForwardTarget&) const = default;
};

struct ActionSpec {
  std::string type;  // forward | redirect | fixed-response
  std::vector<ForwardTarget> forward;
  // redirect: parts with #{protocol} #{host} #{port} #{path} #{query}
  std::string redirect_protocol, redirect_host, redirect_port, redirect_path, redirect_query;
  int status_code = 0;  // redirect (301, 302) and fixed-response
  std::string content_type, message_body;
  bool operator==(const ActionSpec&) const = default;
};

struct ConditionSpec {
  std::string
      field;  // host-header | path-pattern | http-header | http-request-method | query-string | source-ip
  std::string http_header_name;
  std::vector<std::string> values;
  std::vector<std::pair<std::string, std::string>> query_values;  // key may be empty
  bool operator==(const ConditionSpec&) const = default;
};

struct RuleSpec {
  std::string arn;
  int priority = 0;
  std::vector<ConditionSpec> conditions;
  ActionSpec action;
  bool operator==(const RuleSpec&) const = default;
};

struct ListenerSpec {
  std::string arn;
  int port = 80;
  std::vector<RuleSpec> rules;  // by priority
  ActionSpec default_action;
  bool operator==(const ListenerSpec&) const = default;
};

struct LoadBalancerSpec {
  std::string arn;
  std::string dns_name;
  std::string address;  // a loopback address of its own, 127.x.y.z
  std::string source;  // its address inside its VPC, where its connections to targets come from; may be empty
  RealDuration idle_timeout = RealDuration::seconds(60);
  std::vector<ListenerSpec> listeners;
  bool operator==(const LoadBalancerSpec&) const = default;
};

struct BalancerSpec {
  std::vector<LoadBalancerSpec> load_balancers;
  std::vector<TargetGroupSpec> target_groups;
  bool operator==(const BalancerSpec&) const = default;
};

enum class TargetHealth { initial, healthy, unhealthy };

struct TargetHealthEvent {
  std::string target_group_arn;
  std::string target_id;  // TargetSpec::id()
  TargetHealth health = TargetHealth::initial;
  std::string reason;       // Target.ResponseCodeMismatch | Target.Timeout | Target.FailedHealthChecks | ...
  std::string description;  // "Health checks failed with these codes: [503]"
};

// Number -> how often. Emptied and filled again every minute without allocating.
using Counts = boost::container::flat_map<int, std::int64_t>;

// Response times in buckets; bucket i counts times in [base^i, base^(i+1)) ms, so percentiles are within 5 %.
struct LatencyHistogram {
  static constexpr double base = 1.05;
  Counts buckets;
};

// What passed since the last report, of one (load balancer, target group); target_group_arn is empty for
// answers that the load balancer gave itself.
struct TrafficReport {
  std::string load_balancer_arn;
  std::string target_group_arn;
  std::int64_t requests = 0;
  Counts by_status;      // status -> count, of the target's answers
  Counts elb_by_status;  // of the load balancer's own answers (502, 503, 504, 3xx, 4xx)
  std::int64_t connection_errors = 0;
  std::int64_t new_connections = 0;
  std::int64_t active_connections = 0;
  std::int64_t processed_bytes = 0;
  LatencyHistogram target_response_ms;
};

class BalancerListener {
 public:
  virtual ~BalancerListener() = default;
  virtual void on_target_health(const TargetHealthEvent& event) = 0;
  virtual void on_traffic(const std::vector<TrafficReport>& reports) = 0;
  // No request is in flight to a draining target any longer. It comes also when there was none to begin with,
  // and again after a restart of the daemon.
  virtual void on_target_idle(const std::string& target_group_arn, const std::string& target_id) = 0;
};

struct BalancerInfo {
  std::string program;  // "HAProxy 2.6.12"
  bool running = false;
  std::string problem;
  // URLs that work from this machine, by load balancer ARN.
  std::map<std::string, std::vector<std::string>> urls;
};

class Balancer {
 public:
  virtual ~Balancer() = default;
  virtual void apply(BalancerSpec spec) = 0;
  virtual BalancerInfo info() = 0;
};

}  // namespace berth::world
