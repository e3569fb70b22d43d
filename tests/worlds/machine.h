// Machine: what outlives a process of the daemon: the clock, the life of the process that runs now, and the
// trace of what happened. Time passes for the whole machine, asleep or not.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "loop/sim_loop.h"

namespace berth::worlds {

// One process. It may be made to die after so many steps (a commit, a call to the outside), in the midst of
// whatever it does: from there on nothing of it takes effect.
struct Life {
  bool alive = true;
  int steps_left = 0;  // 0: it does not die by itself

  // Whether the next step still takes place.
  bool step() {
    if (!alive) return false;
    if (steps_left > 0 && --steps_left == 0) alive = false;
    return true;
  }
};

struct Machine {
  explicit Machine(std::uint64_t seed) : loop(from_unix_seconds(1'750'000'000), seed), began(loop.now()) {}

  SimLoop loop;
  Time began;
  std::shared_ptr<Life> process;  // null: berthd is down
  Duration date_offset{};         // of the machine's date, which may be set wrong
  bool tracing = false;
  std::uint64_t digest = 0xcbf29ce484222325ull;  // of the trace: the same seed gives the same

  bool step() { return process && process->step(); }
  // Runs `callback` unless the process that asked has died by then.
  Callback for_process(Callback callback) const;
  double draw() { return loop.rng("chance").uniform(); }
  void trace(const std::string& text);
  std::string clock() const;  // since the world began
};

// The loop that a process sees: its timers die with it.
class ProcessLoop final : public Loop {
 public:
  explicit ProcessLoop(Machine& machine) : machine_(machine) {}

  Time now() const override { return machine_.loop.now(); }
  SteadyTime steady() const override { return machine_.loop.steady(); }
  Time real_now() const override { return machine_.loop.real_now() + machine_.date_offset; }
  double time_scale() const override { return 1; }
  TimerId at(Time when, Callback callback) override {
    return machine_.loop.at(when, machine_.for_process(std::move(callback)));
  }
  TimerId after_real(RealDuration delay, Callback callback) override {
    return machine_.loop.after_real(delay, machine_.for_process(std::move(callback)));
  }
  void cancel(TimerId timer) override { machine_.loop.cancel(timer); }
  void post(Callback callback) override { machine_.loop.post(machine_.for_process(std::move(callback))); }
  void offload(Callback work, Callback done) override {
    machine_.loop.offload(std::move(work), machine_.for_process(std::move(done)));
  }
  Rng& rng(std::string_view purpose) override { return machine_.loop.rng(purpose); }

 private:
  Machine& machine_;
};

}  // namespace berth::worlds
