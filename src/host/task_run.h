// TaskRun: one task: its place (network namespace, cgroup), its containers in the order of their
// dependencies, their end in the opposite order, and the removal of it all. step() looks at what is there and
// does what can be done next; it is called after every change.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/container_run.h"

namespace berth::host {

class TaskRun {
 public:
  // `gone` is called when nothing of the task is left; the TaskRun may be destroyed then, but not within the
  // call.
  TaskRun(TaskTools& tools, world::TaskSpec spec, Callback gone);

  // Starts what does not run, and takes over what an earlier process made.
  void begin(const std::vector<EngineContainer>& existing);
  void stop();
  // Takes over, only to end it.
  void stop_after_taking_over(const std::vector<EngineContainer>& existing);

  world::TaskState state() const;
  void follow_output(const std::string& container, std::int64_t offset);
  void output_stored(const std::string& container, std::int64_t offset);

 private:
  using WantedImage = std::pair<std::string, std::string>;  // name in the task definition, settled digest
  static WantedImage wanted_image(const world::ContainerSpec& container);

  enum class Dependency { met, waiting, impossible };

  void step();
  void take_over(const std::vector<EngineContainer>& existing);
  void prepare(bool fresh);
  void set_limits(double cpu_vcpu, Callback done);
  void find_images();
  void work_done() { --work_pending_, step(); }
  void fail(Error error);

  bool start_what_can();  // false: the task has failed
  Dependency judge(const world::DependencySpec& dependency) const;
  Dependency judge(const ContainerRun& container) const;
  void limit_start_time(const ContainerRun& container);
  void wind_down();
  bool has_running_dependents(const std::string& container) const;
  void remove_all();
  void remove_place();
  void remove_cgroup(int attempts_left);

  ContainerRun* find(const std::string& container) const;
  void report(world::TaskEventKind kind, Error error = {});

  TaskTools& tools_;
  world::TaskSpec spec_;
  Callback gone_;
  std::vector<std::unique_ptr<ContainerRun>> containers_;
  std::map<WantedImage, FoundImage> images_;
  std::size_t images_left_ = 0;
  int work_pending_ = 0;  // namespace, cgroup, images: what is being made is not removed
  bool stopping_ = false;
  bool started_ = false;
  bool removing_ = false;
  std::optional<Error> error_;
  std::set<std::string> start_limited_;  // containers whose start timeout runs
  Alive alive_;
};

// What can be told of a task from its containers' labels alone: enough to stop it.
world::TaskSpec spec_from_labels(const std::string& task_id, const std::vector<EngineContainer>& containers);

}  // namespace berth::host
