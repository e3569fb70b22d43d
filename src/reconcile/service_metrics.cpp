#include "reconcile/service_metrics.h"

#include <algorithm>
#include <utility>

#include "services/ecs/monitoring.h"

namespace berth::reconcile {
namespace {

constexpr double mebibyte = 1024 * 1024;
const std::string percent_unit = "Percent";

control::StatisticSet scaled_to_count(const control::StatisticSet& set, double count) {
  return {count, set.sum / set.sample_count * count, set.minimum, set.maximum};
}

}  // namespace

ServiceMetrics::ServiceMetrics(Store& store, Loop& loop, const Settings& settings, world::Runtime& runtime,
                               cloudwatch::MetricSink& metrics, Duration publish_lag)
    : store_(store),
      loop_(loop),
      settings_(settings),
      runtime_(runtime),
      metrics_(metrics),
      publish_lag_(publish_lag) {}

ServiceMetrics::~ServiceMetrics() {
  loop_.cancel(timer_);
}

void ServiceMetrics::start() {
  schedule();
}

void ServiceMetrics::schedule() {
  const Time next = floor_to(loop_.now(), sample_interval) + sample_interval;
  timer_ = loop_.at(next, [this] {
    sample();
    schedule();
  });
}

// A sample at time t tells of the interval before t, so the one on the full minute still belongs to the
// minute that ends there.
void ServiceMetrics::sample() {
  const Time now = loop_.now();
  const Time minute = floor_to_minute(now);
  const bool ends = now - minute < sample_interval;
  follow_services();
  sample_tasks(ends ? minute : minute + Duration::minutes(1));
  for (auto& [key, service] : services_) gather(key, service);
  if (ends) finish(minute);
}

void ServiceMetrics::gather(const std::string& key, Service& service) {
  const auto& row = *store_.find<ecs::ServiceRow>(key);
  Minute& minute = service.minute;
  keep(service.names->cpu, row, service.cpu, minute.cpu);
  keep(service.names->memory, row, service.memory, minute.memory);
  control::merge(minute.running, control::statistic_set_of(service.running_now));
  control::merge(minute.pending, control::statistic_set_of(service.pending_now));
  control::merge(minute.desired, control::statistic_set_of(row.desired_count));
}

// For the minute's point, or as a point of its own.
void ServiceMetrics::keep(const Metric& metric, const ecs::ServiceRow& row,
                          const control::StatisticSet& newest, control::StatisticSet& minute) {
  if (newest.sample_count <= 0) return;
  if (ecs::resolution_s(row, metric.name) >= 60) return control::merge(minute, newest);
  const Time end = floor_to(loop_.now(), sample_interval);
  loop_.at(end + std::min(publish_lag_, high_resolution_lag_most), [this, metric, newest, end] {
    metrics_.put(metric, percent_unit, end - sample_interval, {newest}, true);
  });
}

// Both maps are in the order of their keys, so one pass over both is enough.
void ServiceMetrics::follow_services() {
  auto known = services_.begin();
  for (const auto& [key, row] : store_.all<ecs::ServiceRow>()) {
    if (row.status == "INACTIVE") continue;
    while (known != services_.end() && known->first < key) known = forget(known);
    if (known == services_.end() || known->first != key) {
      known = services_.emplace_hint(known, key, Service{.names = names_of(row), .minute = {}});
    }
    known->second.running_now = known->second.pending_now = 0;
    known->second.cpu = known->second.memory = {};
    ++known;
  }
  while (known != services_.end()) known = forget(known);
}

ServiceMetrics::Services::iterator ServiceMetrics::forget(Services::iterator service) {
  for (auto& [id, task] : tasks_) {
    if (task.service == &service->second) task.service = nullptr;
  }
  return services_.erase(service);
}

void ServiceMetrics::sample_tasks(Time minute_end) {
  auto known = tasks_.begin();
  for (const auto& [id, row] : store_.all<ecs::TaskRow>()) {
    if (row.service.empty() || row.last_status == "STOPPED") continue;
    while (known != tasks_.end() && known->first < id) known = tasks_.erase(known);
    if (known == tasks_.end() || known->first != id) known = tasks_.emplace_hint(known, id, Task{});
    Task& task = known->second;
    ++known;
    if (!task.service) {
      const auto service = services_.find(row.cluster + "/" + row.service);
      if (service == services_.end()) continue;
      task.service = &service->second;
    }
    if (row.last_status == "RUNNING") sample_task(row, task, minute_end);
    if (row.desired_status == "RUNNING") count_task(row, *task.service);
  }
  tasks_.erase(known, tasks_.end());
}

void ServiceMetrics::sample_task(const ecs::TaskRow& row, Task& task, Time minute_end) {
  const auto usage = runtime_.usage(row.id);
  if (!usage) return;
  Minute& minute = task.service->minute;
  if (task.last && usage->measured_at > task.last->measured_at) {
    // Real time, whatever the scale: a container's CPU time is real.
    const double elapsed_us = static_cast<double>((usage->measured_at - task.last->measured_at).us);
    const double used_us = static_cast<double>(std::max<std::int64_t>(0, usage->cpu_us - task.last->cpu_us));
    // AWS: a task-level limit keeps the utilization at 100 at most; the quota's last period may overshoot it.
    const double percent = std::min(100.0, used_us * 100 / (elapsed_us * row.cpu_vcpu));
    const double memory_mib = static_cast<double>(usage->memory_bytes) / mebibyte;
    control::merge(task.service->cpu, control::statistic_set_of(percent));
    control::merge(task.service->memory, control::statistic_set_of(memory_mib * 100 / row.memory_mib));
    if (task.counted_in != minute_end) ++minute.tasks;
    task.counted_in = minute_end;
  }
  task.last = *usage;
}

void ServiceMetrics::count_task(const ecs::TaskRow& row, Service& service) {
  if (row.last_status == "RUNNING") {
    ++service.running_now;
  } else if (row.last_status == "PROVISIONING" || row.last_status == "PENDING" ||
             row.last_status == "ACTIVATING") {
    ++service.pending_now;
  }
}

void ServiceMetrics::finish(Time minute_end) {
  if (spare_.empty()) spare_.emplace_back();
  finished_.splice(finished_.end(), spare_, spare_.begin());
  Finished& finished = finished_.back();
  finished.start = minute_end - Duration::minutes(1);
  finished.services.clear();
  for (auto& [key, service] : services_)
    finished.services.emplace_back(service.names, std::exchange(service.minute, {}));
  loop_.at(minute_end + publish_lag_, [this] { publish_oldest(); });
}

void ServiceMetrics::publish_oldest() {
  publish(finished_.front());
  spare_.splice(spare_.end(), finished_, finished_.begin());
}

std::shared_ptr<const ServiceMetrics::Names> ServiceMetrics::names_of(const ecs::ServiceRow& service) const {
  const std::map<std::string, std::string> dimensions = {{"ClusterName", service.cluster},
                                                         {"ServiceName", service.name}};
  auto names = std::make_shared<Names>();
  names->cpu = {"AWS/ECS", "CPUUtilization", dimensions};
  names->memory = {"AWS/ECS", "MemoryUtilization", dimensions};
  for (const char* name_space : {"ECS/ContainerInsights", "AWS/ECS"}) {
    if (settings_.strict_aws && name_space == std::string_view("AWS/ECS")) continue;
    names->running.push_back({name_space, "RunningTaskCount", dimensions});
    names->pending.push_back({name_space, "PendingTaskCount", dimensions});
    names->desired.push_back({name_space, "DesiredTaskCount", dimensions});
  }
  return names;
}

void ServiceMetrics::publish(const Finished& minute) {
  static const std::string count = "Count";
  // AWS: SampleCount of the minute is the number of running tasks; no running task, no point.
  const auto put_use = [&](const Metric& metric, const control::StatisticSet& set, int tasks) {
    if (set.sample_count > 0) metrics_.put(metric, percent_unit, minute.start, {scaled_to_count(set, tasks)});
  };
  for (const auto& [names, gathered] : minute.services) {
    put_use(names->cpu, gathered.cpu, gathered.tasks);
    put_use(names->memory, gathered.memory, gathered.tasks);
    const auto put_counts = [&](const std::vector<Metric>& metrics, const control::StatisticSet& set) {
      for (const auto& metric : metrics) metrics_.put(metric, count, minute.start, {set});
    };
    put_counts(names->running, gathered.running);
    put_counts(names->pending, gathered.pending);
    put_counts(names->desired, gathered.desired);
  }
}

}  // namespace berth::reconcile
