// ContainerRun: one container of a task, from its creation to its removal, and what is noticed of it
// meanwhile: its end, its health, its output. When it should start and stop is decided by its task (TaskRun).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "host/alive.h"
#include "host/cgroup.h"
#include "host/container_config.h"
#include "host/engine.h"
#include "host/fd_watcher.h"
#include "host/health_check.h"
#include "host/image_finder.h"
#include "host/names.h"
#include "host/netns.h"
#include "host/output_follower.h"
#include "host/pidfd.h"
#include "host/vpc_network.h"
#include "world/runtime.h"

namespace berth::host {

// What all tasks share.
struct TaskTools {
  Loop& loop;
  const Names& names;
  Engine& engine;
  ImageFinder& images;
  Cgroups& cgroups;
  VpcNetwork& network;
  FdWatcher& watcher;
  OutputFollower& output;
  UlimitCeiling ceiling;
  std::string boot;
  std::function<void(world::TaskEvent)> report;  // tells the listener, a little later and in order
  std::function<void(const std::string& task_id, const std::string& container, std::vector<world::LogLine>,
                     std::int64_t dropped)>
      report_output;
};

class ContainerRun {
 public:
  enum class Phase { absent, creating, created, starting, running, exited, failed };

  // `changed` is called after every change of phase or health.
  ContainerRun(TaskTools& tools, std::string task_id, world::ContainerSpec spec, Callback changed);
  ~ContainerRun();

  const world::ContainerSpec& spec() const { return spec_; }
  Phase phase() const { return phase_; }
  // Nothing of it runs or is about to.
  bool is_still() const {
    return phase_ != Phase::creating && phase_ != Phase::starting && phase_ != Phase::running;
  }
  int exit_code() const { return exit_code_; }
  const Error& error() const { return error_; }  // when it failed
  world::ContainerState state() const;
  std::optional<bool> healthy() const { return health_ ? health_->healthy() : std::nullopt; }

  void create(const world::TaskSpec& task, const FoundImage& image);
  void start();
  // Takes over what an earlier process made.
  void adopt(const EngineContainer& container);
  // SIGTERM, or the image's own signal; SIGKILL after the stop timeout.
  void stop();
  void kill();
  // After its end: its last output is delivered, then it is removed.
  void remove(Callback done);

  void follow_output(std::int64_t offset);
  void output_stored(std::int64_t offset) { tools_.output.stored(key_, offset); }

 private:
  void set_phase(Phase phase);
  void fail(const char* code, const Error& error);
  void report(world::TaskEventKind kind);
  void know(const EngineContainer& container);
  void look_after_start();
  void watch_process(int pid);
  bool lacked_memory() const;
  void on_process_end(bool out_of_memory);
  void await_exit_code(bool out_of_memory, SteadyTime until);
  void end(int exit_code, bool out_of_memory);
  void begin_health_checks();
  void begin_output();
  void remove_from_engine(int attempts_left, Callback done);

  TaskTools& tools_;
  std::string task_id_;
  world::ContainerSpec spec_;
  Callback changed_;
  std::string key_;  // of its output

  Phase phase_ = Phase::absent;
  std::string id_, image_digest_, log_path_;
  int stop_signal_ = SIGTERM;
  int exit_code_ = 0;
  bool out_of_memory_ = false;
  Error error_;
  bool adopted_ = false;
  bool stop_requested_ = false;
  SteadyTime ended_at_{};
  Fd process_;
  FdWatcher::WatchId process_watch_ = 0;
  TimerId kill_timer_ = no_timer;
  std::unique_ptr<HealthCheck> health_;
  std::optional<std::int64_t> wanted_output_;
  Alive alive_;
};

}  // namespace berth::host
