#include "services/autoscaling/orders.h"

#include "services/autoscaling/names.h"
#include "services/ecs/service_view.h"

namespace berth::autoscaling {

namespace {

using control::activity::Status;

// AWS keeps activities for six weeks; the count bounds policies that act often at an accelerated clock.
constexpr Duration activities_kept = Duration::minutes(6 * 7 * 24 * 60);
constexpr std::size_t activities_max = 20'000;

constexpr double default_cooldown_s = 300;

Duration cooldown(const std::optional<std::int64_t>& seconds) {
  return seconds ? Duration{*seconds * us_per_second} : Duration::seconds(default_cooldown_s);
}

void forget_old_activities(Store& store, Time now) {
  const auto& rows = store.all<ScalingActivityRow>();
  while (!rows.empty() && (rows.size() >= activities_max ||
                           now - *rows.begin()->second.description.start_time > activities_kept)) {
    store.erase<ScalingActivityRow>(std::string(rows.begin()->first));
  }
}

ScalingActivityRow new_activity(Store& store, Loop& loop, const std::string& resource_id, Status status) {
  const auto& rows = store.all<ScalingActivityRow>();
  ScalingActivityRow row;
  row.sequence = rows.empty() ? 1 : rows.rbegin()->second.sequence + 1;
  row.description.activity_id = random_uuid(loop.rng("ids"));
  row.description.service_namespace = ecs_namespace;
  row.description.resource_id = resource_id;
  row.description.scalable_dimension = desired_count;
  row.description.start_time = loop.now();
  row.description.status_code = std::string(name_of(status));
  return row;
}

void keep(Store& store, Time now, ScalingActivityRow row) {
  forget_old_activities(store, now);
  store.put(std::move(row));
}

// What an order means to the target's policies: its own cooldown runs, a scale-out ends every scale-in
// cooldown.
void tell_policies(Store& store, const Order& order, const std::string& activity, int from, Time now) {
  for (const auto* entry : store.rows_of<ScalingPolicyRow>(order.resource_id)) {
    auto* policy = store.edit<ScalingPolicyRow>(entry->first);
    policy->last_not_scaled.reset();
    if (policy->key() == order.policy) {
      policy->cooldown.ordered(from, order.desired, now);
      policy->last_order = activity;
    } else if (!order.policy.empty() && order.desired > from) {
      policy->cooldown.cancel_scale_in();
    }
  }
}

std::optional<std::int64_t> wide(const std::optional<int>& value) {
  return value ? std::optional<std::int64_t>(*value) : std::nullopt;
}

NotScaledReason shape_of(const control::NotScaledReason& reason) {
  NotScaledReason shape;
  shape.code = std::string(name_of(reason.code));
  shape.max_capacity = wide(reason.max_capacity);
  shape.min_capacity = wide(reason.min_capacity);
  shape.current_capacity = wide(reason.current_capacity);
  return shape;
}

}  // namespace

bool order(Store& store, Loop& loop, const Order& order) {
  const std::string service(service_key(order.resource_id));
  const auto* before = store.find<ecs::ServiceRow>(service);
  if (!before) return false;
  const int from = before->desired_count;
  if (!ecs::set_desired_count(store, service, order.desired, loop.now())) return false;
  auto row = new_activity(store, loop, order.resource_id, Status::InProgress);
  row.description.description = order.description;
  row.description.cause = order.cause;
  row.description.status_message = control::activity::waiting(order.desired);
  row.ordered = order.desired;
  row.policy = order.policy;
  row.explanation = order.explanation;
  tell_policies(store, order, row.key(), from, loop.now());
  keep(store, loop.now(), std::move(row));
  return true;
}

bool is_recorded(const ScalingPolicyRow& policy, const control::NotScaledReason& reason) {
  if (!policy.last_not_scaled) return false;
  const auto& last = *policy.last_not_scaled;
  return last.code == name_of(reason.code) && last.max_capacity == wide(reason.max_capacity) &&
         last.min_capacity == wide(reason.min_capacity) &&
         last.current_capacity == wide(reason.current_capacity);
}

void record_not_scaled(Store& store, Loop& loop, const ScalingPolicyRow& policy,
                       const control::ScalingDecision& decision) {
  if (is_recorded(policy, *decision.not_scaled)) return;
  auto row =
      new_activity(store, loop, policy.resource_id, control::activity::status_of(decision.not_scaled->code));
  row.description.description = decision.description;
  row.description.cause = decision.cause;
  row.description.not_scaled_reasons = {shape_of(*decision.not_scaled)};
  row.policy = policy.key();
  row.explanation = decision.explanation;
  store.edit<ScalingPolicyRow>(policy.key())->last_not_scaled = shape_of(*decision.not_scaled);
  keep(store, loop.now(), std::move(row));
}

void record(Store& store, Loop& loop, const Record& record) {
  auto row = new_activity(store, loop, record.resource_id, record.status);
  row.description.description = record.description;
  row.description.cause = record.cause;
  row.description.end_time = loop.now();
  if (!record.message.empty()) row.description.status_message = record.message;
  keep(store, loop.now(), std::move(row));
}

control::activity::Progress progress_of(const Store& store, const ScalingActivityRow& activity) {
  const auto* service = store.find<ecs::ServiceRow>(service_key(*activity.description.resource_id));
  const int desired = service && service->status == "ACTIVE" ? service->desired_count : 0;
  const int running = service ? ecs::service_counts(store, *service).running : 0;
  return control::activity::progress(activity.ordered.value_or(0), desired, running);
}

void end_activity(Store& store, const std::string& key, const control::activity::Progress& progress,
                  Time now) {
  auto* activity = store.edit<ScalingActivityRow>(key);
  activity->description.status_code = std::string(name_of(progress.status));
  activity->description.status_message = progress.message;
  activity->description.end_time = now;
  // A newer order of the same policy has taken the cooldown over.
  const auto* owner = store.find<ScalingPolicyRow>(activity->policy);
  if (!owner || owner->last_order != key) return;
  auto* policy = store.edit<ScalingPolicyRow>(activity->policy);
  if (progress.status != Status::Successful) return policy->cooldown.abandoned();
  const Cooldowns cooldowns = cooldowns_of(*policy);
  policy->cooldown.fulfilled(cooldowns.scale_out, cooldowns.scale_in, now);
}

void set_limits(Store& store, Loop& loop, const std::string& resource_id,
                const control::LimitsChange& change) {
  auto* target = store.edit<ScalableTargetRow>(resource_id);
  target->min_capacity = change.minimum;
  target->max_capacity = change.maximum;
  if (change.desired) order(store, loop, {resource_id, *change.desired, change.description, change.cause});
}

Cooldowns cooldowns_of(const ScalingPolicyRow& policy) {
  if (policy.step) return {cooldown(policy.step->cooldown), cooldown(policy.step->cooldown)};
  if (!policy.tracking) return {};
  return {cooldown(policy.tracking->scale_out_cooldown), cooldown(policy.tracking->scale_in_cooldown)};
}

}  // namespace berth::autoscaling
