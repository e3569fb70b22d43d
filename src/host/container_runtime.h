// ContainerRuntime: the Runtime port on Podman's Docker API: which tasks there are, in this process and left
// by an earlier one. What happens within one task is TaskRun's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/task_run.h"

namespace berth::host {

struct RuntimeConfig {
  std::string data_dir;         // absolute
  std::string engine_socket{};  // only this engine; empty: look for one, else start Podman's service
  std::map<std::string, std::string> images{};  // image of a task definition -> name of a local one
  RegistryLookup registry{};
};

class ContainerRuntime final : public world::Runtime {
 public:
  // `network` is that of the same data folder. Loop, listener and network outlive the runtime.
  ContainerRuntime(Loop& loop, world::RuntimeListener& listener, VpcNetwork& network, RuntimeConfig config);
  ~ContainerRuntime() override;

  // Events of an adopted task are reported again from the start: what was reported by the earlier process may
  // not have been stored.
  void run(const world::TaskSpec& task) override;
  void stop(const std::string& task_id) override;
  void list(std::function<void(Result<std::vector<world::TaskState>>)> done) override;
  void follow_output(const std::string& task_id, const std::string& container, std::int64_t offset) override;
  void output_stored(const std::string& task_id, const std::string& container, std::int64_t offset) override;
  std::optional<world::Usage> usage(const std::string& task_id) override;

  const world::RuntimeInfo& info() const { return engine_.info(); }
  // For what else runs in containers.
  TaskTools& tools() { return tools_; }

  // Ends the engine service that was started for it; tasks go on. Nothing can be asked afterwards.
  void leave(Callback done) { engine_.stop_own_service(EngineLink::Files::keep, std::move(done)); }

  // For good: stops every task of this data folder, then the engine service that was started for it.
  void remove_everything(Callback done);

 private:
  using Containers = std::vector<EngineContainer>;

  void take_stock();
  void when_ready(Callback callback);
  std::vector<std::string> places() const;  // tasks of which a namespace or a cgroup is there
  void begin(world::TaskSpec task);
  void end(const std::string& task_id);
  TaskRun* add(world::TaskSpec task);
  void finish_removal();

  Loop& loop_;
  world::RuntimeListener& listener_;
  Names names_;
  Cgroups cgroups_;
  Engine engine_;
  ImageFinder images_;
  FdWatcher watcher_;
  OutputFollower output_;
  TaskTools tools_;
  bool ready_ = false;  // what earlier processes left is known
  std::vector<Callback> waiting_;
  std::map<std::string, Containers> left_;  // by task, of earlier processes, and not taken over yet
  std::map<std::string, std::unique_ptr<TaskRun>> tasks_;
  bool removing_ = false;          // for good: what is asked to run now would be left behind
  std::vector<Callback> removed_;  // who waits for remove_everything()
  Alive alive_;
};

}  // namespace berth::host
