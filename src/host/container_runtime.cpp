#include "host/container_runtime.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"

namespace berth::host {
namespace {

constexpr RealDuration stock_retry_interval = RealDuration::seconds(1);

std::map<std::string, std::vector<EngineContainer>> by_task(std::vector<EngineContainer> containers) {
  std::map<std::string, std::vector<EngineContainer>> out;
  for (auto& container : containers) {
    const auto task = container.labels.find(label::task);
    if (task != container.labels.end()) out[task->second].push_back(std::move(container));
  }
  return out;
}

world::TaskState state_of(const std::string& task_id, const std::vector<EngineContainer>& containers,
                          const std::string& boot) {
  world::TaskState state{task_id, {}, true};
  for (const auto& container : containers) {
    const auto label_of = [&](const char* name) {
      const auto found = container.labels.find(name);
      return found == container.labels.end() ? std::string() : found->second;
    };
    const bool running = container.running && label_of(label::boot) == boot;
    state.started = state.started && container.started;
    state.containers.push_back({label_of(label::container),
                                container.id,
                                container.image_id,
                                running,
                                container.started && !running,
                                container.exit_code,
                                container.out_of_memory,
                                {}});
  }
  state.started = state.started && !containers.empty();
  return state;
}

}  // namespace

ContainerRuntime::ContainerRuntime(Loop& loop, world::RuntimeListener& listener, VpcNetwork& network,
                                   RuntimeConfig config)
    : loop_(loop),
      listener_(listener),
      names_(config.data_dir),
      cgroups_(names_.daemon()),
      engine_(loop, {config.data_dir, std::move(config.engine_socket)}),
      images_(engine_, std::move(config.images), std::move(config.registry)),
      watcher_(loop),
      output_(loop, watcher_),
      tools_{
          loop,
          names_,
          engine_,
          images_,
          cgroups_,
          network,
          watcher_,
          output_,
          ulimit_ceiling(),
          boot_id(),
          [this](world::TaskEvent event) {
            // Posted, so that a listener may call back into the runtime from any event.
            loop_.post(alive_.guard([this, event = std::move(event)] { listener_.on_task_event(event); }));
          },
          [this](const std::string& task_id, const std::string& container, std::vector<world::LogLine> lines,
                 std::int64_t dropped) {
            loop_.post(alive_.guard([this, task_id, container, lines = std::move(lines), dropped]() mutable {
              listener_.on_output(task_id, container, std::move(lines), dropped);
            }));
          }} {
  take_stock();
}

ContainerRuntime::~ContainerRuntime() = default;

void ContainerRuntime::take_stock() {
  engine_.list(label::daemon, names_.daemon(), alive_.guard([this](Result<Containers> found) {
    if (!found) {
      log::error("container engine: {}", found.error().message);
      loop_.after_real(stock_retry_interval, alive_.guard([this] { take_stock(); }));
      return;
    }
    left_ = by_task(std::move(*found));
    ready_ = true;
    for (const auto& callback : std::exchange(waiting_, {})) callback();
  }));
}

void ContainerRuntime::when_ready(Callback callback) {
  if (ready_) return callback();
  waiting_.push_back(std::move(callback));
}

TaskRun* ContainerRuntime::add(world::TaskSpec task) {
  const std::string id = task.id;
  auto& entry = tasks_[id] = std::make_unique<TaskRun>(tools_, std::move(task), [this, id] {
    loop_.post(alive_.guard([this, id] {
      tasks_.erase(id);
      finish_removal();
    }));
  });
  return entry.get();
}

void ContainerRuntime::run(const world::TaskSpec& task) {
  when_ready([this, task] { begin(task); });
}

void ContainerRuntime::begin(world::TaskSpec task) {
  if (removing_ || tasks_.contains(task.id)) return;
  auto left = left_.extract(task.id);
  add(std::move(task))->begin(left.empty() ? Containers() : left.mapped());
}

void ContainerRuntime::stop(const std::string& task_id) {
  when_ready([this, task_id] { end(task_id); });
}

void ContainerRuntime::end(const std::string& task_id) {
  if (const auto found = tasks_.find(task_id); found != tasks_.end()) return found->second->stop();
  auto left = left_.extract(task_id);
  const auto with_place = places();
  if (left.empty() && std::find(with_place.begin(), with_place.end(), task_id) == with_place.end()) {
    world::TaskEvent event;
    event.kind = world::TaskEventKind::stopped;
    event.task_id = task_id;
    return tools_.report(std::move(event));
  }
  const Containers containers = left.empty() ? Containers() : std::move(left.mapped());
  TaskRun* task = add(spec_from_labels(task_id, containers));
  task->stop_after_taking_over(containers);
}

std::vector<std::string> ContainerRuntime::places() const {
  std::set<std::string> tasks;
  for (auto& task : tools_.network.tasks()) tasks.insert(std::move(task));
  for (auto& task : cgroups_.tasks()) tasks.insert(std::move(task));
  return {tasks.begin(), tasks.end()};
}

void ContainerRuntime::list(std::function<void(Result<std::vector<world::TaskState>>)> done) {
  engine_.list(label::daemon, names_.daemon(),
               alive_.guard([this, done = std::move(done)](Result<Containers> found) {
                 if (!found) return done(found.error());
                 const auto tasks = by_task(std::move(*found));
                 std::map<std::string, world::TaskState> states;
                 for (const auto& task : places()) states[task] = {task, {}, false};
                 for (const auto& [task, containers] : tasks)
                   states[task] = state_of(task, containers, tools_.boot);
                 for (const auto& [task, run] : tasks_) states[task] = run->state();
                 std::vector<world::TaskState> out;
                 for (auto& [task, state] : states) out.push_back(std::move(state));
                 done(std::move(out));
               }));
}

void ContainerRuntime::follow_output(const std::string& task_id, const std::string& container,
                                     std::int64_t offset) {
  when_ready([this, task_id, container, offset] {
    if (const auto found = tasks_.find(task_id); found != tasks_.end()) {
      found->second->follow_output(container, offset);
    }
  });
}

void ContainerRuntime::output_stored(const std::string& task_id, const std::string& container,
                                     std::int64_t offset) {
  if (const auto found = tasks_.find(task_id); found != tasks_.end()) {
    found->second->output_stored(container, offset);
  }
}

std::optional<world::Usage> ContainerRuntime::usage(const std::string& task_id) {
  const auto usage = cgroups_.usage(task_id);
  if (!usage) return std::nullopt;
  return world::Usage{usage->cpu_us, usage->memory_bytes, loop_.steady()};
}

void ContainerRuntime::remove_everything(Callback done) {
  removing_ = true;
  removed_.push_back(std::move(done));
  when_ready([this] {
    std::set<std::string> all;
    for (auto& task : places()) all.insert(std::move(task));
    for (const auto& [task, containers] : left_) all.insert(task);
    for (const auto& [task, run] : tasks_) all.insert(task);
    for (const auto& task : all) end(task);
    finish_removal();
  });
}

void ContainerRuntime::finish_removal() {
  if (removed_.empty() || !tasks_.empty()) return;
  cgroups_.remove_daemon();
  engine_.stop_own_service(EngineLink::Files::remove, [callbacks = std::exchange(removed_, {})] {
    for (const auto& callback : callbacks) callback();
  });
}

}  // namespace berth::host
