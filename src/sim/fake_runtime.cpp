#include "sim/fake_runtime.h"

#include <algorithm>

namespace berth::sim {

using world::TaskEvent;
using world::TaskEventKind;

namespace {

constexpr RealDuration health_report_after = RealDuration::ms(50);

}  // namespace

void FakeRuntime::run(const world::TaskSpec& spec) {
  if (const auto found = tasks_.find(spec.id); found != tasks_.end()) {
    retell(found->second);
    return;
  }
  Task& task = tasks_[spec.id];
  task.spec = spec;
  task.serial = ++last_serial_;
  if (draw_) task.behaviour = draw_(spec);
  ++runs_[spec.id];
  tell(TaskEventKind::pull_started, task);
  after(task, longest(task, &ImageBehaviour::pull), &FakeRuntime::pulled);
}

void FakeRuntime::stop(const std::string& task_id) {
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end()) {
    loop_.post([this, task_id] { tell(TaskEvent{.kind = TaskEventKind::stopped, .task_id = task_id}); });
    return;
  }
  Task& task = found->second;
  if (task.stopping) return;
  task.stopping = true;
  after(task, longest(task, &ImageBehaviour::stop), &FakeRuntime::ended);
}

void FakeRuntime::list(std::function<void(Result<std::vector<world::TaskState>>)> done) {
  std::vector<world::TaskState> states;
  for (const auto& [id, task] : tasks_) {
    world::TaskState state{.task_id = id, .started = task.started};
    for (const auto& [name, container] : task.containers) state.containers.push_back(container);
    states.push_back(std::move(state));
  }
  loop_.post([done = std::move(done), states = std::move(states)] { done(states); });
}

void FakeRuntime::follow_output(const std::string& task_id, const std::string& container,
                                std::int64_t offset) {
  if (const auto found = tasks_.find(task_id); found != tasks_.end())
    found->second.followed[container] = offset;
}

void FakeRuntime::output_stored(const std::string&, const std::string&, std::int64_t) {}

std::optional<world::Usage> FakeRuntime::usage(const std::string& task_id) {
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end() || !found->second.started) return std::nullopt;
  if (meter_) return meter_->usage(found->second.spec, found->second.started_at);
  return world::Usage{.measured_at = loop_.steady()};
}

void FakeRuntime::crash(const std::string& task_id, const std::string& container, int exit_code,
                        bool out_of_memory) {
  if (const auto found = tasks_.find(task_id); found != tasks_.end()) {
    exit_container(found->second, container, exit_code, out_of_memory);
  }
}

void FakeRuntime::report_health(const std::string& task_id, const std::string& container, bool healthy) {
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end()) return;
  found->second.containers[container].healthy = healthy;
  tell({.kind = TaskEventKind::container_health,
        .task_id = task_id,
        .container = container,
        .healthy = healthy});
}

void FakeRuntime::write(const std::string& task_id, const std::string& container, const std::string& text) {
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end() || !listener_ || !found->second.followed.contains(container)) return;
  std::int64_t& offset = found->second.written[container];
  offset += static_cast<std::int64_t>(text.size()) + 1;
  listener_->on_output(task_id, container, {{.time = loop_.now(), .text = text, .end_offset = offset}}, 0);
}

void FakeRuntime::lose_everything() {
  tasks_.clear();
}

std::set<std::string> FakeRuntime::task_ids() const {
  std::set<std::string> ids;
  for (const auto& [id, task] : tasks_) ids.insert(id);
  return ids;
}

const world::TaskSpec* FakeRuntime::spec(const std::string& task_id) const {
  const auto found = tasks_.find(task_id);
  return found == tasks_.end() ? nullptr : &found->second.spec;
}

int FakeRuntime::runs_of(const std::string& task_id) const {
  const auto found = runs_.find(task_id);
  return found == runs_.end() ? 0 : found->second;
}

std::int64_t FakeRuntime::followed_from(const std::string& task_id, const std::string& container) const {
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end()) return -1;
  const auto followed = found->second.followed.find(container);
  return followed == found->second.followed.end() ? -1 : followed->second;
}

const ImageBehaviour& FakeRuntime::behaviour(const Task& task, const world::ContainerSpec& container) const {
  static const ImageBehaviour usual;
  if (task.behaviour) return *task.behaviour;
  const auto found = images_.find(container.image);
  return found == images_.end() ? usual : found->second;
}

RealDuration FakeRuntime::longest(const Task& task, RealDuration ImageBehaviour::*which) const {
  RealDuration most{};
  for (const auto& container : task.spec.containers) most = std::max(most, behaviour(task, container).*which);
  return most;
}

FakeRuntime::Task* FakeRuntime::find(const std::string& task_id, std::uint64_t serial) {
  const auto found = tasks_.find(task_id);
  return found == tasks_.end() || found->second.serial != serial ? nullptr : &found->second;
}

void FakeRuntime::after(const Task& task, RealDuration delay, void (FakeRuntime::*step)(Task&)) {
  loop_.after_real(delay, [this, id = task.spec.id, serial = task.serial, step] {
    if (Task* still = find(id, serial)) (this->*step)(*still);
  });
}

void FakeRuntime::tell(const TaskEvent& event) {
  if (listener_) listener_->on_task_event(event);
}

void FakeRuntime::tell(TaskEventKind kind, const Task& task, const std::string& container) {
  TaskEvent event{.kind = kind, .task_id = task.spec.id, .container = container};
  if (!container.empty()) {
    const auto& state = task.containers.at(container);
    event.runtime_id = state.runtime_id;
    event.image_digest = state.image_digest;
    event.exit_code = state.exit_code;
    event.out_of_memory = state.out_of_memory;
    event.healthy = state.healthy.value_or(false);
  }
  tell(event);
}

// What an earlier process heard of the task, once more.
void FakeRuntime::retell(const Task& task) {
  for (const auto& [name, container] : task.containers) {
    tell(TaskEventKind::container_created, task, name);
    if (container.running || container.exited) tell(TaskEventKind::container_started, task, name);
    if (container.healthy) tell(TaskEventKind::container_health, task, name);
  }
  if (task.started) tell(TaskEventKind::started, task);
  for (const auto& [name, container] : task.containers) {
    if (container.exited) tell(TaskEventKind::container_exited, task, name);
  }
}

void FakeRuntime::pulled(Task& task) {
  if (task.stopping) return;
  for (const auto& container : task.spec.containers) {
    if (const auto& error = behaviour(task, container).start_error) {
      const TaskEvent event{.kind = TaskEventKind::start_failed, .task_id = task.spec.id, .error = *error};
      tasks_.erase(task.spec.id);
      tell(event);
      return;
    }
  }
  tell(TaskEventKind::pull_stopped, task);
  for (const auto& container : task.spec.containers) {
    task.containers[container.name] = {.name = container.name,
                                       .runtime_id = "id-" + container.name + "-" + task.spec.id.substr(0, 8),
                                       .image_digest = "sha256:" + container.image};
    tell(TaskEventKind::container_created, task, container.name);
  }
  after(task, longest(task, &ImageBehaviour::start), &FakeRuntime::began);
}

void FakeRuntime::began(Task& task) {
  if (task.stopping) return;
  task.started = true;
  task.started_at = loop_.steady();
  const std::string id = task.spec.id;
  for (auto& [name, container] : task.containers) {
    container.running = true;
    tell(TaskEventKind::container_started, task, name);
  }
  tell(TaskEventKind::started, task);
  for (const auto& container : task.spec.containers) {
    const ImageBehaviour& how = behaviour(task, container);
    const std::uint64_t serial = task.serial;
    if (how.healthy) {
      loop_.after_real(health_report_after,
                       [this, id, serial, name = container.name, healthy = *how.healthy] {
                         if (find(id, serial)) report_health(id, name, healthy);
                       });
    }
    if (how.exits_after) {
      loop_.after_real(*how.exits_after, [this, id, serial, name = container.name, code = how.exit_code] {
        if (Task* still = find(id, serial)) exit_container(*still, name, code, false);
      });
    }
  }
}

void FakeRuntime::exit_container(Task& task, const std::string& container, int exit_code,
                                 bool out_of_memory) {
  auto& state = task.containers[container];
  if (!state.running) return;
  state.running = false;
  state.exited = true;
  state.exit_code = exit_code;
  state.out_of_memory = out_of_memory;
  const std::string id = task.spec.id;
  const std::uint64_t serial = task.serial;
  tell(TaskEventKind::container_exited, task, container);
  Task* still = find(id, serial);
  if (!still || still->stopping) return;
  const bool all_exited = std::all_of(still->containers.begin(), still->containers.end(),
                                      [](const auto& entry) { return entry.second.exited; });
  if (all_exited) ended(*still);
}

void FakeRuntime::ended(Task& task) {
  const std::string id = task.spec.id;
  for (auto& [name, container] : task.containers) {
    if (!container.running) continue;
    container.running = false;
    container.exited = true;
    container.exit_code = 0;
    tell(TaskEventKind::container_exited, task, name);
  }
  tasks_.erase(id);
  tell(TaskEvent{.kind = TaskEventKind::stopped, .task_id = id});
}

}  // namespace berth::sim
