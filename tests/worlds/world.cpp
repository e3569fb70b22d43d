#include "world.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::worlds {
namespace {

constexpr Duration owner_looks_every = Duration::seconds(10);
constexpr Duration load_counts_every = Duration::seconds(10);
constexpr Duration load_counts_first = Duration::seconds(2.5);
constexpr Duration tasks_write_every = Duration::minutes(2);
constexpr RealDuration usual_restart = RealDuration::seconds(2);
// Stated bounds. Rest: starts wait up to 15 minutes after failures, mails up to 10, a rollout that nobody
// waited for any longer is rolled back by its stack, and a stack that failed is deleted and made again.
constexpr Duration rest_within = Duration::minutes(90);
constexpr Duration deletion_within = Duration::minutes(45);

}  // namespace

World::World(std::uint64_t seed, const Templates& templates, Breakage breakage, bool tracing)
    : machine_(seed),
      plan_(draw_plan(seed, templates.service)),
      breakage_(breakage),
      owner_(machine_, daemon_, judge_, relay_, plan_, templates.prerequisites) {
  machine_.tracing = tracing;
}

Outcome World::run() {
  machine_.trace(plan_.summary);
  start_daemon();
  schedule_deeds();
  repeat(owner_looks_every, [this] { owner_.look(); });
  repeat(tasks_write_every, [this] { engine_.write_lines(); });
  // Between the daemon's samples, so that each of them covers the same number.
  machine_.loop.after(load_counts_first, [this] {
    repeat(load_counts_every, [this] {
      const Duration since = calm_ ? plan_.chaos : machine_.loop.now() - machine_.began;
      engine_.burn(plan_.load.at(since), RealDuration{load_counts_every.us});
    });
  });
  const auto resting = [this]() -> std::optional<Problem> {
    if (!daemon_) return Problem{invariant::convergence, "the daemon does not run"};
    if (auto found = unrest(*daemon_, outside_, judge_)) return found;
    if (!owner_.satisfied()) return Problem{invariant::stack, "a stack is not as its owner wants it"};
    return {};
  };
  const auto deleted = [this]() -> std::optional<Problem> {
    if (!daemon_) return Problem{invariant::convergence, "the daemon does not run"};
    return leftovers(*daemon_, outside_);
  };
  bool ok = run_until(machine_.began + plan_.chaos);
  if (ok) calm();
  ok = ok && wait_for("rest", rest_within, resting);
  if (ok && plan_.ends_with_deletion) {
    owner_.delete_everything();
    for (const Deed& kill : plan_.deletion_kills) machine_.loop.after(kill.at, [this, kill] { begin(kill); });
    wait_for("deletion", deletion_within, deleted);
  }
  machine_.trace(problem_ ? "ends broken" : "ends well");
  return {problem_, machine_.clock(), machine_.digest, machine_.loop.now() - machine_.began};
}

bool World::run_until(Time when) {
  while (!problem_ && machine_.loop.run_one(when)) {
    if (judge_.problem()) problem_ = judge_.problem();
    if (machine_.process && !machine_.process->alive) bury_daemon();
  }
  if (!problem_) machine_.loop.run_until(when);
  return !problem_;
}

bool World::wait_for(const char* what, Duration bound,
                     const std::function<std::optional<Problem>()>& missing) {
  const Time until = machine_.loop.now() + bound;
  while (machine_.loop.now() < until) {
    if (!run_until(machine_.loop.now() + owner_looks_every)) return false;
    if (!missing()) {
      machine_.trace(std::string(what) + " is reached");
      return true;
    }
  }
  Problem problem = *missing();
  problem.text = fmt::format("{} minutes without {}: {}", bound.in_seconds() / 60, what, problem.text);
  fail(std::move(problem));
  return false;
}

void World::fail(Problem problem) {
  machine_.trace(fmt::format("BROKEN {}: {}", problem.invariant, problem.text));
  if (!problem_) problem_ = std::move(problem);
}

void World::start_daemon() {
  machine_.process = std::make_shared<Life>();
  daemon_ = std::make_unique<Daemon>(machine_, outside_);
  const bool started =
      daemon_->start([this](const Changes& changes) { judge_.on_commit(*daemon_, changes); });
  machine_.trace(started ? "berthd: starts" : "berthd: does not start");
}

// A process that follows a dead one may die at once, too.
void World::start_again() {
  if (daemon_) return;
  start_daemon();
  constexpr double dies_early = 0.3;
  constexpr double steps_most = 40;
  if (!calm_ && machine_.draw() < dies_early) {
    kill_daemon(1 + static_cast<int>(steps_most * machine_.draw()), usual_restart);
  }
}

void World::bury_daemon() {
  machine_.trace("berthd: killed");
  daemon_.reset();
  machine_.process.reset();
  const RealDuration down = down_.us > 0 ? down_ : usual_restart;
  down_ = {};
  machine_.loop.after_real(down, [this] { start_again(); });
}

// After so many steps, wherever that is.
void World::kill_daemon(int steps, RealDuration down) {
  if (!machine_.process) return;
  down_ = down;
  if (steps == 0) {
    machine_.process->alive = false;
  } else {
    machine_.process->steps_left = steps;
  }
}

void World::repeat(Duration interval, const std::function<void()>& work) {
  machine_.loop.after(interval, [this, interval, work] {
    work();
    repeat(interval, work);
  });
}

void World::schedule_deeds() {
  for (const Deed& deed : plan_.deeds) {
    machine_.loop.at(machine_.began + deed.at, [this, deed] {
      if (!calm_) begin(deed);
    });
  }
  if (breakage_ != Breakage::none) {
    machine_.loop.at(machine_.began + damage_at(breakage_, plan_.chaos), [this] { damage(); });
  }
}

void World::begin(const Deed& deed) {
  constexpr double steps_most = 60;
  if (deed.kind <= DeedKind::force_alarm) {
    if (deed.dies_after > 0) kill_daemon(deed.dies_after, usual_restart);
    return owner_.act(deed);
  }
  if (deed.kind >= DeedKind::engine_hangs) {
    machine_.trace(fmt::format("fault: {} for {:.0f} s", name_of(deed.kind), deed.span.in_seconds()));
    if (faults_[deed.kind]++ == 0) set_fault(deed.kind, true, deed.draw);
    machine_.loop.after(deed.span, [this, kind = deed.kind] { end(kind); });
    return;
  }
  machine_.trace(fmt::format("fault: {}", name_of(deed.kind)));
  switch (deed.kind) {
    case DeedKind::kill: {
      const int steps = static_cast<int>(deed.draw * steps_most);
      // One in five stays down for as long as a fault lasts.
      return kill_daemon(steps, steps % 5 == 0 ? RealDuration{deed.span.us} : usual_restart);
    }
    case DeedKind::crash:
      return crash(deed.draw, false);
    case DeedKind::out_of_memory:
      return crash(deed.draw, true);
    case DeedKind::container_unhealthy:
      if (const auto started = engine_.started_tasks(); plan_.has_health_check && !started.empty()) {
        engine_.tasks.report_health(started.front(), container_name, false);
      }
      return;
    case DeedKind::proxy_killed:
      return proxy_.restart(RealDuration::seconds(10 * deed.draw));
    case DeedKind::machine_sleeps:
      return machine_.loop.sleep_for(deed.span);
    case DeedKind::machine_reboots:
      engine_.tasks.lose_everything();
      proxy_.restart(RealDuration::seconds(10));
      return kill_daemon(0, RealDuration::seconds(60 * deed.draw));
    default:
      return;
  }
}

void World::crash(double draw, bool out_of_memory) {
  const auto started = engine_.started_tasks();
  if (started.empty()) return;
  const auto which = static_cast<std::size_t>(draw * static_cast<double>(started.size()));
  engine_.tasks.crash(started[std::min(which, started.size() - 1)], container_name, out_of_memory ? 137 : 1,
                      out_of_memory);
}

void World::end(DeedKind kind) {
  const auto found = faults_.find(kind);
  if (found == faults_.end() || --found->second > 0) return;
  faults_.erase(found);
  machine_.trace(fmt::format("fault ends: {}", name_of(kind)));
  set_fault(kind, false, 0);
}

void World::set_fault(DeedKind kind, bool on, double draw) {
  sim::ImageBehaviour image;
  switch (kind) {
    case DeedKind::engine_hangs:
      engine_.hangs_until = on ? machine_.loop.steady() + RealDuration::minutes(10) : machine_.loop.steady();
      return;
    case DeedKind::engine_slow:
      engine_.latency = on ? RealDuration::seconds(8 * draw) : RealDuration::ms(20);
      return;
    case DeedKind::lists_fail:
      engine_.lists_fail = on;
      return;
    case DeedKind::starts_fail: {
      const char* code = draw < 0.5 ? "CannotPullContainerError" : "ResourceInitializationError";
      if (on) image.start_error = Error{code, "it did not work"};
      return engine_.set_behaviour(image);
    }
    case DeedKind::pulls_slow:
      if (on) image.pull = RealDuration::seconds(20 + 300 * draw);
      return engine_.set_behaviour(image);
    case DeedKind::starts_hang:
      if (on) image.start = RealDuration::seconds(900);
      return engine_.set_behaviour(image);
    case DeedKind::tasks_exit:
      if (on) image.exits_after = RealDuration::seconds(60 * draw);
      return engine_.set_behaviour(image);
    case DeedKind::stops_slow:
      if (on) image.stop = RealDuration::seconds(120 * draw);
      return engine_.set_behaviour(image);
    case DeedKind::events_repeat:
      engine_.repeats_events = on;
      return;
    case DeedKind::task_mute:
      engine_.mute_addresses.clear();
      if (const auto started = engine_.started_tasks(); on && !started.empty()) {
        engine_.mute_addresses.insert(engine_.tasks.spec(started.back())->interface.address);
      }
      return;
    case DeedKind::checks_fail:
      proxy_.checks_fail = on;
      return;
    case DeedKind::mail_deferred:
      relay_.defers = on;
      return;
    case DeedKind::mail_slow:
      relay_.slow = on;
      return;
    case DeedKind::mail_answers_lost:
      relay_.loses_answers = on;
      return;
    case DeedKind::mail_refused:
      relay_.refuses = on;
      return;
    case DeedKind::networks_fail:
      networks_.fails = on;
      return;
    case DeedKind::disk_full:
      disk_.full = on;
      return;
    case DeedKind::date_wrong:
      machine_.date_offset = on ? Duration::minutes(240 * draw - 120) : Duration{};
      return;
    default:
      return;
  }
}

// Faults end here, all of them.
void World::calm() {
  machine_.trace("calm: no more faults");
  calm_ = true;
  const auto under_way = std::exchange(faults_, {});
  for (const auto& [kind, count] : under_way) set_fault(kind, false, 0);
  if (machine_.process) machine_.process->steps_left = 0;
}

void World::damage() {
  machine_.trace(fmt::format("breakage: {}", name_of(breakage_)));
  do_damage(breakage_, daemon_.get(), outside_);
}

}  // namespace berth::worlds
