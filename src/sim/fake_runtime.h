// FakeRuntime: tasks that run in virtual time. An image says how its containers behave; a test may also make
// one crash. Its tasks outlive the daemon, as containers do: give it another listener and ask it to list and
// run again.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "world/runtime.h"

namespace berth::sim {

struct ImageBehaviour {
  RealDuration pull = RealDuration::ms(200);
  RealDuration start = RealDuration::ms(300);
  RealDuration stop = RealDuration::ms(100);  // from SIGTERM to the end
  std::optional<Error> start_error;           // the task never starts
  std::optional<RealDuration> exits_after;    // of its start, with `exit_code`
  int exit_code = 1;
  std::optional<bool> healthy;  // reported a moment after the start
};

// What tasks have used; without one they use nothing.
class TaskMeter {
 public:
  virtual ~TaskMeter() = default;
  virtual world::Usage usage(const world::TaskSpec& task, SteadyTime started) = 0;
};

class FakeRuntime final : public world::Runtime {
 public:
  explicit FakeRuntime(Loop& loop) : loop_(loop) {}

  // Null: the daemon is down; what happens is remembered and told to the next one when it runs the task
  // again.
  void set_listener(world::RuntimeListener* listener) { listener_ = listener; }
  void set_meter(TaskMeter* meter) { meter_ = meter; }
  // Draws each task's behaviour, instead of the images'.
  void set_behaviour(std::function<ImageBehaviour(const world::TaskSpec&)> draw) { draw_ = std::move(draw); }
  void set_image(const std::string& image, ImageBehaviour behaviour) {
    images_[image] = std::move(behaviour);
  }

  void run(const world::TaskSpec& task) override;
  void stop(const std::string& task_id) override;
  void list(std::function<void(Result<std::vector<world::TaskState>>)> done) override;
  void follow_output(const std::string& task_id, const std::string& container, std::int64_t offset) override;
  void output_stored(const std::string& task_id, const std::string& container, std::int64_t offset) override;
  std::optional<world::Usage> usage(const std::string& task_id) override;

  void crash(const std::string& task_id, const std::string& container, int exit_code,
             bool out_of_memory = false);
  void report_health(const std::string& task_id, const std::string& container, bool healthy);
  void write(const std::string& task_id, const std::string& container, const std::string& text);
  // The machine was switched off: every task is gone without a word.
  void lose_everything();

  std::set<std::string> task_ids() const;
  const world::TaskSpec* spec(const std::string& task_id) const;
  int runs_of(const std::string& task_id) const;  // how often it was really started
  std::int64_t followed_from(const std::string& task_id,
                             const std::string& container) const;  // -1: not followed

 private:
  struct Task {
    world::TaskSpec spec;
    std::map<std::string, world::ContainerState> containers;
    std::map<std::string, std::int64_t> followed;
    std::map<std::string, std::int64_t> written;
    std::optional<ImageBehaviour> behaviour;
    bool started = false;
    SteadyTime started_at{};
    bool stopping = false;
    std::uint64_t serial = 0;
  };

  const ImageBehaviour& behaviour(const Task& task, const world::ContainerSpec& container) const;
  RealDuration longest(const Task& task, RealDuration ImageBehaviour::*which) const;
  Task* find(const std::string& task_id, std::uint64_t serial);
  void after(const Task& task, RealDuration delay, void (FakeRuntime::*step)(Task&));
  void tell(const world::TaskEvent& event);
  void tell(world::TaskEventKind kind, const Task& task, const std::string& container = {});
  void retell(const Task& task);
  void pulled(Task& task);
  void began(Task& task);
  void ended(Task& task);
  void exit_container(Task& task, const std::string& container, int exit_code, bool out_of_memory);

  Loop& loop_;
  world::RuntimeListener* listener_ = nullptr;
  TaskMeter* meter_ = nullptr;
  std::function<ImageBehaviour(const world::TaskSpec&)> draw_;
  std::map<std::string, ImageBehaviour> images_;
  std::map<std::string, Task> tasks_;
  std::map<std::string, int> runs_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace berth::sim
