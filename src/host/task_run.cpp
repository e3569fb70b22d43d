#include "host/task_run.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace berth::host {
namespace {

using Phase = ContainerRun::Phase;

constexpr double start_vcpu = 2;
// Of a cgroup whose last process has just ended.
constexpr RealDuration cgroup_interval = RealDuration::ms(20);
constexpr int cgroup_attempts = 250;

const EngineContainer* made_earlier(const std::vector<EngineContainer>& existing, const std::string& name) {
  const auto found = std::find_if(existing.begin(), existing.end(), [&](const EngineContainer& container) {
    const auto label = container.labels.find(label::container);
    return label != container.labels.end() && label->second == name;
  });
  return found == existing.end() ? nullptr : &*found;
}

}  // namespace

TaskRun::TaskRun(TaskTools& tools, world::TaskSpec spec, Callback gone)
    : tools_(tools), spec_(std::move(spec)), gone_(std::move(gone)) {
  for (const auto& container : spec_.containers) {
    containers_.push_back(std::make_unique<ContainerRun>(tools_, spec_.id, container, [this] { step(); }));
  }
}

void TaskRun::begin(const std::vector<EngineContainer>& existing) {
  ++work_pending_;  // one step for all
  take_over(existing);
  prepare(existing.empty());
  find_images();
  work_done();
}

void TaskRun::stop_after_taking_over(const std::vector<EngineContainer>& existing) {
  ++work_pending_;
  take_over(existing);
  stopping_ = true;
  work_done();
}

void TaskRun::take_over(const std::vector<EngineContainer>& existing) {
  for (const auto& container : containers_) {
    if (const auto* earlier = made_earlier(existing, container->spec().name)) container->adopt(*earlier);
  }
}

void TaskRun::stop() {
  stopping_ = true;
  step();
}

void TaskRun::step() {
  if (removing_ || work_pending_ > 0) return;
  for (const auto& container : containers_) {
    if (container->phase() == Phase::failed && !error_) error_ = container->error();
  }
  if (stopping_ || error_) return wind_down();
  if (!start_what_can()) return wind_down();
  const bool all_exited = std::all_of(containers_.begin(), containers_.end(),
                                      [](const auto& one) { return one->phase() == Phase::exited; });
  if (all_exited) remove_all();
}

// The engine wants to see the namespace when a container is created. It and the cgroup are made while the
// engine looks for the images.
void TaskRun::prepare(bool fresh) {
  work_pending_ += 2;
  tools_.network.attach(spec_.id, spec_.interface, alive_.guard([this](Result<std::string> attached) {
    if (!attached) fail({"ResourceInitializationError", attached.error().message});
    work_done();
  }));
  // The engine's own work inside the cgroup would be held up for whole periods by a small quota (a start at
  // 0.25 vCPU took 60 ms or 160): the task's own is set as soon as its containers run.
  set_limits(fresh ? std::max(spec_.cpu_vcpu, start_vcpu) : spec_.cpu_vcpu, [this] { work_done(); });
}

void TaskRun::set_limits(double cpu_vcpu, Callback done) {
  auto made = std::make_shared<Result<>>();
  const CgroupLimits limits{cpu_vcpu, std::int64_t{spec_.memory_mib} << 20};
  tools_.loop.offload(
      [made, cgroups = tools_.cgroups, id = spec_.id, limits] { *made = cgroups.create(id, limits); },
      alive_.guard([this, made, done = std::move(done)] {
        if (!*made) fail({"ResourceInitializationError", made->error().message});
        done();
      }));
}

TaskRun::WantedImage TaskRun::wanted_image(const world::ContainerSpec& container) {
  return {container.image, container.image_digest};
}

void TaskRun::find_images() {
  std::set<WantedImage> wanted;
  for (const auto& container : containers_) {
    if (container->phase() == Phase::absent) wanted.insert(wanted_image(container->spec()));
  }
  if (wanted.empty()) return;
  report(world::TaskEventKind::pull_started);
  images_left_ = wanted.size();
  work_pending_ += static_cast<int>(wanted.size());
  for (const auto& image : wanted) {
    auto done = alive_.guard([this, image](Result<FoundImage> found) {
      if (found) {
        images_[image] = *found;
      } else {
        fail(found.error());
      }
      if (--images_left_ == 0) report(world::TaskEventKind::pull_stopped);
      work_done();
    });
    const auto& [name, digest] = image;
    if (digest.empty()) {
      tools_.images.find(name, std::move(done));
    } else {
      tools_.images.find_digest(name, digest, std::move(done));
    }
  }
}

void TaskRun::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

bool TaskRun::start_what_can() {
  bool under_way = false, again = true;
  while (again) {  // a start lets others start that wait for it
    again = under_way = false;
    for (const auto& container : containers_) {
      if (container->phase() == Phase::absent) {
        container->create(spec_, images_[wanted_image(container->spec())]);
      }
      const Phase phase = container->phase();
      under_way |= phase == Phase::creating || phase == Phase::starting;
      if (phase == Phase::running) limit_start_time(*container);
      if (phase != Phase::created) continue;
      const Dependency dependencies = judge(*container);
      if (dependencies == Dependency::impossible) {
        fail({"CannotStartContainerError",
              "a dependency of container " + container->spec().name + " can no longer be met"});
        return false;
      }
      if (dependencies == Dependency::waiting) continue;
      container->start();
      again = true;
    }
  }
  if (!started_ && !under_way) {
    started_ = true;
    report(world::TaskEventKind::started);
    ++work_pending_;
    set_limits(spec_.cpu_vcpu, [this] { work_done(); });
  }
  return true;
}

TaskRun::Dependency TaskRun::judge(const ContainerRun& container) const {
  Dependency all = Dependency::met;
  for (const auto& dependency : container.spec().depends_on) {
    const Dependency one = judge(dependency);
    if (one == Dependency::impossible) return one;
    if (one == Dependency::waiting) all = one;
  }
  return all;
}

TaskRun::Dependency TaskRun::judge(const world::DependencySpec& dependency) const {
  const ContainerRun* other = find(dependency.container);
  if (other == nullptr) return Dependency::impossible;
  const bool exited = other->phase() == Phase::exited;
  if (dependency.condition == "HEALTHY") {
    if (exited) return Dependency::impossible;
    return other->healthy() == true ? Dependency::met : Dependency::waiting;
  }
  if (dependency.condition == "SUCCESS" && exited && other->exit_code() != 0) return Dependency::impossible;
  const bool starts = dependency.condition == "START" && other->phase() == Phase::running;
  return exited || starts ? Dependency::met : Dependency::waiting;
}

// A container's start timeout bounds how long others wait for it to complete or become healthy.
void TaskRun::limit_start_time(const ContainerRun& container) {
  const std::string name = container.spec().name;
  if (container.spec().start_timeout.us <= 0 || !start_limited_.insert(name).second) return;
  tools_.loop.after_real(container.spec().start_timeout, alive_.guard([this, name] {
    for (const auto& other : containers_) {
      if (other->phase() != Phase::created) continue;
      for (const auto& dependency : other->spec().depends_on) {
        if (dependency.container != name || judge(dependency) != Dependency::waiting) continue;
        fail({"CannotStartContainerError", "container " + name + " did not become " +
                                               (dependency.condition == "HEALTHY" ? "healthy" : "complete") +
                                               " within its start timeout"});
      }
    }
    step();
  }));
}

void TaskRun::wind_down() {
  for (const auto& container : containers_) {
    if (container->phase() != Phase::running) continue;
    if (error_ && !started_) {
      container->kill();
    } else if (!has_running_dependents(container->spec().name)) {
      container->stop();
    }
  }
  const bool still =
      std::all_of(containers_.begin(), containers_.end(), [](const auto& one) { return one->is_still(); });
  if (still) remove_all();
}

bool TaskRun::has_running_dependents(const std::string& container) const {
  return std::any_of(containers_.begin(), containers_.end(), [&](const auto& other) {
    const auto& dependencies = other->spec().depends_on;
    return !other->is_still() && std::any_of(dependencies.begin(), dependencies.end(),
                                             [&](const auto& one) { return one.container == container; });
  });
}

void TaskRun::remove_all() {
  removing_ = true;
  auto left = std::make_shared<std::size_t>(containers_.size());
  if (containers_.empty()) return remove_place();
  for (const auto& container : containers_) {
    container->remove(alive_.guard([this, left] {
      if (--*left == 0) remove_place();
    }));
  }
}

void TaskRun::remove_place() {
  tools_.network.detach(spec_.id, alive_.guard([this](Result<> detached) {
    if (!detached) log::error("task {}: {}", spec_.id, detached.error().message);
    remove_cgroup(cgroup_attempts);
  }));
}

void TaskRun::remove_cgroup(int attempts_left) {
  auto removed = std::make_shared<Result<>>();
  tools_.loop.offload([removed, cgroups = tools_.cgroups, id = spec_.id] { *removed = cgroups.remove(id); },
                      alive_.guard([this, removed, attempts_left] {
                        if (!*removed && attempts_left > 0) {
                          tools_.loop.after_real(cgroup_interval, alive_.guard([this, attempts_left] {
                            remove_cgroup(attempts_left - 1);
                          }));
                          return;
                        }
                        if (!*removed) log::error("task {}: {}", spec_.id, removed->error().message);
                        if (error_ && !started_ && !stopping_) {
                          report(world::TaskEventKind::start_failed, *error_);
                        } else {
                          report(world::TaskEventKind::stopped);
                        }
                        gone_();
                      }));
}

ContainerRun* TaskRun::find(const std::string& container) const {
  const auto found = std::find_if(containers_.begin(), containers_.end(),
                                  [&](const auto& one) { return one->spec().name == container; });
  return found == containers_.end() ? nullptr : found->get();
}

void TaskRun::report(world::TaskEventKind kind, Error error) {
  world::TaskEvent event;
  event.kind = kind;
  event.task_id = spec_.id;
  event.error = std::move(error);
  tools_.report(std::move(event));
}

world::TaskState TaskRun::state() const {
  world::TaskState state{spec_.id, {}, started_};
  for (const auto& container : containers_) {
    if (container->phase() != Phase::absent) state.containers.push_back(container->state());
  }
  return state;
}

void TaskRun::follow_output(const std::string& container, std::int64_t offset) {
  if (ContainerRun* one = find(container)) one->follow_output(offset);
}

void TaskRun::output_stored(const std::string& container, std::int64_t offset) {
  if (ContainerRun* one = find(container)) one->output_stored(offset);
}

world::TaskSpec spec_from_labels(const std::string& task_id, const std::vector<EngineContainer>& containers) {
  world::TaskSpec spec;
  spec.id = task_id;
  for (const auto& container : containers) {
    world::ContainerSpec one;
    const auto name = container.labels.find(label::container);
    if (name != container.labels.end()) one.name = name->second;
    const auto timeout = container.labels.find(label::stop_timeout);
    const auto timeout_ms = timeout == container.labels.end() ? std::nullopt : parse_integer(timeout->second);
    if (timeout_ms) one.stop_timeout = RealDuration::ms(*timeout_ms);
    spec.containers.push_back(std::move(one));
  }
  return spec;
}

}  // namespace berth::host
