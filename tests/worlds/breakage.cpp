#include "breakage.h"

#include <algorithm>

#include "cloudformation/rows.h"
#include "judge.h"
#include "plan.h"
#include "services/autoscaling/rows.h"
#include "services/ecs/rows.h"
#include "services/elbv2/rows.h"
#include "services/sns/rows.h"
#include "services/ssm/rows.h"

namespace berth::worlds {
namespace {

void add_tasks(Store& store) {
  const auto& tasks = store.all<ecs::TaskRow>();
  const auto live = std::find_if(tasks.begin(), tasks.end(),
                                 [](const auto& entry) { return entry.second.desired_status == "RUNNING"; });
  if (live == tasks.end()) return;
  ecs::TaskRow twin = live->second;
  for (int i = 0; i < 20; ++i) {
    twin.id = std::string(30, 'e') + std::to_string(10 + i);
    twin.last_status = "PROVISIONING";
    store.put(twin);
  }
}

void order(Store& store, int desired, const std::string& status) {
  const auto& policies = store.all<autoscaling::ScalingPolicyRow>();
  if (policies.empty()) return;
  const auto& activities = store.all<autoscaling::ScalingActivityRow>();
  autoscaling::ScalingActivityRow row;
  row.sequence = activities.empty() ? 1 : activities.rbegin()->second.sequence + 1;
  row.ordered = desired;
  row.policy = policies.begin()->first;
  row.description.resource_id = policies.begin()->second.resource_id;
  row.description.status_code = status;
  store.put(row);
}

int desired_count(const Store& store) {
  const auto* service = store.find<ecs::ServiceRow>(service_key);
  return service ? service->desired_count : 0;
}

void flip_alarm(Store& store) {
  for (const auto& [name, row] : store.all<cloudwatch::AlarmRow>()) {
    if (!row.metric || row.metric->metrics) continue;
    const std::string state = row.state();
    store.edit<cloudwatch::AlarmRow>(name)->metric->state_value = state == "ALARM" ? "OK" : "ALARM";
    return;
  }
}

void tamper(Breakage breakage, Store& store) {
  switch (breakage) {
    case Breakage::too_many_tasks:
      return add_tasks(store);
    case Breakage::silent_count:
      if (auto* service = store.edit<ecs::ServiceRow>(service_key)) ++service->desired_count;
      return;
    case Breakage::order_beyond:
      return order(store, 1000, "Successful");
    case Breakage::lying_alarm:
      return flip_alarm(store);
    case Breakage::doubled_history: {
      const auto& alarms = store.all<cloudwatch::AlarmRow>();
      if (alarms.empty()) return;
      const cloudwatch::AlarmRow alarm = alarms.begin()->second;
      return cloudwatch::add_history(store, alarm, "StateUpdate", "once more", "{}",
                                     *alarm.metric->state_updated_timestamp);
    }
    case Breakage::lost_resource:
      if (!store.all<sns::TopicRow>().empty())
        store.erase<sns::TopicRow>(store.all<sns::TopicRow>().begin()->first);
      return;
    case Breakage::stuck_stack:
      for (const auto& [id, stack] : store.all<cloudformation::StackRow>()) {
        if (stack.status.ends_with("_COMPLETE")) {
          store.edit<cloudformation::StackRow>(id)->status = "REVIEW_IN_PROGRESS";
          return;
        }
      }
      return;
    case Breakage::forgotten_leftover: {
      ssm::ParameterRow parameter;
      parameter.name = "/left/behind";
      store.put(parameter);
      return;
    }
    default:
      return;
  }
}

void write(Store& store, const std::function<void(Store&)>& work) {
  static_cast<void>(store
                        .transact([&]() -> Result<> {
                          work(store);
                          return {};
                        })
                        .has_value());
}

}  // namespace

const std::vector<BreakageInfo>& breakages() {
  static const std::vector<BreakageInfo> list = {
      {Breakage::forgotten_stop, "forgotten_stop", invariant::convergence},
      {Breakage::kept_task, "kept_task", invariant::orphan},
      {Breakage::doubled_task, "doubled_task", invariant::orphan},
      {Breakage::never_healthy, "never_healthy", invariant::convergence},
      {Breakage::lost_mail, "lost_mail", invariant::mail},
      {Breakage::doubled_mail, "doubled_mail", invariant::mail},
      {Breakage::lost_line, "lost_line", invariant::log},
      {Breakage::doubled_line, "doubled_line", invariant::log},
      {Breakage::too_many_tasks, "too_many_tasks", invariant::maximum},
      {Breakage::silent_count, "silent_count", invariant::count},
      {Breakage::order_beyond, "order_beyond", invariant::limits},
      {Breakage::hasty_scale_in, "hasty_scale_in", invariant::cooldown},
      {Breakage::lying_alarm, "lying_alarm", invariant::alarm},
      {Breakage::doubled_history, "doubled_history", invariant::history},
      {Breakage::wrong_usage, "wrong_usage", invariant::metric},
      {Breakage::lost_resource, "lost_resource", invariant::resource},
      {Breakage::stuck_stack, "stuck_stack", invariant::stack},
      {Breakage::forgotten_leftover, "forgotten_leftover", invariant::leftover},
  };
  return list;
}

const char* name_of(Breakage breakage) {
  for (const auto& info : breakages()) {
    if (info.breakage == breakage) return info.name;
  }
  return "none";
}

// What a later stack or start would mend happens when faults are over, and before rest can be noticed.
Duration damage_at(Breakage breakage, Duration chaos) {
  const bool mended_by_deployments = breakage == Breakage::lost_resource ||
                                     breakage == Breakage::stuck_stack || breakage == Breakage::doubled_task;
  return mended_by_deployments ? chaos + Duration::ms(1) : Duration{chaos.us * 2 / 3};
}

void do_damage(Breakage breakage, Daemon* daemon, Outside& outside) {
  outside.engine.forgets_a_stop = breakage == Breakage::forgotten_stop;
  outside.engine.keeps_a_stopped_task = breakage == Breakage::kept_task;
  outside.engine.runs_a_task_twice = breakage == Breakage::doubled_task;
  outside.engine.counts_cpu_twice = breakage == Breakage::wrong_usage;
  outside.engine.loses_a_line = breakage == Breakage::lost_line;
  outside.engine.doubles_a_line = breakage == Breakage::doubled_line;
  outside.proxy.never_healthy = breakage == Breakage::never_healthy;
  outside.relay.swallows_a_mail = breakage == Breakage::lost_mail;
  outside.relay.doubles_a_mail = breakage == Breakage::doubled_mail;
  if (!daemon) return;
  if (breakage == Breakage::hasty_scale_in) {
    // Ordered and over, and at once another.
    const int desired = desired_count(daemon->store());
    write(daemon->store(), [&](Store& store) { order(store, desired - 1, "InProgress"); });
    write(daemon->store(), [&](Store& store) {
      const auto last = store.all<autoscaling::ScalingActivityRow>().rbegin();
      store.edit<autoscaling::ScalingActivityRow>(last->first)->description.status_code = "Successful";
    });
    write(daemon->store(), [&](Store& store) { order(store, desired - 2, "InProgress"); });
    return;
  }
  write(daemon->store(), [&](Store& store) { tamper(breakage, store); });
}

}  // namespace berth::worlds
