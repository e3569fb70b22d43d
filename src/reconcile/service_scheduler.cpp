#include "reconcile/service_scheduler.h"

#include <algorithm>

#include "base/log.h"
#include "control/choices.h"
#include "control/service_event.h"
#include "reconcile/failure_account.h"
#include "reconcile/service_look.h"
#include "reconcile/task_changes.h"
#include "services/ec2/networking.h"
#include "services/ec2/rows.h"
#include "services/ecs/deployments.h"
#include "services/ecs/names.h"
#include "services/ecs/service_events.h"
#include "services/ecs/service_view.h"
#include "services/elbv2/targets.h"
#include "services/iam/rows.h"

namespace berth::reconcile {

using control::StopCause;
using ecs::ServiceRow;
using ecs::TaskRow;

namespace {

constexpr RealDuration store_retry = RealDuration::seconds(1);

std::string launch_failed(const ServiceRow& service, const std::string& error) {
  return "(service " + service.name + ") failed to launch a task with (error " + error + ").";
}

// Events about starting, which a task that runs has resolved.
bool is_about_starting(const std::string& message) {
  for (const char* part :
       {" was unable to place a task", " failed to launch a task", " is unable to consistently "}) {
    if (message.find(part) != std::string::npos) return true;
  }
  return false;
}

control::StopReason stop_reason(const ServiceLook& look, const TaskRow& task, StopCause cause) {
  if (cause == StopCause::Surplus) return control::stopped_by_deployment(task.deployment);
  const auto target = look.verdict(task).failed_target;
  if (!target) return control::failed_container_health_checks();
  return control::failed_elb_health_checks(
      std::next(task.targets.begin(), static_cast<std::ptrdiff_t>(*target))->first);
}

}  // namespace

ServiceScheduler::~ServiceScheduler() {
  store_.stop_watching(watch_);
  loop_.cancel(timer_);
  loop_.cancel(retry_timer_);
}

void ServiceScheduler::start() {
  watch_ = store_.watch([this](const Changes& changes) { notice(changes); });
  for (const auto& [key, service] : store_.all<ServiceRow>()) changed_.insert(key);
  for (const auto& [arn, row] : store_.all<ecs::TaskDefinitionRow>()) {
    if (row.definition.status == "DELETE_IN_PROGRESS") deleted_definitions_.insert(arn);
  }
  wake();
}

void ServiceScheduler::notice(const Changes& changes) {
  for (const auto& [key, before] : changes.rows<ServiceRow>()) changed_.insert(key);
  for (const auto& [id, before] : changes.rows<TaskRow>())
    notice_task(store_.find<TaskRow>(id), before.get());
  for (const auto& [key, before] : changes.rows<elbv2::TargetRow>())
    notice_target(before ? before->address : store_.find<elbv2::TargetRow>(key)->address);
  for (const auto& [arn, before] : changes.rows<ecs::TaskDefinitionRow>()) {
    const auto* row = store_.find<ecs::TaskDefinitionRow>(arn);
    if (row && row->definition.status == "DELETE_IN_PROGRESS") deleted_definitions_.insert(arn);
  }
  if (changes.touched<ecs::TaskDefinitionRow, ec2::SubnetRow, iam::RoleRow>())
    changed_.insert(waiting_.begin(), waiting_.end());
  const bool may_forget =
      !deleted_definitions_.empty() && changes.touched<ServiceRow, TaskRow, ecs::TaskDefinitionRow>();
  if (!changed_.empty() || may_forget) wake();
}

void ServiceScheduler::notice_task(const TaskRow* now, const TaskRow* before) {
  const auto service = (now ? now : before)->belongs_to();
  if (!service.empty()) changed_.insert(service);
  const bool made_room =
      before && before->last_status != "STOPPED" && (!now || now->last_status == "STOPPED");
  if (made_room) changed_.insert(waiting_.begin(), waiting_.end());
}

void ServiceScheduler::notice_target(const std::string& address) {
  for (const auto& id : ec2::owners_of_address(store_, address)) {
    const auto* task = store_.find<TaskRow>(id);
    if (task && !task->service.empty()) changed_.insert(task->belongs_to());
  }
}

void ServiceScheduler::wake() {
  if (awake_) return;
  awake_ = true;
  loop_.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.lock()) return;
    awake_ = false;
    pass();
  });
}

void ServiceScheduler::look_again_at(std::optional<Time> when) {
  if (when && (!next_look_ || *when < *next_look_)) next_look_ = when;
}

void ServiceScheduler::pass() {
  next_looks_.take_due(loop_.now(), changed_);
  const auto keys = std::exchange(changed_, {});
  auto done = store_.transact([&]() -> Result<> {
    for (const auto& key : keys) look_at(key);
    forget_deleted_task_definitions();
    return {};
  });
  loop_.cancel(timer_);
  if (const auto next = next_looks_.first()) timer_ = loop_.at(*next, [this] { wake(); });
  if (!done) {  // the store has said why
    changed_.insert(keys.begin(), keys.end());
    loop_.cancel(retry_timer_);
    retry_timer_ = loop_.after_real(store_retry, [this] { wake(); });
  }
}

void ServiceScheduler::look_at(const std::string& key) {
  next_look_.reset();
  waiting_.erase(key);
  if (const auto* service = store_.find<ServiceRow>(key)) {
    Tasks tasks;
    for (const auto* entry : store_.rows_of<TaskRow>(key)) tasks.push_back(&entry->second);
    if (service->status == "ACTIVE") {
      look_after(*service, tasks);
    } else if (service->status == "DRAINING") {
      drain(*service, tasks);
    } else {
      forget_inactive(*service);
    }
  }
  next_looks_.set(key, next_look_);
}

void ServiceScheduler::look_after(const ServiceRow& service, const Tasks& tasks) {
  account(service, tasks);
  Tasks live;
  for (const TaskRow* task : tasks) {
    if (task->last_status != "STOPPED") live.push_back(task);
  }
  const ServiceLook look(store_, service, live, loop_.now());
  const control::ServiceStep step = control::next_step(look.situation, loop_.now());
  look_again_at(look.changes_at());
  look_again_at(step.retry_at);
  tell_unhealthy(service, look);
  if (!step.start_in_subnet.empty()) start_tasks(service, look, step.start_in_subnet);
  if (!step.stop.empty()) stop_tasks(service, look, step.stop);
  if (step.blocked_by_configuration) {
    say_once(service, control::service_event::blocked_by_configuration(service.name));
  }
  if (step.blocked_by_protection) {
    say_once(service,
             control::service_event::blocked_by_protection(service.name, service.deployments.front().id));
  }
  end_rollout(service, step);
  tell_steady(service, step.steady);
}

void ServiceScheduler::account(const ServiceRow& service, const Tasks& tasks) {
  const Time now = loop_.now();
  Tasks open;
  for (const TaskRow* task : tasks) {
    if (task->accounted != "STOPPED") open.push_back(task);
  }
  Accounted accounted;
  {
    const ServiceLook look(store_, service, open, now);
    for (std::size_t i = 0; i < open.size(); ++i)
      account_task(store_, service, *open[i], look.verdicts[i].health, now, accounted);
  }
  for (const auto& reason : accounted.failed_starts) {
    say_once(service, control::service_event::placement_failed(service.name, reason));
  }
  if (!accounted.failed_starts.empty() && !service.deployments.empty() &&
      control::cannot_start_consistently(failures_of(service.deployments.front()))) {
    say_once(service, control::service_event::cannot_start_consistently(service.name));
  }
  if (!accounted.reached_running) return;
  const auto& muted = service.muted_events;
  if (std::any_of(muted.begin(), muted.end(),
                  [](const auto& entry) { return is_about_starting(entry.first); })) {
    std::erase_if(edit(service).muted_events,
                  [](const auto& entry) { return is_about_starting(entry.first); });
  }
}

void ServiceScheduler::tell_unhealthy(const ServiceRow& service, const ServiceLook& look) {
  for (std::size_t i = 0; i < look.tasks.size(); ++i) {
    const TaskRow& task = *look.tasks[i];
    const auto& verdict = look.verdicts[i];
    if (verdict.health != control::Health::Unhealthy || task.desired_status != "RUNNING") continue;
    if (!verdict.failed_target) {
      say_once(service, control::service_event::container_unhealthy(service.name, task.id));
      continue;
    }
    const auto& [group, port] =
        *std::next(task.targets.begin(), static_cast<std::ptrdiff_t>(*verdict.failed_target));
    const auto* target = elbv2::find_target(store_, group, task.address, port);
    say_once(service, control::service_event::target_unhealthy(service.name, task.id, port, group,
                                                               target ? target->description : ""));
  }
}

ecs::NewTask ServiceScheduler::plan(const ServiceRow& service,
                                    const ecs::TaskDefinitionRow& definition) const {
  const ecs::DeploymentState& deployment = service.deployments.front();
  ecs::NewTask wanted;
  wanted.definition = &definition;
  wanted.cluster = service.cluster;
  wanted.service = service.name;
  wanted.deployment = deployment.id;
  wanted.group = "service:" + service.name;
  wanted.started_by = deployment.id;
  wanted.launch_type = service.launch_type;
  wanted.network = *deployment.network_configuration.awsvpc_configuration;
  wanted.tags = ecs::propagated_tags(service.propagate_tags, service.tags, definition.tags);
  if (service.enable_ecs_managed_tags && service.propagate_tags != "NONE") {
    ecs::add_managed_tags(wanted.tags, service.cluster, service.name);
  }
  return wanted;
}

void ServiceScheduler::start_tasks(const ServiceRow& service, const ServiceLook& look,
                                   const std::vector<int>& subnets) {
  const auto* definition = store_.find<ecs::TaskDefinitionRow>(service.deployments.front().task_definition);
  if (!definition) {
    waiting_.insert(service.key());
    return say_once(service, launch_failed(service, "TaskDefinition not found."));
  }
  ecs::NewTask wanted = plan(service, *definition);
  std::map<std::string, int> per_provider;
  for (const TaskRow* task : look.tasks) ++per_provider[task->capacity_provider];
  const auto subnet_ids = subnets_of(service);
  std::vector<std::string> started;
  for (const int subnet : subnets) {
    wanted.subnet_id = subnet_ids[static_cast<std::size_t>(subnet)];
    if (!service.capacity_provider_strategy.empty()) {
      wanted.capacity_provider =
          ecs::next_capacity_provider(service.capacity_provider_strategy, per_provider);
      ++per_provider[wanted.capacity_provider];
    }
    auto task = ecs::make_task(store_, loop_, settings_, wanted);
    if (!task) {
      say_once(service, launch_failed(service, task.error().message));
      wait_for_place(service);
      break;
    }
    if (const auto problem = ecs::admission_problem(store_, settings_, task->cpu_vcpu, task->memory_mib)) {
      say_once(service, control::service_event::placement_failed(service.name, *problem));
      wait_for_place(service);
      break;
    }
    started.push_back(task->id);
    store_.put(std::move(*task));
  }
  if (!started.empty()) say(service, control::service_event::started(service.name, started));
}

void ServiceScheduler::wait_for_place(const ServiceRow& service) {
  waiting_.insert(service.key());
  look_again_at(loop_.now() + placement_retry);
}

void ServiceScheduler::stop_tasks(const ServiceRow& service, const ServiceLook& look,
                                  const std::vector<control::StopOrder>& orders) {
  std::vector<std::string> stopped;
  for (const auto& order : orders) {
    auto* task = store_.edit<TaskRow>(order.task_id);
    order_stop(*task, stop_reason(look, *task, order.cause));
    stopped.push_back(order.task_id);
    for (std::size_t i = 1; i < service.deployments.size(); ++i) {
      if (service.deployments[i].id != task->deployment) continue;
      auto& former = edit(service).deployments[i];
      former.desired_count = std::max(0, former.desired_count - 1);
      former.updated_at = loop_.now();
    }
  }
  say(service, control::service_event::stopped(service.name, stopped));
}

void ServiceScheduler::end_rollout(const ServiceRow& service, const control::ServiceStep& step) {
  const std::string primary = service.deployments.front().id;
  if (step.rollout_completed) {
    ecs::complete_deployment(store_, edit(service), loop_.now());
    say(service, control::service_event::deployment_completed(service.name, primary));
  }
  if (!step.rollout_failed) return;
  std::optional<std::size_t> target;
  for (std::size_t i = 1; step.roll_back && i < service.deployments.size() && !target; ++i) {
    const auto& former = service.deployments[i];
    if (former.rollout_state == "COMPLETED" || former.is_rollback) target = i;
  }
  say(service, control::service_event::deployment_failed(service.name, primary));
  if (target)
    say(service, control::service_event::rolling_back(service.name, service.deployments[*target].id));
  ecs::fail_deployment(store_, edit(service), target, loop_.now());
  wake();
}

void ServiceScheduler::tell_steady(const ServiceRow& service, bool steady) {
  const bool told = service.deployments.front().reached_steady_state;
  const Time again_at = service.last_steady_event + control::choice::event_repeat;
  if (!steady) {
    if (told) edit(service).deployments.front().reached_steady_state = false;
    return;
  }
  if (told && loop_.now() < again_at) return look_again_at(again_at);
  ServiceRow& row = edit(service);
  row.deployments.front().reached_steady_state = true;
  row.last_steady_event = loop_.now();
  row.muted_events.clear();
  say(service, control::service_event::steady_state(service.name));
  look_again_at(loop_.now() + control::choice::event_repeat);
}

void ServiceScheduler::drain(const ServiceRow& service, const Tasks& tasks) {
  std::vector<std::string> stopped;
  bool any_left = false;
  for (const TaskRow* task : tasks) {
    if (task->last_status == "STOPPED") continue;
    any_left = true;
    if (task->desired_status == "STOPPED") continue;
    stopped.push_back(task->id);
    order_stop(*store_.edit<TaskRow>(task->id), control::stopped_by_deployment(task->deployment));
  }
  if (!stopped.empty()) say(service, control::service_event::stopped(service.name, stopped));
  if (any_left) return;
  ServiceRow& row = edit(service);
  row.status = "INACTIVE";
  row.inactive_since = loop_.now();
  row.deployments.clear();
  row.muted_events.clear();
}

void ServiceScheduler::forget_inactive(const ServiceRow& service) {
  const Time gone_at = service.inactive_since + inactive_services_kept;
  if (loop_.now() < gone_at) return look_again_at(gone_at);
  const std::string key = service.key();
  std::vector<std::string> deployments, revisions;
  for (const auto* entry : store_.rows_of<ecs::ServiceDeploymentRow>(key))
    deployments.push_back(entry->first);
  for (const auto* entry : store_.rows_of<ecs::ServiceRevisionRow>(key)) revisions.push_back(entry->first);
  for (const auto& arn : deployments) store_.erase<ecs::ServiceDeploymentRow>(arn);
  for (const auto& arn : revisions) store_.erase<ecs::ServiceRevisionRow>(arn);
  store_.erase<ServiceRow>(key);
}

// DeleteTaskDefinitions keeps what something still runs by.
void ServiceScheduler::forget_deleted_task_definitions() {
  std::erase_if(deleted_definitions_,
                [&](const auto& arn) { return !store_.find<ecs::TaskDefinitionRow>(arn); });
  for (const auto& arn : deleted_definitions_) {
    if (!ecs::task_definition_in_use(store_, arn)) store_.erase<ecs::TaskDefinitionRow>(arn);
  }
}

void ServiceScheduler::say(const ServiceRow& service, const std::string& message) {
  ecs::add_event(edit(service), loop_.rng("ids"), loop_.now(), message);
}

void ServiceScheduler::say_once(const ServiceRow& service, const std::string& message) {
  if (ecs::event_due(service, loop_.now(), message))
    ecs::add_event_once(edit(service), loop_.rng("ids"), loop_.now(), message);
  // What lasts until then is said again.
  look_again_at(service.muted_events.at(message) + control::choice::event_repeat);
}

}  // namespace berth::reconcile
