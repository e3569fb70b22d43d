#include "host/container_run.h"

#include <utility>

#include "base/log.h"

namespace berth::host {
namespace {

// Until the engine knows the exit code of a process that has ended.
constexpr RealDuration exit_code_interval = RealDuration::ms(10);
// The engine hears of an end from the container's monitor only: without it (killed, for want of memory) it
// says "running" for ever.
constexpr RealDuration exit_code_patience = RealDuration::seconds(5);
// A container that ended by itself stays this long, so that its output can be asked for.
constexpr RealDuration grace = RealDuration::ms(200);
constexpr RealDuration grace_when_adopted = RealDuration::seconds(2);
constexpr RealDuration remove_interval = RealDuration::ms(200);
constexpr int remove_attempts = 25;
constexpr int killed_exit_code = 128 + SIGKILL;

}  // namespace

ContainerRun::ContainerRun(TaskTools& tools, std::string task_id, world::ContainerSpec spec, Callback changed)
    : tools_(tools),
      task_id_(std::move(task_id)),
      spec_(std::move(spec)),
      changed_(std::move(changed)),
      key_(task_id_ + "/" + spec_.name) {}

ContainerRun::~ContainerRun() {
  tools_.watcher.unwatch(process_watch_);
  tools_.loop.cancel(kill_timer_);
}

void ContainerRun::set_phase(Phase phase) {
  phase_ = phase;
  changed_();
}

void ContainerRun::fail(const char* code, const Error& error) {
  error_ = {code, error.message};
  set_phase(Phase::failed);
}

void ContainerRun::report(world::TaskEventKind kind) {
  world::TaskEvent event;
  event.kind = kind;
  event.task_id = task_id_;
  event.container = spec_.name;
  event.runtime_id = id_;
  event.image_digest = image_digest_;
  event.exit_code = exit_code_;
  event.out_of_memory = out_of_memory_;
  event.healthy = healthy().value_or(false);
  tools_.report(std::move(event));
}

void ContainerRun::create(const world::TaskSpec& task, const FoundImage& image) {
  phase_ = Phase::creating;
  image_digest_ = image.digest;
  const ContainerPlace place{image.name, netns_path(tools_.names.task_namespace(task_id_)),
                             tools_.cgroups.parent_path(task_id_), tools_.boot};
  const auto config = container_config(tools_.names, task, spec_, place, tools_.ceiling);
  tools_.engine.create(tools_.names.container(task_id_, spec_.name), config,
                       alive_.guard([this](Result<std::string> created) {
                         if (!created) return fail("CannotCreateContainerError", created.error());
                         id_ = *created;
                         report(world::TaskEventKind::container_created);
                         set_phase(Phase::created);
                       }));
}

void ContainerRun::start() {
  phase_ = Phase::starting;
  tools_.engine.start(id_, alive_.guard([this](Result<> started) {
    if (!started) return fail("CannotStartContainerError", started.error());
    look_after_start();
  }));
}

void ContainerRun::look_after_start() {
  tools_.engine.inspect(id_, alive_.guard([this](Result<EngineContainer> container) {
    if (!container) return fail("CannotStartContainerError", container.error());
    know(*container);
  }));
}

void ContainerRun::adopt(const EngineContainer& container) {
  adopted_ = true;
  id_ = container.id;
  log_path_ = container.log_path;
  if (image_digest_.empty()) image_digest_ = container.image_id;
  report(world::TaskEventKind::container_created);
  const auto boot = container.labels.find(label::boot);
  const bool died_with_machine = boot != container.labels.end() && boot->second != tools_.boot;
  if (died_with_machine) return end(killed_exit_code, false);
  if (!container.started) return set_phase(Phase::created);
  know(container);
}

// A container that has been started, by this process or an earlier one.
void ContainerRun::know(const EngineContainer& container) {
  log_path_ = container.log_path;
  stop_signal_ = container.stop_signal;
  report(world::TaskEventKind::container_started);
  begin_output();
  if (!container.running) return end(container.exit_code, container.out_of_memory || lacked_memory());
  watch_process(container.pid);
  begin_health_checks();
  set_phase(Phase::running);
}

// The kernel says at once when a process has ended; the engine knows the exit code a little later. Its
// out-of-memory flag stays unset when the task's limit was hit, so the kernel is asked for that too, before
// the cgroup is gone.
void ContainerRun::watch_process(int pid) {
  process_ = open_process(pid);
  if (!process_) return on_process_end(lacked_memory());  // it has ended between the engine's answer and now
  process_watch_ = tools_.watcher.watch(
      process_.get(), true, [this, cgroups = tools_.cgroups, task_id = task_id_, id = id_]() -> Callback {
        const bool out_of_memory = cgroups.oom_kills(task_id, id) > 0;
        return alive_.guard([this, out_of_memory] { on_process_end(out_of_memory); });
      });
}

bool ContainerRun::lacked_memory() const {
  return tools_.cgroups.oom_kills(task_id_, id_) > 0;
}

void ContainerRun::on_process_end(bool out_of_memory) {
  process_watch_ = 0;
  process_.reset();
  health_.reset();
  await_exit_code(out_of_memory, tools_.loop.steady() + exit_code_patience);
}

void ContainerRun::await_exit_code(bool out_of_memory, SteadyTime until) {
  tools_.engine.inspect(id_, alive_.guard([this, out_of_memory, until](Result<EngineContainer> container) {
    if (!container) return end(killed_exit_code, out_of_memory);  // someone removed it
    if (!container->running) {
      return end(container->exit_code, out_of_memory || container->out_of_memory);
    }
    if (tools_.loop.steady() > until) {
      log::error("container {}: has ended, but its monitor cannot say how", id_);
      return end(killed_exit_code, out_of_memory);
    }
    tools_.loop.after_real(exit_code_interval, alive_.guard([this, out_of_memory, until] {
      await_exit_code(out_of_memory, until);
    }));
  }));
}

void ContainerRun::end(int exit_code, bool out_of_memory) {
  tools_.loop.cancel(std::exchange(kill_timer_, no_timer));
  exit_code_ = exit_code;
  out_of_memory_ = out_of_memory && exit_code == killed_exit_code;
  ended_at_ = tools_.loop.steady();
  report(world::TaskEventKind::container_exited);
  set_phase(Phase::exited);
}

world::ContainerState ContainerRun::state() const {
  return {
      spec_.name,     id_,      image_digest_, phase_ == Phase::running, phase_ == Phase::exited, exit_code_,
      out_of_memory_, healthy()};
}

void ContainerRun::stop() {
  if (stop_requested_ || phase_ != Phase::running) return;
  stop_requested_ = true;
  health_.reset();
  signal_process(process_, stop_signal_);
  kill_timer_ = tools_.loop.after_real(spec_.stop_timeout, [this] {
    kill_timer_ = no_timer;
    kill();
  });
}

void ContainerRun::kill() {
  stop_requested_ = true;
  if (process_) signal_process(process_, SIGKILL);
}

void ContainerRun::begin_health_checks() {
  if (!spec_.health_check) return;
  const auto command = health_command(spec_.health_check->command);
  if (command.empty() || command.front() == "NONE") return;
  health_ = std::make_unique<HealthCheck>(
      tools_.loop, *spec_.health_check,
      [this, command](std::function<void(Result<int>)> done) {
        tools_.engine.exec(id_, command, spec_.health_check->timeout, std::move(done));
      },
      [this](bool) {
        report(world::TaskEventKind::container_health);
        changed_();
      });
}

void ContainerRun::follow_output(std::int64_t offset) {
  wanted_output_ = offset;
  if (!log_path_.empty()) begin_output();
}

void ContainerRun::begin_output() {
  if (!wanted_output_) return;
  tools_.output.follow(key_, log_path_, *wanted_output_,
                       [this](std::vector<world::LogLine> lines, std::int64_t dropped) {
                         tools_.report_output(task_id_, spec_.name, std::move(lines), dropped);
                       });
}

void ContainerRun::remove(Callback done) {
  if (id_.empty()) return done();
  const bool ran = phase_ == Phase::exited;
  const SteadyTime asked_until = ended_at_ + (adopted_ ? grace_when_adopted : grace);
  if (ran && !wanted_output_ && !stop_requested_ && tools_.loop.steady() < asked_until) {
    tools_.loop.after_real(asked_until - tools_.loop.steady(),
                           alive_.guard([this, done = std::move(done)] { remove(done); }));
    return;
  }
  tools_.output.finish(
      key_, alive_.guard([this, done = std::move(done)] { remove_from_engine(remove_attempts, done); }));
}

void ContainerRun::remove_from_engine(int attempts_left, Callback done) {
  tools_.engine.remove(id_, alive_.guard([this, attempts_left, done = std::move(done)](Result<> removed) {
    if (!removed && attempts_left > 0) {
      tools_.loop.after_real(remove_interval, alive_.guard([this, attempts_left, done] {
        remove_from_engine(attempts_left - 1, done);
      }));
      return;
    }
    if (!removed) log::error("container {}: {}", id_, removed.error().message);
    done();
  }));
}

}  // namespace berth::host
