#include "reconcile/traffic_metrics.h"

#include <algorithm>
#include <cmath>

#include "base/arn.h"
#include "services/elbv2/resources.h"
#include "services/elbv2/targets.h"

namespace berth::reconcile {
namespace {

constexpr const char* metric_namespace = "AWS/ApplicationELB";
const std::string count_unit = "Count";

// `app/name/id` of a load balancer's ARN.
std::string balancer_dimension(const std::string& arn) {
  const auto parsed = parse_arn(arn);
  const std::string_view prefix = elbv2::kinds::load_balancer.resource_prefix;
  return parsed ? parsed->resource.substr(prefix.size()) : arn;
}

// `targetgroup/name/id` of a target group's ARN.
std::string group_dimension(const std::string& arn) {
  const auto parsed = parse_arn(arn);
  return parsed ? parsed->resource : arn;
}

std::int64_t count_class(const std::map<int, std::int64_t>& by_status, int hundreds) {
  std::int64_t count = 0;
  for (const auto& [status, times] : by_status) {
    if (status / 100 == hundreds) count += times;
  }
  return count;
}

// A bucket stands for its geometric middle.
std::vector<control::WeightedValue> response_seconds(const std::map<int, std::int64_t>& buckets) {
  std::vector<control::WeightedValue> values;
  for (const auto& [index, count] : buckets) {
    if (count <= 0) continue;
    const double middle_ms = std::pow(world::LatencyHistogram::base, index + 0.5);
    values.push_back({middle_ms / 1000, static_cast<double>(count)});
  }
  return values;
}

std::vector<control::WeightedValue> as_values(const std::map<int, int>& samples) {
  std::vector<control::WeightedValue> values;
  for (const auto& [value, count] : samples) {
    values.push_back({static_cast<double>(value), static_cast<double>(count)});
  }
  return values;
}

double average_of(const std::map<int, int>& samples) {
  double sum = 0;
  double count = 0;
  for (const auto& [value, times] : samples) {
    sum += static_cast<double>(value) * times;
    count += times;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace

TrafficMetrics::TrafficMetrics(Store& store, Loop& loop, cloudwatch::MetricSink& metrics,
                               Duration publish_lag)
    : store_(store), loop_(loop), metrics_(metrics), publish_lag_(publish_lag) {}

TrafficMetrics::~TrafficMetrics() {
  loop_.cancel(timer_);
  loop_.cancel(publication_);
}

void TrafficMetrics::schedule() {
  const Time next = floor_to(loop_.now(), sample_interval) + sample_interval;
  timer_ = loop_.at(next, [this] {
    sample();
    schedule();
  });
}

// The sample on the full minute belongs to the minute that ends there.
void TrafficMetrics::sample() {
  count_hosts();
  const Time minute_end = floor_to_minute(loop_.now());
  if (loop_.now() - minute_end < sample_interval) finish_minute(minute_end);
}

void TrafficMetrics::count_hosts() {
  const auto used = elbv2::load_balancers_by_group(store_);
  std::map<std::string, std::pair<int, int>> hosts;  // group -> healthy, unhealthy
  for (const auto& [group, balancers] : used) hosts[group];
  for (const auto& [key, target] : store_.all<elbv2::TargetRow>()) {
    const auto group = hosts.find(target.target_group_arn);
    if (group == hosts.end()) continue;
    if (target.state == "healthy") ++group->second.first;
    if (target.state == "unhealthy") ++group->second.second;
  }
  for (const auto& [group, balancers] : used) {
    for (const auto& balancer : balancers) {
      auto& counted = minute_[balancer].groups[group].hosts;
      ++counted.healthy[hosts[group].first];
      ++counted.unhealthy[hosts[group].second];
    }
  }
}

void TrafficMetrics::on_traffic(const std::vector<world::TrafficReport>& reports) {
  for (const auto& report : reports) {
    auto& balancer = minute_[report.load_balancer_arn];
    add(balancer.traffic, report);
    if (!report.target_group_arn.empty()) add(balancer.groups[report.target_group_arn].traffic, report);
  }
}

void TrafficMetrics::add(Traffic& traffic, const world::TrafficReport& report) {
  // AWS counts requests for which a target was chosen.
  if (!report.target_group_arn.empty()) traffic.requests += report.requests;
  for (const auto& [status, count] : report.by_status) traffic.by_status[status] += count;
  for (const auto& [status, count] : report.elb_by_status) traffic.elb_by_status[status] += count;
  traffic.connection_errors += report.connection_errors;
  traffic.new_connections += report.new_connections;
  traffic.active_connections_most = std::max(traffic.active_connections_most, report.active_connections);
  traffic.processed_bytes += report.processed_bytes;
  for (const auto& [bucket, count] : report.target_response_ms.buckets)
    traffic.response_buckets[bucket] += count;
}

void TrafficMetrics::finish_minute(Time minute_end) {
  if (publication_ != no_timer) publish();
  finished_ = std::move(minute_);
  minute_.clear();
  finished_start_ = minute_end - Duration::minutes(1);
  publication_ = loop_.at(minute_end + publish_lag_, [this] { publish(); });
}

void TrafficMetrics::publish() {
  loop_.cancel(publication_);
  publication_ = no_timer;
  const auto& balancers = store_.all<elbv2::LoadBalancerRow>();
  for (const auto& [arn, row] : balancers) {
    const auto found = finished_.find(arn);
    const Balancer none;
    const Balancer& balancer = found == finished_.end() ? none : found->second;
    publish_balancer(finished_start_, scope_of(arn), balancer.traffic);
    for (const auto& [group_arn, group] : balancer.groups) {
      publish_group(finished_start_, scopes_of(arn, group_arn), group);
    }
  }
  finished_.clear();
  std::erase_if(scopes_, [&](const auto& entry) { return !balancers.contains(entry.first); });
  std::erase_if(group_scopes_, [&](const auto& entry) { return !balancers.contains(entry.first.first); });
}

TrafficMetrics::Scope& TrafficMetrics::scope_of(const std::string& balancer_arn) {
  Scope& scope = scopes_[balancer_arn];
  if (scope.namespace_.empty())
    scope = {metric_namespace, "", {{"LoadBalancer", balancer_dimension(balancer_arn)}}};
  return scope;
}

TrafficMetrics::GroupScopes& TrafficMetrics::scopes_of(const std::string& balancer_arn,
                                                       const std::string& group_arn) {
  GroupScopes& scopes = group_scopes_[{balancer_arn, group_arn}];
  if (scopes.both.namespace_.empty()) {
    const std::string group = group_dimension(group_arn);
    scopes.both = {
        metric_namespace, "", {{"LoadBalancer", balancer_dimension(balancer_arn)}, {"TargetGroup", group}}};
    scopes.group_only = {metric_namespace, "", {{"TargetGroup", group}}};
  }
  return scopes;
}

void TrafficMetrics::publish_balancer(Time time, Scope& scope, const Traffic& traffic) {
  publish_targets(time, scope, traffic);
  const auto& own = traffic.elb_by_status;
  put_count("HTTPCode_ELB_3XX_Count", scope, time, count_class(own, 3));
  put_count("HTTPCode_ELB_4XX_Count", scope, time, count_class(own, 4));
  put_count("HTTPCode_ELB_5XX_Count", scope, time, count_class(own, 5));
  const std::pair<int, const char*> single[] = {{500, "HTTPCode_ELB_500_Count"},
                                                {502, "HTTPCode_ELB_502_Count"},
                                                {503, "HTTPCode_ELB_503_Count"},
                                                {504, "HTTPCode_ELB_504_Count"}};
  for (const auto& [status, name] : single) {
    if (const auto found = own.find(status); found != own.end()) put_count(name, scope, time, found->second);
  }
  put_count("NewConnectionCount", scope, time, traffic.new_connections);
  if (traffic.active_connections_most > 0) {
    put_one("ActiveConnectionCount", scope, count_unit, time,
            static_cast<double>(traffic.active_connections_most));
  }
  if (traffic.processed_bytes > 0) {
    put_one("ProcessedBytes", scope, "Bytes", time, static_cast<double>(traffic.processed_bytes));
  }
}

// What AWS gives of a load balancer and of each target group behind it alike.
void TrafficMetrics::publish_targets(Time time, Scope& scope, const Traffic& traffic) {
  if (traffic.requests == 0) {
    put_one("RequestCount", scope, count_unit, time, 0);  // always reported
  } else {
    put_count("RequestCount", scope, time, traffic.requests);
  }
  const std::pair<int, const char*> classes[] = {{2, "HTTPCode_Target_2XX_Count"},
                                                 {3, "HTTPCode_Target_3XX_Count"},
                                                 {4, "HTTPCode_Target_4XX_Count"},
                                                 {5, "HTTPCode_Target_5XX_Count"}};
  for (const auto& [hundreds, name] : classes) {
    put_count(name, scope, time, count_class(traffic.by_status, hundreds));
  }
  put_count("TargetConnectionErrorCount", scope, time, traffic.connection_errors);
  put("TargetResponseTime", scope, "Seconds", time, response_seconds(traffic.response_buckets));
}

void TrafficMetrics::publish_group(Time time, GroupScopes& scopes, const Group& group) {
  publish_targets(time, scopes.both, group.traffic);
  put("HealthyHostCount", scopes.both, count_unit, time, as_values(group.hosts.healthy));
  put("UnHealthyHostCount", scopes.both, count_unit, time, as_values(group.hosts.unhealthy));
  // The average over the targets that could have had the requests.
  const double targets = std::max(1.0, average_of(group.hosts.healthy));
  const double per_target = static_cast<double>(group.traffic.requests) / targets;
  put_one("RequestCountPerTarget", scopes.both, count_unit, time, per_target);
  put_one("RequestCountPerTarget", scopes.group_only, count_unit, time, per_target);
}

void TrafficMetrics::put(const char* name, Scope& scope, const std::string& unit, Time time,
                         const std::vector<control::WeightedValue>& values) {
  if (values.empty()) return;
  if (values.size() == 1) return put_one(name, scope, unit, time, values.front().value, values.front().count);
  cloudwatch::MetricValues point;
  for (const auto& [value, count] : values)
    control::merge(point.set, control::statistic_set_of(value, count));
  point.values = values;
  scope.name = name;
  metrics_.put(scope, unit, time, point);
}

void TrafficMetrics::put_one(const char* name, Scope& scope, const std::string& unit, Time time, double value,
                             double count) {
  scope.name = name;
  metrics_.put(scope, unit, time, {control::statistic_set_of(value, count)});
}

// AWS publishes a 1 per event, so that only the sum is of use.
void TrafficMetrics::put_count(const char* name, Scope& scope, Time time, std::int64_t count) {
  if (count > 0) put_one(name, scope, count_unit, time, 1, static_cast<double>(count));
}

}  // namespace berth::reconcile
