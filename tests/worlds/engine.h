// Engine: the container engine of a world. FakeRuntime runs the tasks; between it and the daemon calls may
// take long, hang or fail, and what the engine has to say may come late. It outlives the daemon.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "machine.h"
#include "sim/fake_runtime.h"

namespace berth::worlds {

class Engine final : public world::Runtime, private world::RuntimeListener {
 public:
  explicit Engine(Machine& machine);

  // Null: the daemon is down.
  void attach(world::RuntimeListener* listener);

  void run(const world::TaskSpec& task) override;
  void stop(const std::string& task_id) override;
  void list(std::function<void(Result<std::vector<world::TaskState>>)> done) override;
  void follow_output(const std::string& task_id, const std::string& container, std::int64_t offset) override;
  void output_stored(const std::string& task_id, const std::string& container, std::int64_t offset) override;
  std::optional<world::Usage> usage(const std::string& task_id) override;

  // Shares the load among the tasks that run, each up to its limit.
  void burn(double demand_vcpu, RealDuration span);
  double demand_vcpu() const { return demand_vcpu_; }
  // Every task that runs writes a line.
  void write_lines();
  // All that a task has written, by its id.
  const std::map<std::string, std::vector<std::string>>& lines() const { return lines_; }
  // Whether a task at this address answers.
  bool answers(const std::string& address) const;
  std::vector<std::string> started_tasks() const;

  // Faults.
  SteadyTime hangs_until{};
  RealDuration latency = RealDuration::ms(20);
  bool lists_fail = false;
  bool repeats_events = false;
  std::set<std::string> mute_addresses;  // tasks that run and do not answer
  void set_behaviour(sim::ImageBehaviour behaviour);

  // Breakages: a world that lies, for the test of the invariants.
  bool forgets_a_stop = false;
  bool keeps_a_stopped_task = false;
  bool runs_a_task_twice = false;
  bool counts_cpu_twice = false;
  bool loses_a_line = false;
  bool doubles_a_line = false;

  sim::FakeRuntime tasks;

 private:
  void on_task_event(const world::TaskEvent& event) override;
  void on_output(const std::string&, const std::string&, std::vector<world::LogLine>, std::int64_t) override {
  }

  // One after the other, as over one connection.
  void later(Callback callback);
  void tell(const world::TaskEvent& event);
  void deliver_lines(const std::string& task_id, const std::string& container);

  Machine& machine_;
  world::RuntimeListener* listener_ = nullptr;
  SteadyTime busy_until_{};
  std::set<std::string> ended_;  // tasks that ran and are over
  double demand_vcpu_ = 0;
  std::map<std::string, double> cpu_us_;
  std::map<std::string, std::vector<std::string>> lines_;
  std::map<std::string, std::size_t> delivered_;  // to this process: lines of a task that it follows
};

}  // namespace berth::worlds
