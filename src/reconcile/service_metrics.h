// ServiceMetrics: samples every running task's CPU and memory each 20 s of berth time and publishes what AWS
// publishes of a service: CPUUtilization and MemoryUtilization in AWS/ECS, once a minute or (the service's
// monitoring configuration) every 20 s; the task counts in ECS/ContainerInsights, and (AWS does not) in
// AWS/ECS as well.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/cloudwatch/metric_sink.h"
#include "services/context.h"
#include "services/ecs/rows.h"
#include "world/runtime.h"

namespace berth::reconcile {

class ServiceMetrics {
 public:
  // `publish_lag`: how long after a minute's end its points appear; those of 20 s come after
  // `high_resolution_lag_most` at the latest.
  ServiceMetrics(Store& store, Loop& loop, const Settings& settings, world::Runtime& runtime,
                 cloudwatch::MetricSink& metrics, Duration publish_lag);
  ~ServiceMetrics();

  void start();

  // AWS: each task is sampled every 20 s.
  static constexpr Duration sample_interval = Duration::seconds(20);
  // AWS's benchmark has 86 s from load to trigger with 20-s metrics: three points, and ten seconds from the
  // load to the middle of one.
  static constexpr Duration high_resolution_lag_most = Duration::seconds(16);

 private:
  using Metric = cloudwatch::MetricId;
  // The metrics of a service, named once.
  struct Names {
    Metric cpu, memory;
    std::vector<Metric> running, pending, desired;  // one for each namespace
  };
  // What a minute has gathered of one service.
  struct Minute {
    control::StatisticSet cpu;  // of all samples of all tasks; empty where every 20 s are published
    control::StatisticSet memory;
    int tasks = 0;  // of which there is a sample
    control::StatisticSet running, pending, desired;
  };
  struct Service {
    std::shared_ptr<const Names> names;
    Minute minute;                      // under way
    control::StatisticSet cpu, memory;  // the tasks' newest samples
    int running_now = 0, pending_now = 0;
  };
  using Services = std::map<std::string, Service>;  // by key
  struct Task {
    std::optional<world::Usage> last;
    Service* service = nullptr;  // null: not looked up yet, or gone
    Time counted_in{};           // the end of the minute that counts it already
  };
  struct Finished {
    Time start{};
    std::vector<std::pair<std::shared_ptr<const Names>, Minute>> services;
  };

  void schedule();
  void sample();
  void follow_services();
  Services::iterator forget(Services::iterator service);
  void sample_tasks(Time minute_end);
  void sample_task(const ecs::TaskRow& row, Task& task, Time minute_end);
  static void count_task(const ecs::TaskRow& row, Service& service);
  void gather(const std::string& key, Service& service);
  void keep(const Metric& metric, const ecs::ServiceRow& row, const control::StatisticSet& newest,
            control::StatisticSet& minute);
  void finish(Time minute_end);
  std::shared_ptr<const Names> names_of(const ecs::ServiceRow& service) const;
  void publish_oldest();
  void publish(const Finished& minute);

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  world::Runtime& runtime_;
  cloudwatch::MetricSink& metrics_;
  Duration publish_lag_;
  std::list<Finished> finished_;  // wait for their lag to pass, oldest first
  std::list<Finished> spare_;     // published: their memory is used again
  TimerId timer_ = no_timer;
  Services services_;
  std::map<std::string, Task> tasks_;  // by id
};

}  // namespace berth::reconcile
