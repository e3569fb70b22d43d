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

std::int64_t count_class(const world::Counts& by_status, int hundreds) {
  std::int64_t count = 0;
  for (const auto& [status, times] : by_status) {
    if (status / 100 == hundreds) count += times;
  }
  return count;
}

double average_of(const boost::container::flat_map<int, int>& samples) {
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
    : store_(store),
      loop_(loop),
      metrics_(metrics),
      publish_lag_(publish_lag),
      watch_(
          store, loop,
          [this](const Changes& changes) {
            if (changes.touched<elbv2::ListenerRow, elbv2::RuleRow>()) used_groups_known_ = false;
            return false;
          },
          [] {}) {}

TrafficMetrics::~TrafficMetrics() {
  loop_.cancel(timer_);
  loop_.cancel(publication_);
}

void TrafficMetrics::start() {
  watch_.start();
  schedule();
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
  find_used_groups();
  for (auto& [group, used] : used_groups_) used.healthy = used.unhealthy = 0;
  for (const auto& [key, target] : store_.all<elbv2::TargetRow>()) {
    const auto used = used_groups_.find(target.target_group_arn);
    if (used == used_groups_.end()) continue;
    if (target.state == "healthy") ++used->second.healthy;
    if (target.state == "unhealthy") ++used->second.unhealthy;
  }
  for (const auto& [group, used] : used_groups_) {
    for (const auto& balancer : used.balancers) {
      auto& counted = minute_[balancer].groups[group].hosts;
      ++counted.healthy[used.healthy];
      ++counted.unhealthy[used.unhealthy];
    }
  }
}

void TrafficMetrics::find_used_groups() {
  if (used_groups_known_) return;
  used_groups_.clear();
  for (auto& [group, balancers] : elbv2::load_balancers_by_group(store_))
    used_groups_[group].balancers = std::move(balancers);
  used_groups_known_ = true;
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

void TrafficMetrics::Traffic::clear() {
  requests = connection_errors = new_connections = active_connections_most = processed_bytes = 0;
  for (auto* counts : {&by_status, &elb_by_status, &response_buckets}) counts->clear();
}

void TrafficMetrics::finish_minute(Time minute_end) {
  if (publication_ != no_timer) publish();
  std::swap(minute_, finished_);
  finished_start_ = minute_end - Duration::minutes(1);
  publication_ = loop_.at(minute_end + publish_lag_, [this] { publish(); });
}

void TrafficMetrics::publish() {
  loop_.cancel(publication_);
  publication_ = no_timer;
  const auto& balancers = store_.all<elbv2::LoadBalancerRow>();
  std::erase_if(finished_, [&](const auto& entry) { return !balancers.contains(entry.first); });
  std::erase_if(scopes_, [&](const auto& entry) { return !balancers.contains(entry.first); });
  for (const auto& [arn, row] : balancers) {
    const Balancer& balancer = finished_[arn];
    BalancerScopes& scopes = scopes_of(arn);
    publish_balancer(finished_start_, scopes.own, balancer.traffic);
    for (const auto& [group_arn, group] : balancer.groups) {
      if (group.seen()) publish_group(finished_start_, scopes_of(scopes, group_arn), group);
    }
  }
  empty_finished();
}

void TrafficMetrics::empty_finished() {
  for (auto& [arn, balancer] : finished_) {
    balancer.traffic.clear();
    std::erase_if(balancer.groups, [](const auto& entry) { return !entry.second.seen(); });
    for (auto& [group_arn, group] : balancer.groups) {
      group.traffic.clear();
      group.hosts.healthy.clear();
      group.hosts.unhealthy.clear();
    }
  }
}

TrafficMetrics::BalancerScopes& TrafficMetrics::scopes_of(const std::string& balancer_arn) {
  BalancerScopes& scopes = scopes_[balancer_arn];
  if (scopes.own.namespace_.empty())
    scopes.own = {metric_namespace, "", {{"LoadBalancer", balancer_dimension(balancer_arn)}}};
  return scopes;
}

TrafficMetrics::GroupScopes& TrafficMetrics::scopes_of(BalancerScopes& balancer,
                                                       const std::string& group_arn) {
  GroupScopes& scopes = balancer.groups[group_arn];
  if (scopes.both.namespace_.empty()) {
    const std::string group = group_dimension(group_arn);
    scopes.both = balancer.own;
    scopes.both.dimensions["TargetGroup"] = group;
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
  put_response_times(scope, time, traffic.response_buckets);
}

void TrafficMetrics::publish_group(Time time, GroupScopes& scopes, const Group& group) {
  publish_targets(time, scopes.both, group.traffic);
  put_hosts("HealthyHostCount", scopes.both, time, group.hosts.healthy);
  put_hosts("UnHealthyHostCount", scopes.both, time, group.hosts.unhealthy);
  // The average over the targets that could have had the requests.
  const double targets = std::max(1.0, average_of(group.hosts.healthy));
  const double per_target = static_cast<double>(group.traffic.requests) / targets;
  put_one("RequestCountPerTarget", scopes.both, count_unit, time, per_target);
  put_one("RequestCountPerTarget", scopes.group_only, count_unit, time, per_target);
}

void TrafficMetrics::put_hosts(const char* name, Scope& scope, Time time, const Samples& samples) {
  point_.values.clear();
  for (const auto& [hosts, count] : samples)
    point_.values.push_back({static_cast<double>(hosts), static_cast<double>(count)});
  put_values(name, scope, count_unit, time);
}

// A bucket stands for its geometric middle.
void TrafficMetrics::put_response_times(Scope& scope, Time time, const world::Counts& buckets) {
  static const std::string seconds = "Seconds";
  point_.values.clear();
  for (const auto& [index, count] : buckets) {
    if (count <= 0) continue;
    const double middle_ms = std::pow(world::LatencyHistogram::base, index + 0.5);
    point_.values.push_back({middle_ms / 1000, static_cast<double>(count)});
  }
  put_values("TargetResponseTime", scope, seconds, time);
}

// The values of point_.
void TrafficMetrics::put_values(const char* name, Scope& scope, const std::string& unit, Time time) {
  const auto& values = point_.values;
  if (values.empty()) return;
  if (values.size() == 1) return put_one(name, scope, unit, time, values.front().value, values.front().count);
  point_.set = {};
  for (const auto& [value, count] : values)
    control::merge(point_.set, control::statistic_set_of(value, count));
  scope.name = name;
  metrics_.put(scope, unit, time, point_);
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
