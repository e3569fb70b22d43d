#include "reconcile/task_lifecycle.h"

#include <algorithm>

#include "base/log.h"
#include "control/service_event.h"
#include "reconcile/image_pins.h"
#include "reconcile/task_changes.h"
#include "reconcile/task_spec.h"
#include "services/ec2/networking.h"
#include "services/ecs/service_events.h"
#include "services/elbv2/targets.h"
#include "services/logs/rows.h"

namespace berth::reconcile {

using control::TaskStatus;
using ecs::ServiceRow;
using ecs::TaskRow;

namespace {

constexpr RealDuration retry_first = RealDuration::seconds(1);
constexpr RealDuration retry_max = RealDuration::seconds(30);

const control::StopReason lost{control::StopCode::TerminationNotice,
                               "The machine that ran this task no longer has it."};

// The load balancers of the deployment that the task belongs to.
std::vector<ecs::LoadBalancer> load_balancers_of(const Store& store, const TaskRow& task) {
  if (task.service.empty()) return {};
  const auto* service = store.find<ServiceRow>(task.cluster + "/" + task.service);
  if (!service) return {};
  for (const auto& deployment : service->deployments) {
    if (deployment.id == task.deployment) return deployment.load_balancers;
  }
  return service->load_balancers;
}

bool has_left_load_balancers(const Store& store, const TaskRow& task) {
  return std::all_of(task.targets.begin(), task.targets.end(), [&](const auto& target) {
    return !elbv2::find_target(store, target.first, task.address, target.second);
  });
}

// Events of one pass, told together: "registered 2 targets".
class EventCounts {
 public:
  void count(const TaskRow& task, const std::string& about) {
    if (!task.service.empty()) ++counts_[{task.cluster + "/" + task.service, about}];
  }
  template <class Text>
  void tell(Store& store, Rng& rng, Time now, Text text) const {
    for (const auto& [key, count] : counts_) {
      auto* service = store.edit<ServiceRow>(key.first);
      if (service) ecs::add_event(*service, rng, now, text(service->name, count, key.second));
    }
  }

 private:
  std::map<std::pair<std::string, std::string>, int> counts_;
};

}  // namespace

TaskLifecycle::~TaskLifecycle() {
  store_.stop_watching(watch_);
  loop_.cancel(forget_timer_);
  loop_.cancel(retry_timer_);
}

void TaskLifecycle::start(world::Runtime& runtime, OutputSink& output) {
  runtime_ = &runtime;
  output_ = &output;
  watch_ = store_.watch([this](const Changes& changes) {
    notice(changes);
    if (!changed_.empty()) wake();
  });
  take_stock();
}

// A task's next step follows from its own row and from its targets.
void TaskLifecycle::notice(const Changes& changes) {
  for (const auto& [id, before] : changes.rows<TaskRow>()) changed_.insert(id);
  for (const auto& [key, before] : changes.rows<elbv2::TargetRow>()) {
    const auto* row = before ? before.get() : store_.find<elbv2::TargetRow>(key);
    for (auto& owner : ec2::owners_of_address(store_, row->address)) changed_.insert(std::move(owner));
  }
}

void TaskLifecycle::post(Callback callback) {
  loop_.post([alive = std::weak_ptr(alive_), callback = std::move(callback)] {
    if (alive.lock()) callback();
  });
}

void TaskLifecycle::take_stock() {
  stock_taken_ = false;
  // A task that starts while the runtime makes its list may be missing there.
  std::set<std::string> running;
  for (const auto& [id, task] : store_.all<TaskRow>()) {
    const TaskStatus status = status_of(task);
    if (status >= TaskStatus::Activating && status < TaskStatus::Deprovisioning) running.insert(id);
  }
  runtime_->list([this, alive = std::weak_ptr(alive_), running](Result<std::vector<world::TaskState>> tasks) {
    if (!alive.lock()) return;
    if (!tasks) {
      if (retry_delay_.us == 0) log::error("tasks wait for the container engine: {}", tasks.error().message);
      return retry_later();
    }
    adopt(*tasks, running);
  });
}

void TaskLifecycle::retry_later() {
  retry_delay_ = std::min(std::max(retry_first, retry_delay_ * 2), retry_max);
  loop_.cancel(retry_timer_);
  retry_timer_ = loop_.after_real(retry_delay_, [this] { take_stock(); });
}

// Tasks that no row wants are stopped; rows whose task vanished are closed; the rest goes on where it was.
void TaskLifecycle::adopt(const std::vector<world::TaskState>& tasks, const std::set<std::string>& running) {
  const auto noted = store_.transact([&]() -> Result<> {
    const Time now = loop_.now();
    for (const auto& state : tasks) {
      const auto* row = store_.find<TaskRow>(state.task_id);
      if (!row) continue;
      TaskRow changed = *row;
      if (!apply_state(changed, state, now)) continue;
      keep_image_digests(store_, changed);
      store_.put(std::move(changed));
    }
    std::set<std::string_view> listed;
    for (const auto& state : tasks) listed.insert(state.task_id);
    for (const auto& id : running) {
      if (listed.contains(id)) continue;
      if (auto* row = store_.edit<TaskRow>(id)) end_execution(*row, lost, now);
    }
    return {};
  });
  // A task that vanished and still counts as running would be started again under its id.
  if (!noted) return retry_later();
  retry_delay_ = {};
  for (const auto& state : tasks) {
    const auto* row = store_.find<TaskRow>(state.task_id);
    if (row && status_of(*row) < TaskStatus::Deprovisioning) continue;
    log::warn("task {} is wanted no more: stopping it", state.task_id);
    runtime_->stop(state.task_id);
  }
  stock_taken_ = true;
  for (const auto& [id, task] : store_.all<TaskRow>()) changed_.insert(id);
  wake();
}

void TaskLifecycle::wake() {
  if (!stock_taken_ || awake_) return;
  awake_ = true;
  post([this] {
    awake_ = false;
    pass();
  });
}

// What could not be stored may have been an event of the runtime, which comes only once: then its state is
// asked for.
void TaskLifecycle::change(const std::function<Result<>()>& work) {
  if (!store_.transact(work)) retry_later();
}

void TaskLifecycle::pass() {
  const auto ids = std::exchange(changed_, {});
  activate(ids);
  deactivate(ids);
  for (const auto& id : ids) {
    const auto* task = store_.find<TaskRow>(id);
    if (task && task->last_status != "STOPPED") step(*task);
  }
  forget_stopped(ids);
}

void TaskLifecycle::step(const TaskRow& task) {
  const bool wanted = task.desired_status == "RUNNING";
  return wanted ? step_toward_running(task) : step_toward_stopped(task);
}

void TaskLifecycle::step_toward_running(const TaskRow& task) {
  switch (status_of(task)) {
    case TaskStatus::Provisioning:
      return provision(task.id);
    case TaskStatus::Pending:
    case TaskStatus::Activating:
    case TaskStatus::Running:
      return run(task);
    default:
      return;
  }
}

void TaskLifecycle::step_toward_stopped(const TaskRow& task) {
  const std::string id = task.id;
  const auto move = [&](TaskStatus status) {
    change([&]() -> Result<> {
      auto* row = store_.edit<TaskRow>(id);
      if (status == TaskStatus::Stopped) {
        ec2::release_address(store_, row->subnet_id, row->address);
        ec2::release_address(store_, ec2::public_pool, row->public_address);
      }
      move_to(*row, status, loop_.now());
      return {};
    });
  };
  switch (status_of(task)) {
    case TaskStatus::Provisioning:
      return move(TaskStatus::Deprovisioning);
    case TaskStatus::Pending:
    case TaskStatus::Activating:
    case TaskStatus::Running:
      return move(TaskStatus::Stopping);
    case TaskStatus::Deactivating:
      if (has_left_load_balancers(store_, task) || essential_container_exited(task)) {
        return move(TaskStatus::Stopping);
      }
      return run(task);
    case TaskStatus::Stopping:
      if (stopped_.insert(id).second) runtime_->stop(id);
      return;
    case TaskStatus::Deprovisioning:
      return move(TaskStatus::Stopped);
    case TaskStatus::Stopped:
    case TaskStatus::Deleted:
      return;
  }
}

void TaskLifecycle::provision(const std::string& task_id) {
  change([&]() -> Result<> {
    const auto* task = store_.find<TaskRow>(task_id);
    auto problem = prepare_task(store_, settings_, *task, loop_.time_scale()).problem;
    const std::string subnet = task->subnet_id;
    std::optional<std::string> address;
    if (!problem) {
      address = ec2::claim_address(store_, subnet, task_id);
      if (!address) {
        problem = Error{"ResourceInitializationError",
                        "failed to create the network interface: the subnet " + subnet +
                            " has insufficient free addresses to satisfy the request"};
      }
    }
    auto* row = store_.edit<TaskRow>(task_id);
    if (!problem) {
      for (const auto& group : log_groups_to_create(store_, *row)) {
        store_.put(logs::LogGroupRow{.name = group, .created_at = loop_.now()});
      }
    }
    if (problem) {
      fail_to_start(*row, *problem, loop_.now());
    } else {
      row->address = *address;
      if (row->public_ip) {
        row->public_address = ec2::claim_address(store_, ec2::public_pool, task_id).value_or("");
      }
      move_to(*row, TaskStatus::Pending, loop_.now());
    }
    return {};
  });
}

// Starts the task, or takes over what an earlier process started of it; once in this process.
void TaskLifecycle::run(const TaskRow& task) {
  if (run_.contains(task.id)) return;
  auto prepared = prepare_task(store_, settings_, task, loop_.time_scale());
  if (prepared.problem && !task.reached_running) {
    const std::string id = task.id;
    return change([&]() -> Result<> {
      fail_to_start(*store_.edit<TaskRow>(id), *prepared.problem, loop_.now());
      return {};
    });
  }
  run_.insert(task.id);
  runtime_->run(prepared.spec);
}

// ACTIVATING tasks are registered with their target groups and are RUNNING.
void TaskLifecycle::activate(const std::set<std::string>& ids) {
  std::vector<std::string> ready;
  for (const auto& id : ids) {
    const auto* task = store_.find<TaskRow>(id);
    if (task && task->last_status == "ACTIVATING" && task->desired_status == "RUNNING") ready.push_back(id);
  }
  if (ready.empty()) return;
  change([&]() -> Result<> {
    const Time now = loop_.now();
    EventCounts registered;
    for (const auto& id : ready) {
      auto* task = store_.edit<TaskRow>(id);
      for (const auto& balancer : load_balancers_of(store_, *task)) {
        const std::string group = balancer.target_group_arn.value_or("");
        if (!store_.find<elbv2::TargetGroupRow>(group)) continue;
        const int port = static_cast<int>(balancer.container_port.value_or(0));
        elbv2::register_target(store_, group, task->address, port, now);
        task->targets[group] = port;
        registered.count(*task, group);
      }
      move_to(*task, TaskStatus::Running, now);
    }
    registered.tell(store_, loop_.rng("ids"), now, control::service_event::registered);
    return {};
  });
}

// Tasks that are to stop, or have stopped by themselves, leave their target groups.
void TaskLifecycle::deactivate(const std::set<std::string>& ids) {
  std::vector<std::string> leaving;
  for (const auto& id : ids) {
    const auto* task = store_.find<TaskRow>(id);
    if (!task || task->desired_status != "STOPPED" || task->targets.empty()) continue;
    const bool registered = std::any_of(task->targets.begin(), task->targets.end(), [&](const auto& target) {
      const auto* row = elbv2::find_target(store_, target.first, task->address, target.second);
      return row && row->state != "draining";
    });
    const TaskStatus status = status_of(*task);
    if (status == TaskStatus::Running || (registered && status < TaskStatus::Stopped)) leaving.push_back(id);
  }
  if (leaving.empty()) return;
  change([&]() -> Result<> {
    const Time now = loop_.now();
    EventCounts deregistered, draining;
    for (const auto& id : leaving) {
      auto* task = store_.edit<TaskRow>(id);
      for (const auto& [group, port] : task->targets) {
        elbv2::deregister_target(store_, group, task->address, port, now);
        deregistered.count(*task, group);
      }
      if (status_of(*task) != TaskStatus::Running) continue;
      move_to(*task, TaskStatus::Deactivating, now);
      if (!has_left_load_balancers(store_, *task)) draining.count(*task, task->deployment);
    }
    Rng& rng = loop_.rng("ids");
    deregistered.tell(store_, rng, now, control::service_event::deregistered);
    draining.tell(store_, rng, now, [](const std::string& service, int tasks, const std::string& deployment) {
      return control::service_event::draining(service, deployment, tasks);
    });
    return {};
  });
}

void TaskLifecycle::forget_stopped(const std::set<std::string>& ids) {
  for (const auto& id : ids) {
    const auto* task = store_.find<TaskRow>(id);
    if (!task || task->last_status != "STOPPED") continue;
    forget_at_.set(id, task->stopped_at.value_or(task->created_at) + stopped_tasks_kept);
  }
  std::set<std::string> old;
  forget_at_.take_due(loop_.now(), old);
  if (!old.empty()) {
    change([&]() -> Result<> {
      for (const auto& id : old) store_.erase<TaskRow>(id);
      return {};
    });
  }
  const auto next = forget_at_.first();
  if (!next) return;
  loop_.cancel(forget_timer_);
  forget_timer_ = loop_.at(*next, [this] { wake(); });
}

void TaskLifecycle::on_task_event(const world::TaskEvent& event) {
  const auto* found = store_.find<TaskRow>(event.task_id);
  if (!found) return;
  TaskRow task = *found;
  if (event.kind == world::TaskEventKind::stopped || event.kind == world::TaskEventKind::start_failed) {
    run_.erase(event.task_id);
    stopped_.erase(event.task_id);
    std::erase_if(followed_, [&](const auto& entry) { return entry.first == event.task_id; });
  }
  if (apply_event(task, event, loop_.now())) {
    change([&]() -> Result<> {
      if (event.kind == world::TaskEventKind::container_created) keep_image_digests(store_, task);
      store_.put(task);
      return {};
    });
  }
  if (event.kind == world::TaskEventKind::container_started) follow(task, event.container);
}

void TaskLifecycle::follow(const TaskRow& task, const std::string& container) {
  const auto row = std::find_if(task.containers.begin(), task.containers.end(),
                                [&](const auto& one) { return one.name == container; });
  if (row == task.containers.end() || row->log_group.empty()) return;
  if (!followed_.emplace(task.id, container).second) return;
  runtime_->follow_output(task.id, container, output_->stored_offset(task, container));
}

void TaskLifecycle::on_output(const std::string& task_id, const std::string& container,
                              std::vector<world::LogLine> lines, std::int64_t dropped) {
  if (const auto* task = store_.find<TaskRow>(task_id)) {
    output_->on_output(*task, container, std::move(lines), dropped);
  }
}

}  // namespace berth::reconcile
