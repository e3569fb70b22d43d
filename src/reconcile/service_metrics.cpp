#include "reconcile/service_metrics.h"

#include <algorithm>
#include <memory>

namespace berth::reconcile {
namespace {

constexpr double mebibyte = 1024 * 1024;

control::StatisticSet scaled_to_count(const control::StatisticSet& set, double count) {
  return {count, set.sum / set.sample_count * count, set.minimum, set.maximum};
}

}  // namespace

ServiceMetrics::ServiceMetrics(Store& store, Loop& loop, const Settings& settings, world::Runtime& runtime,
                               cloudwatch::MetricSink& metrics, Duration publish_lag)
    : store_(store), loop_(loop), settings_(settings), runtime_(runtime), metrics_(metrics),
      publish_lag_(publish_lag) {}

ServiceMetrics::~ServiceMetrics() { loop_.cancel(timer_); }

void ServiceMetrics::start() { schedule(); }

void ServiceMetrics::schedule() {
  const Time next = floor_to(loop_.now(), sample_interval) + sample_interval;
  timer_ = loop_.at(next, [this] {
    sample();
    schedule();
  });
}

// A sample at time t tells of the interval before t, so the one on the full minute still belongs to the minute that
// ends there.
void ServiceMetrics::sample() {
  for (const auto& [id, task] : store_.all<ecs::TaskRow>()) {
    if (task.service.empty() || task.last_status != "RUNNING") continue;
    sample_task(task, minute_[task.cluster + "/" + task.service]);
  }
  std::erase_if(last_usage_, [&](const auto& entry) {
    const auto* task = store_.find<ecs::TaskRow>(entry.first);
    return !task || task->last_status != "RUNNING";
  });
  for (const auto& [key, service] : store_.all<ecs::ServiceRow>()) {
    if (service.status != "INACTIVE") count_tasks(service, minute_[key]);
  }
  const Time now = loop_.now();
  const Time minute_end = floor_to_minute(now);
  if (now - minute_end >= sample_interval) return;
  auto finished = std::make_shared<std::map<std::string, Minute>>(std::move(minute_));
  minute_.clear();
  loop_.at(minute_end + publish_lag_,
           [this, finished, start = minute_end - Duration::minutes(1)] { publish(start, *finished); });
}

void ServiceMetrics::sample_task(const ecs::TaskRow& task, Minute& minute) {
  const auto usage = runtime_.usage(task.id);
  if (!usage) return;
  const auto before = last_usage_.find(task.id);
  if (before != last_usage_.end() && usage->measured_at > before->second.measured_at) {
    // Real time, whatever the scale: a container's CPU time is real.
    const double elapsed_us = static_cast<double>((usage->measured_at - before->second.measured_at).us);
    const double used_us = static_cast<double>(std::max<std::int64_t>(0, usage->cpu_us - before->second.cpu_us));
    // AWS: a task-level limit keeps the utilization at 100 at most; the quota's last period may overshoot it.
    const double percent = std::min(100.0, used_us * 100 / (elapsed_us * task.cpu_vcpu));
    const double memory_mib = static_cast<double>(usage->memory_bytes) / mebibyte;
    control::merge(minute.cpu, control::statistic_set_of(percent));
    control::merge(minute.memory, control::statistic_set_of(memory_mib * 100 / task.memory_mib));
    ++minute.samples_of_task[task.id];
  }
  last_usage_[task.id] = *usage;
}

void ServiceMetrics::count_tasks(const ecs::ServiceRow& service, Minute& minute) const {
  int running = 0, pending = 0;
  for (const auto& [id, task] : store_.all<ecs::TaskRow>()) {
    if (task.cluster != service.cluster || task.service != service.name || task.desired_status != "RUNNING") continue;
    if (task.last_status == "RUNNING") {
      ++running;
    } else if (task.last_status == "PROVISIONING" || task.last_status == "PENDING" || task.last_status == "ACTIVATING") {
      ++pending;
    }
  }
  control::merge(minute.running, control::statistic_set_of(running));
  control::merge(minute.pending, control::statistic_set_of(pending));
  control::merge(minute.desired, control::statistic_set_of(service.desired_count));
}

void ServiceMetrics::publish(Time minute_start, const std::map<std::string, Minute>& services) {
  for (const auto& [key, minute] : services) {
    const auto slash = key.find('/');
    const std::map<std::string, std::string> dimensions = {{"ClusterName", key.substr(0, slash)},
                                                           {"ServiceName", key.substr(slash + 1)}};
    const auto put = [&](const char* name_space, const char* name, const char* unit, const control::StatisticSet& set) {
      if (set.sample_count > 0) metrics_.put({name_space, name, dimensions}, unit, minute_start, {set, {}});
    };
    // AWS: SampleCount of the minute is the number of running tasks; no running task, no point.
    const auto tasks = static_cast<double>(minute.samples_of_task.size());
    if (tasks > 0) {
      put("AWS/ECS", "CPUUtilization", "Percent", scaled_to_count(minute.cpu, tasks));
      put("AWS/ECS", "MemoryUtilization", "Percent", scaled_to_count(minute.memory, tasks));
    }
    for (const char* name_space : {"ECS/ContainerInsights", "AWS/ECS"}) {
      if (settings_.strict_aws && name_space == std::string_view("AWS/ECS")) continue;
      put(name_space, "RunningTaskCount", "Count", minute.running);
      put(name_space, "PendingTaskCount", "Count", minute.pending);
      put(name_space, "DesiredTaskCount", "Count", minute.desired);
    }
  }
}

}  // namespace berth::reconcile
