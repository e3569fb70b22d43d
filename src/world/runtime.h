// Runtime: where tasks run. The port is cut at the level of the task: run it, stop it, hear what happens to it, read
// its usage and its output. Namespaces, cgroups, pause containers and engines are details behind it. Every call
// returns at once; what follows is reported to the RuntimeListener on the loop's thread. Calls are idempotent.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/time.h"

namespace berth::world {

struct HealthCheckSpec {
  std::vector<std::string> command;  // ["CMD", ...] or ["CMD-SHELL", "..."], run inside the container
  Duration interval = Duration::seconds(30);
  RealDuration timeout = RealDuration::seconds(5);
  int retries = 3;
  Duration start_period{};
};

struct DependencySpec {
  std::string container;
  std::string condition;  // START | COMPLETE | SUCCESS | HEALTHY
};

struct UlimitSpec {
  std::string name;  // "nofile"
  std::int64_t soft = 0;
  std::int64_t hard = 0;
};

struct ContainerSpec {
  std::string name;
  std::string image;
  std::string image_digest;              // "sha256:..."; empty: of what the name stands for now
  std::vector<std::string> entry_point;  // empty: the image's own
  std::vector<std::string> command;      // empty: the image's own
  std::map<std::string, std::string> environment;
  std::string working_directory;
  std::string user;
  bool essential = true;
  bool readonly_root = false;
  std::optional<int> memory_mib;  // hard limit of this container, inside the task's
  std::optional<int> cpu_units;   // share among the task's containers; 1024 = one core
  RealDuration stop_timeout = RealDuration::seconds(30);
  RealDuration start_timeout{};  // 0: none
  std::optional<HealthCheckSpec> health_check;
  std::vector<DependencySpec> depends_on;
  std::vector<UlimitSpec> ulimits;
  std::map<std::string, std::string> labels;
};

// The task's own interface in its subnet, chosen by the control code.
struct InterfaceSpec {
  std::string vpc_id;
  std::string subnet_id;
  std::string subnet_cidr;
  std::string address;      // "10.0.1.17"
  std::string mac_address;  // "02:..."
  std::string resolver_address{};  // of its VPC; empty: the image's and engine's own
};

struct TaskSpec {
  std::string id;  // 32 hexadecimal digits
  double cpu_vcpu = 0;  // quota of all the task's containers together
  int memory_mib = 0;   // limit of all the task's containers together
  InterfaceSpec interface;
  std::vector<ContainerSpec> containers;
  std::map<std::string, std::string> labels;  // cluster, service, task ARN, ...
};

enum class TaskEventKind {
  pull_started,
  pull_stopped,
  container_created,  // runtime_id and image_digest are known
  container_started,
  container_health,   // `healthy`
  container_exited,   // `exit_code`, `out_of_memory`
  started,            // every container that is not waiting for a dependency runs: the task is RUNNING
  start_failed,       // `error`: its code is one of AWS's (CannotPullContainerError, ...); the task is gone
  stopped,            // every container has exited and the task's containers, address and limits are gone
};

struct TaskEvent {
  TaskEventKind kind{};
  std::string task_id;
  std::string container;     // empty for events of the task
  std::string runtime_id;
  std::string image_digest;  // "sha256:..."
  int exit_code = 0;
  bool out_of_memory = false;
  bool healthy = false;
  Error error{};
};

struct LogLine {
  Time time{};       // berth time of the line
  std::string text;  // without its line end
  std::int64_t end_offset = 0;  // position behind this line in the container's output
};

class RuntimeListener {
 public:
  virtual ~RuntimeListener() = default;
  virtual void on_task_event(const TaskEvent& event) = 0;
  // Lines in order, each exactly once per start offset given to follow_output(). `dropped` counts lines that the
  // engine lost before they could be read.
  virtual void on_output(const std::string& task_id, const std::string& container,
                         std::vector<LogLine> lines, std::int64_t dropped) = 0;
};

struct ContainerState {
  std::string name;
  std::string runtime_id;
  std::string image_digest;
  bool running = false;
  bool exited = false;
  int exit_code = 0;
  bool out_of_memory = false;
  std::optional<bool> healthy;
};

struct TaskState {
  std::string task_id;
  std::vector<ContainerState> containers;
  bool started = false;  // as TaskEventKind::started
};

struct Usage {
  std::int64_t cpu_us = 0;        // CPU time used by all the task's containers since they started
  std::int64_t memory_bytes = 0;  // working set: page cache that can be dropped is not counted
  SteadyTime measured_at{};
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  // Starts the task, or adopts what an earlier process started of it.
  virtual void run(const TaskSpec& task) = 0;
  // SIGTERM, each container's stop_timeout, SIGKILL; then everything of the task is removed. Unknown tasks report
  // `stopped` at once.
  virtual void stop(const std::string& task_id) = 0;
  // What exists of this daemon's tasks, whether or not run() was called for it in this process.
  virtual void list(std::function<void(Result<std::vector<TaskState>>)> done) = 0;
  // Reports the container's output from `offset` on, now and as it comes.
  virtual void follow_output(const std::string& task_id, const std::string& container,
                             std::int64_t offset) = 0;
  // Lines up to `offset` are safely stored; the engine's copy of them may go.
  virtual void output_stored(const std::string& task_id, const std::string& container,
                             std::int64_t offset) = 0;
  virtual std::optional<Usage> usage(const std::string& task_id) = 0;
};

// What the engine and the machine are, for `status`, `doctor` and warnings about tasks larger than the host.
struct RuntimeInfo {
  std::string engine;   // "podman 4.3.1"
  bool reachable = false;
  std::string problem;  // why not, and how to mend it
  double host_vcpu = 0;
  std::int64_t host_memory_bytes = 0;
};

}  // namespace berth::world
