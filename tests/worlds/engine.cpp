#include "engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "plan.h"

namespace berth::worlds {

Engine::Engine(Machine& machine) : tasks(machine.loop), machine_(machine) {
  tasks.set_listener(this);
  set_behaviour({});
}

void Engine::attach(world::RuntimeListener* listener) {
  listener_ = listener;
  delivered_.clear();
}

void Engine::set_behaviour(sim::ImageBehaviour behaviour) {
  behaviour.healthy = true;
  tasks.set_image(image_name, std::move(behaviour));
}

void Engine::later(Callback callback) {
  const SteadyTime now = machine_.loop.steady();
  busy_until_ = std::max({busy_until_, now + latency, hangs_until});
  machine_.loop.after_real(busy_until_ - now, machine_.for_process(std::move(callback)));
}

void Engine::run(const world::TaskSpec& task) {
  if (!machine_.step()) return;
  later([this, task] {
    if (tasks.task_ids().contains(task.id)) machine_.trace("engine: takes over task " + task.id.substr(0, 8));
    // Its containers are still there, exited, until somebody has heard of it.
    if (ended_.contains(task.id)) return tell({.kind = world::TaskEventKind::stopped, .task_id = task.id});
    tasks.run(task);
    if (!runs_a_task_twice) return;
    runs_a_task_twice = false;
    auto twin = task;
    twin.id = std::string(32, 'f');
    tasks.run(twin);
  });
}

void Engine::stop(const std::string& task_id) {
  if (!machine_.step()) return;
  later([this, task_id] {
    if (keeps_a_stopped_task && tasks.task_ids().contains(task_id)) {
      keeps_a_stopped_task = false;
      return tell({.kind = world::TaskEventKind::stopped, .task_id = task_id});
    }
    tasks.stop(task_id);
  });
}

void Engine::list(std::function<void(Result<std::vector<world::TaskState>>)> done) {
  if (!machine_.step()) return;
  if (lists_fail) {
    return later([done] { done(Error{"EngineUnreachable", "the engine answers 500"}); });
  }
  later([this, done] {
    tasks.list([this, done](const Result<std::vector<world::TaskState>>& states) {
      later([done, states] { done(states); });
    });
  });
}

void Engine::follow_output(const std::string& task_id, const std::string& container, std::int64_t offset) {
  if (!machine_.step()) return;
  std::int64_t end = 0;
  std::size_t known = 0;
  for (const auto& line : lines_[task_id]) {
    end += static_cast<std::int64_t>(line.size()) + 1;
    if (end > offset) break;
    ++known;
  }
  delivered_[task_id] = known;
  deliver_lines(task_id, container);
}

void Engine::write_lines() {
  for (const auto& id : started_tasks()) {
    auto& lines = lines_[id];
    lines.push_back(fmt::format("line {} of {}", lines.size() + 1, id));
    if (delivered_.contains(id)) deliver_lines(id, container_name);
  }
}

void Engine::deliver_lines(const std::string& task_id, const std::string& container) {
  later([this, task_id, container] {
    const auto delivered = delivered_.find(task_id);
    if (!listener_ || delivered == delivered_.end()) return;
    std::vector<world::LogLine> fresh;
    std::int64_t end = 0;
    const auto& lines = lines_[task_id];
    for (std::size_t i = 0; i < lines.size(); ++i) {
      end += static_cast<std::int64_t>(lines[i].size()) + 1;
      if (i < delivered->second || std::exchange(loses_a_line, false)) continue;
      fresh.push_back({machine_.loop.now(), lines[i], end});
      if (std::exchange(doubles_a_line, false)) fresh.push_back(fresh.back());
    }
    delivered->second = lines.size();
    if (!fresh.empty()) listener_->on_output(task_id, container, std::move(fresh), 0);
  });
}

void Engine::output_stored(const std::string&, const std::string&, std::int64_t) {}

std::optional<world::Usage> Engine::usage(const std::string& task_id) {
  if (!tasks.usage(task_id)) return std::nullopt;
  const auto used = cpu_us_.find(task_id);
  return world::Usage{
      used == cpu_us_.end() ? 0 : static_cast<std::int64_t>(used->second) * (counts_cpu_twice ? 2 : 1),
      100 << 20, machine_.loop.steady()};
}

std::vector<std::string> Engine::started_tasks() const {
  std::vector<std::string> started;
  auto& runtime = const_cast<sim::FakeRuntime&>(tasks);  // usage() asks and changes nothing
  for (const auto& id : tasks.task_ids()) {
    if (runtime.usage(id)) started.push_back(id);
  }
  return started;
}

void Engine::burn(double demand_vcpu, RealDuration span) {
  demand_vcpu_ = demand_vcpu;
  const auto started = started_tasks();
  std::erase_if(cpu_us_, [&](const auto& entry) { return !tasks.spec(entry.first); });
  if (started.empty()) return;
  const double share = demand_vcpu / static_cast<double>(started.size());
  for (const auto& id : started) {
    cpu_us_[id] += std::min(share, tasks.spec(id)->cpu_vcpu) * static_cast<double>(span.us);
  }
}

bool Engine::answers(const std::string& address) const {
  if (mute_addresses.contains(address)) return false;
  const auto started = started_tasks();
  return std::any_of(started.begin(), started.end(),
                     [&](const auto& id) { return tasks.spec(id)->interface.address == address; });
}

void Engine::on_task_event(const world::TaskEvent& event) {
  using world::TaskEventKind;
  const std::string id = event.task_id.substr(0, 8);
  if (event.kind == TaskEventKind::started) machine_.trace("task " + id + ": runs");
  if (event.kind == TaskEventKind::stopped) machine_.trace("task " + id + ": gone");
  if (event.kind == TaskEventKind::start_failed) {
    machine_.trace(fmt::format("task {}: did not start: {}", id, event.error.code));
  }
  if (event.kind == TaskEventKind::container_exited) {
    machine_.trace(fmt::format("task {}: exit code {}{}", id, event.exit_code,
                               event.out_of_memory ? ", out of memory" : ""));
  }
  if (event.kind == TaskEventKind::stopped) ended_.insert(event.task_id);
  if (event.kind == TaskEventKind::stopped && forgets_a_stop) {
    forgets_a_stop = false;
    return;
  }
  tell(event);
}

void Engine::tell(const world::TaskEvent& event) {
  if (!machine_.process) return;
  for (int times = repeats_events ? 2 : 1; times > 0; --times) {
    later([this, event] {
      if (listener_) listener_->on_task_event(event);
    });
  }
}

}  // namespace berth::worlds
