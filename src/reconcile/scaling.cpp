#include "reconcile/scaling.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/orders.h"
#include "services/autoscaling/policy_rules.h"
#include "services/autoscaling/targets.h"
#include "services/cloudwatch/alarm_state.h"
#include "services/ecs/rows.h"

namespace berth::reconcile {

using autoscaling::ScalableTargetRow;
using autoscaling::ScalingActivityRow;
using autoscaling::ScalingPolicyRow;
using cloudwatch::AlarmRow;
using control::ScalingDecision;

namespace {

constexpr std::string_view scaling_action = "arn:aws:autoscaling:";

bool in_alarm(const AlarmRow& alarm) {
  return alarm.metric && alarm.state() == "ALARM";
}

Time transitioned_at(const AlarmRow& alarm) {
  return alarm.metric->state_transitioned_timestamp.value_or(Time{});
}

}  // namespace

Scaling::Scaling(Store& store, Loop& loop)
    : store_(store),
      loop_(loop),
      watch_(
          store, loop, [this](const Changes& changes) { return notice(changes); }, [this] { follow(); }) {}

Scaling::~Scaling() = default;

void Scaling::start() {
  // What stands in ALARM now was answered before a restart, or will be by the evaluator within a minute.
  for (const auto& [name, alarm] : store_.all<AlarmRow>()) {
    if (in_alarm(alarm)) answered_[name] = transitioned_at(alarm);
  }
  for (const auto& [id, target] : store_.all<ScalableTargetRow>())
    changed_services_.emplace(autoscaling::service_key(id));
  for (const auto& [key, activity] : store_.all<ScalingActivityRow>()) notice_activity(key, activity);
  watch_.start();
  follow();
}

// An alarm that stays in ALARM asks every minute; what changes nothing opens no transaction and makes no words.
Result<> Scaling::on_alarm(std::string_view policy_arn, std::string_view name,
                           std::span<const double> recent_datapoints) {
  const auto* alarm = store_.find<AlarmRow>(name);
  if (!alarm || !in_alarm(*alarm)) return {};
  answered_[alarm->name] = transitioned_at(*alarm);
  readings_.note(alarm->name, recent_datapoints, loop_.now());
  const auto* policy = autoscaling::find_policy(store_, policy_arn);
  if (!policy)
    return Error{"ObjectNotFoundException", "No scaling policy found for " + std::string(policy_arn)};
  const auto* target = store_.find<ScalableTargetRow>(policy->resource_id);
  const auto capacity = target ? capacity_of(store_, *target) : std::nullopt;
  if (!capacity) return autoscaling::validation("The resource " + policy->resource_id + " is not active");
  const auto decision = decide(*policy, *capacity, *alarm, control::Words::None);
  if (decision.outcome == ScalingDecision::Outcome::Nothing) return {};
  if (decision.not_scaled && autoscaling::is_recorded(*policy, *decision.not_scaled)) return {};
  return act(*policy, decide(*policy, *capacity, *alarm, control::Words::Wanted));
}

bool Scaling::follows(const std::string& activity) const {
  return std::any_of(open_.begin(), open_.end(),
                     [&](const auto& entry) { return entry.second.contains(activity); });
}

ScalingDecision Scaling::decide(const ScalingPolicyRow& policy, const control::ScalableCapacity& capacity,
                                const AlarmRow& alarm, control::Words words) const {
  const Time now = loop_.now();
  const auto& policies = store_.rows_of<ScalingPolicyRow>(policy.resource_id);
  if (policy.tracking) return decide_tracking(policy, policies, capacity, alarm, words);
  auto others = step_wishes(store_, capacity, policies, &policy, readings_, now);
  const auto tracking = tracking_policies(store_, policies, readings_, now);
  for (const auto& wish : tracking_wishes(capacity, tracking)) others.push_back(wish);
  return control::decide_step_scaling(capacity, autoscaling::step_policy_of(policy),
                                      step_alarm(alarm, readings_, now), others, now, words);
}

ScalingDecision Scaling::decide_tracking(const ScalingPolicyRow& policy, const Policies& policies,
                                         const control::ScalableCapacity& capacity,
                                         const AlarmRow& alarm, control::Words words) const {
  const Time now = loop_.now();
  const auto own = std::find_if(policy.alarms.begin(), policy.alarms.end(),
                                [&](const auto& one) { return one.alarm_name == alarm.name; });
  if (own == policy.alarms.end()) return {};  // somebody else's alarm, with the policy as its action
  const auto side = own == policy.alarms.begin() ? control::AlarmSide::High : control::AlarmSide::Low;
  const auto tracking = tracking_policies(store_, policies, readings_, now);
  const auto acting = std::find_if(tracking.begin(), tracking.end(),
                                   [&](const auto& one) { return one.name == policy.name; });
  const auto others = step_wishes(store_, capacity, policies, nullptr, readings_, now);
  return control::decide_target_tracking(
      capacity, tracking, static_cast<std::size_t>(acting - tracking.begin()), side, others, now, words);
}

Result<> Scaling::act(const ScalingPolicyRow& policy, const ScalingDecision& decision) {
  switch (decision.outcome) {
    case ScalingDecision::Outcome::Nothing:
      return {};
    case ScalingDecision::Outcome::NotScaled:
      return store_.transact([&]() -> Result<> {
        autoscaling::record_not_scaled(store_, loop_, policy, decision);
        return {};
      });
    case ScalingDecision::Outcome::SetDesired:
      break;
  }
  const std::string resource_id = policy.resource_id;
  auto ordered = store_.transact([&]() -> Result<> {
    const autoscaling::Order order{resource_id,    decision.desired, decision.description,
                                   decision.cause, policy.key(),     decision.explanation};
    if (autoscaling::order(store_, loop_, order)) return {};
    return autoscaling::validation("The resource " + resource_id + " is not active");
  });
  if (ordered) log::info("{}: {}", resource_id, decision.explanation);
  return ordered;
}

bool Scaling::notice(const Changes& changes) {
  for (const auto& [key, before] : changes.rows<ecs::ServiceRow>()) changed_services_.insert(key);
  for (const auto& [id, before] : changes.rows<ecs::TaskRow>()) {
    const auto* task = before ? before.get() : store_.find<ecs::TaskRow>(id);
    if (!task->service.empty()) changed_services_.insert(task->belongs_to());
  }
  for (const auto& [key, before] : changes.rows<ScalingActivityRow>()) {
    const auto* activity = store_.find<ScalingActivityRow>(key);
    if (activity) {
      notice_activity(key, *activity);
    } else if (before) {
      changed_services_.emplace(autoscaling::service_key(*before->description.resource_id));
    }
  }
  for (const auto& [name, before] : changes.rows<AlarmRow>()) changed_alarms_.insert(name);
  return changes.touched<ecs::TaskRow, ecs::ServiceRow, ScalingActivityRow, AlarmRow>();
}

void Scaling::notice_activity(const std::string& key, const ScalingActivityRow& activity) {
  if (!activity.open()) return;
  const std::string service(autoscaling::service_key(*activity.description.resource_id));
  open_[service].insert(key);
  changed_services_.insert(service);
}

void Scaling::follow() {
  const auto services = std::exchange(changed_services_, {});
  remove_targets_of_deleted_services(services);
  follow_activities(services);
  run_forced_alarms(std::exchange(changed_alarms_, {}));
}

void Scaling::remove_targets_of_deleted_services(const std::set<std::string>& services) {
  for (const auto& key : services) {
    const std::string id = autoscaling::resource_id(key);
    if (!store_.find<ScalableTargetRow>(id)) continue;
    const auto* service = store_.find<ecs::ServiceRow>(key);
    if (service && service->status == "ACTIVE") continue;
    const auto removed = store_.transact([&]() -> Result<> {
      autoscaling::remove_target(store_, id, loop_.now());
      return {};
    });
    if (removed) continue;
    log::warn("{}: {}", id, removed.error().message);
    changed_services_.insert(key);  // with the next change it is tried again
  }
}

// In the order in which they began, whatever service they are of.
void Scaling::follow_activities(const std::set<std::string>& services) {
  std::map<std::string, std::string> open;  // activity -> service
  for (const auto& service : services) {
    const auto found = open_.find(service);
    if (found == open_.end()) continue;
    for (const auto& key : found->second) open.emplace(key, service);
  }
  for (const auto& [key, service] : open) {
    const auto* activity = store_.find<ScalingActivityRow>(key);
    if (activity && activity->open()) {
      const auto progress = autoscaling::progress_of(store_, *activity);
      if (progress.status == control::activity::Status::InProgress) continue;
      const auto ended = store_.transact([&, &key = key]() -> Result<> {
        autoscaling::end_activity(store_, key, progress, loop_.now());
        return {};
      });
      if (!ended) {
        log::warn("scaling activity {}: {}", key, ended.error().message);
        changed_services_.insert(service);  // likewise
        continue;
      }
    }
    auto& keys = open_[service];
    keys.erase(key);
    if (keys.empty()) open_.erase(service);
  }
}

// Only the evaluator's own transitions come with a call; SetAlarmState just changes the row.
void Scaling::run_forced_alarms(const std::set<std::string>& alarms) {
  for (const auto& name : alarms) {
    const auto* alarm = store_.find<AlarmRow>(name);
    if (!alarm) {
      answered_.erase(name);
      readings_.forget(name);
    } else if (in_alarm(*alarm)) {
      const auto answered = answered_.find(name);
      if (answered == answered_.end() || answered->second != transitioned_at(*alarm)) run_forced(*alarm);
    }
  }
}

void Scaling::run_forced(const AlarmRow& alarm) {
  const std::string name = alarm.name;
  answered_[name] = transitioned_at(alarm);
  if (!alarm.actions_enabled()) return;
  const auto points = control::datapoints_of(alarm.metric->state_reason_data.value_or(""), loop_.now());
  for (const auto& action : cloudwatch::actions_of(alarm, alarm.state())) {
    if (!action.starts_with(scaling_action)) continue;
    const Result<> outcome = points ? on_alarm(action, name, *points) : Result<>(points.error());
    const auto recorded = store_.transact([&]() -> Result<> {
      if (const auto* row = store_.find<AlarmRow>(name)) {
        cloudwatch::record_action(store_, *row, action, outcome, loop_.now());
      }
      return {};
    });
    if (!recorded) log::warn("alarm {}: {}", name, recorded.error().message);
  }
}

}  // namespace berth::reconcile
