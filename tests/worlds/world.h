// World: one seed from its first deployment to its rest: the daemon, what is outside of it, its owner, and
// the faults of the plan. Everything happens in virtual time, on one thread, the same way every time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "breakage.h"
#include "owner.h"
#include "rest.h"

namespace berth::worlds {

struct Templates {
  std::string prerequisites;
  std::string service;
};

struct Outcome {
  std::optional<Problem> problem;
  std::string at;  // on the world's clock
  std::uint64_t digest = 0;
  Duration lasted{};
};

class World {
 public:
  World(std::uint64_t seed, const Templates& templates, Breakage breakage, bool tracing);

  Outcome run();

 private:
  bool run_until(Time when);
  bool wait_for(const char* invariant, Duration bound,
                const std::function<std::optional<Problem>()>& missing);
  void fail(Problem problem);

  void start_daemon();
  void start_again();
  void bury_daemon();
  void kill_daemon(int steps, RealDuration down);

  void schedule_deeds();
  void repeat(Duration interval, const std::function<void()>& work);
  void begin(const Deed& deed);
  void end(DeedKind kind);
  void set_fault(DeedKind kind, bool on, double draw);
  void crash(double draw, bool out_of_memory);
  void calm();
  void damage();

  Machine machine_;
  Plan plan_;
  Breakage breakage_;
  Disk disk_{machine_};
  Engine engine_{machine_};
  Proxy proxy_{machine_, [this](const std::string& address) { return engine_.answers(address); }};
  Relay relay_{machine_};
  Networks networks_{machine_};
  NoWeb web_;
  Outside outside_{disk_, engine_, proxy_, relay_, networks_, web_};
  Judge judge_{machine_, engine_};
  std::unique_ptr<Daemon> daemon_;
  Owner owner_;
  RealDuration down_{};             // how long the daemon stays down when it dies
  std::map<DeedKind, int> faults_;  // under way
  bool calm_ = false;
  std::optional<Problem> problem_;
};

}  // namespace berth::worlds
