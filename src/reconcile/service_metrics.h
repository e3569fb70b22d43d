// ServiceMetrics: samples every running task's CPU and memory each 20 s of berth time and publishes, once a minute,
// what AWS publishes of a service: CPUUtilization and MemoryUtilization in AWS/ECS, the task counts in
// ECS/ContainerInsights, and (AWS does not) in AWS/ECS as well.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/cloudwatch/metric_sink.h"
#include "services/context.h"
#include "services/ecs/rows.h"
#include "world/runtime.h"

namespace berth::reconcile {

class ServiceMetrics {
 public:
  // `publish_lag`: how long after a minute's end its points appear.
  ServiceMetrics(Store& store, Loop& loop, const Settings& settings, world::Runtime& runtime,
                 cloudwatch::MetricSink& metrics, Duration publish_lag);
  ~ServiceMetrics();

  void start();

  // AWS: each task is sampled every 20 s.
  static constexpr Duration sample_interval = Duration::seconds(20);

 private:
  // What a minute has gathered of one service.
  struct Minute {
    control::StatisticSet cpu;     // of all samples of all tasks
    control::StatisticSet memory;
    std::map<std::string, int> samples_of_task;
    control::StatisticSet running, pending, desired;
  };

  void schedule();
  void sample();
  void sample_task(const ecs::TaskRow& task, Minute& minute);
  void count_tasks(const ecs::ServiceRow& service, Minute& minute) const;
  void publish(Time minute_start, const std::map<std::string, Minute>& services);

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  world::Runtime& runtime_;
  cloudwatch::MetricSink& metrics_;
  Duration publish_lag_;
  TimerId timer_ = no_timer;
  std::map<std::string, world::Usage> last_usage_;  // by task
  std::map<std::string, Minute> minute_;            // by service key, of the minute under way
};

}  // namespace berth::reconcile
