// Application Auto Scaling: scalable targets and their tags.
#include "services/autoscaling/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "control/scheduled_action.h"
#include "handlers/autoscaling.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/orders.h"
#include "services/autoscaling/policy_alarms.h"
#include "services/ecs/rows.h"
#include "services/iam/service_linked_roles.h"
#include "services/lists.h"
#include "services/paging.h"
#include "services/tags.h"

namespace berth::autoscaling {

namespace {

constexpr std::int64_t targets_per_page_max = 50;
constexpr std::size_t targets_max = 20'000;  // AWS: 3,000 ECS services in a region, more on request
constexpr const char* service_principal = "ecs.application-autoscaling.amazonaws.com";

Result<std::optional<int>> capacity_of(const std::optional<std::int64_t>& value, std::string_view member) {
  if (!value) return std::optional<int>{};
  if (*value < 0 || *value > std::numeric_limits<int>::max()) {
    return validation(
        fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy "
                    "constraint: Member must have value greater than or equal to 0",
                    *value, member));
  }
  return std::optional<int>(static_cast<int>(*value));
}

Result<ScalableTargetRow> new_target(Context& context, const RegisterScalableTargetRequest& input) {
  if (!input.min_capacity || !input.max_capacity) {
    return validation("MinCapacity and MaxCapacity must both be specified for a new scalable target");
  }
  if (context.store.all<ScalableTargetRow>().size() >= targets_max) {
    return Error{"LimitExceededException",
                 fmt::format("At most {} scalable targets can be registered for ecs.", targets_max)};
  }
  auto role = iam::service_linked_role(context, service_principal);
  if (!role) return role.error();
  ScalableTargetRow row;
  row.resource_id = *input.resource_id;
  row.arn = target_arn(context);
  row.role_arn = *std::move(role);
  row.created_at = context.now();
  return row;
}

void suspend(ScalableTargetRow& row, const SuspendedState& wanted) {
  row.scale_in_suspended = wanted.dynamic_scaling_in_suspended.value_or(row.scale_in_suspended);
  row.scale_out_suspended = wanted.dynamic_scaling_out_suspended.value_or(row.scale_out_suspended);
  row.schedules_suspended = wanted.scheduled_scaling_suspended.value_or(row.schedules_suspended);
}

Result<> tag(ScalableTargetRow& row, const std::map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) row.tags[key] = value;
  if (!services::too_many_tags(row.tags)) return {};
  return Error{"TooManyTagsException", "The request specifies too many tags", 0, {{"ResourceName", row.arn}}};
}

ScalableTarget describe(const ScalableTargetRow& row) {
  ScalableTarget target;
  target.service_namespace = ecs_namespace;
  target.resource_id = row.resource_id;
  target.scalable_dimension = desired_count;
  target.min_capacity = row.min_capacity;
  target.max_capacity = row.max_capacity;
  target.role_arn = row.role_arn;
  target.creation_time = row.created_at;
  target.suspended_state.emplace();
  target.suspended_state->dynamic_scaling_in_suspended = row.scale_in_suspended;
  target.suspended_state->dynamic_scaling_out_suspended = row.scale_out_suspended;
  target.suspended_state->scheduled_scaling_suspended = row.schedules_suspended;
  target.scalable_target_arn = row.arn;
  return target;
}

Result<const ScalableTargetRow*> find_by_arn(const Store& store, const std::optional<std::string>& arn) {
  for (const auto& [id, row] : store.all<ScalableTargetRow>()) {
    if (row.arn == arn) return &row;
  }
  return Error{"ResourceNotFoundException",
               fmt::format("The scalable target {} was not found.", arn.value_or("")),
               0,
               {{"ResourceName", json::string(arn.value_or(""))}}};
}

}  // namespace

void remove_target(Store& store, const std::string& resource_id, Time now) {
  const auto policies = store.rows_of<ScalingPolicyRow>(resource_id);
  for (const auto* policy : policies) {
    remove_alarms(store, policy->second, now);
    store.erase<ScalingPolicyRow>(policy->first);
  }
  const auto actions = store.rows_of<ScheduledActionRow>(resource_id);
  for (const auto* action : actions) store.erase<ScheduledActionRow>(action->first);
  store.erase<ScalableTargetRow>(resource_id);
}

Result<RegisterScalableTargetResponse> register_scalable_target(Context& context,
                                                                const RegisterScalableTargetRequest& input) {
  const std::string resource_id = input.resource_id.value_or("");
  auto scalable = check_scalable(input.service_namespace, resource_id, input.scalable_dimension);
  if (!scalable) return scalable.error();
  const auto* service = context.store.find<ecs::ServiceRow>(service_key(resource_id));
  if (!service || service->status != "ACTIVE") {
    return validation(fmt::format("ECS service doesn't exist: {}", resource_id));
  }
  const auto minimum = capacity_of(input.min_capacity, "minCapacity");
  if (!minimum) return minimum.error();
  const auto maximum = capacity_of(input.max_capacity, "maxCapacity");
  if (!maximum) return maximum.error();
  const auto* existing = context.store.find<ScalableTargetRow>(resource_id);
  auto row = existing ? Result<ScalableTargetRow>(*existing) : new_target(context, input);
  if (!row) return row.error();
  if (input.suspended_state) suspend(*row, *input.suspended_state);
  if (auto tagged = tag(*row, input.tags.value_or(std::map<std::string, std::string>{})); !tagged) {
    return tagged.error();
  }
  const auto change = control::change_limits(row->min_capacity, row->max_capacity, *minimum, *maximum,
                                             service->desired_count);
  if (!change) return change.error();
  RegisterScalableTargetResponse response;
  response.scalable_target_arn = row->arn;
  context.store.put(*std::move(row));
  set_limits(context.store, context.loop, resource_id, *change);
  return response;
}

Result<DeregisterScalableTargetResponse> deregister_scalable_target(
    Context& context, const DeregisterScalableTargetRequest& input) {
  const std::string resource_id = input.resource_id.value_or("");
  auto scalable = check_scalable(input.service_namespace, resource_id, input.scalable_dimension);
  if (!scalable) return scalable.error();
  if (!context.store.find<ScalableTargetRow>(resource_id)) return no_target_to_remove(resource_id);
  remove_target(context.store, resource_id, context.now());
  return DeregisterScalableTargetResponse{};
}

Result<DescribeScalableTargetsResponse> describe_scalable_targets(
    Context& context, const DescribeScalableTargetsRequest& input) {
  const auto& wanted = services::list_of(input.resource_ids);
  if (auto listing = check_listing(input.scalable_dimension, !wanted.empty()); !listing)
    return listing.error();
  std::vector<const ScalableTargetRow*> found;
  for (const auto& [id, row] : context.store.all<ScalableTargetRow>()) {
    if (input.service_namespace != ecs_namespace) break;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), id) != wanted.end()) found.push_back(&row);
  }
  auto page =
      services::page_of(std::move(found), input.next_token,
                        std::min(targets_per_page_max, input.max_results.value_or(targets_per_page_max)),
                        [](const ScalableTargetRow* row) { return row->resource_id; });
  if (!page) return page.error();
  DescribeScalableTargetsResponse response;
  response.scalable_targets.emplace();
  for (const auto* row : page->items) response.scalable_targets->push_back(describe(*row));
  response.next_token = std::move(page->next_token);
  return response;
}

Result<TagResourceResponse> tag_resource(Context& context, const TagResourceRequest& input) {
  const auto found = find_by_arn(context.store, input.resource_arn);
  if (!found) return found.error();
  auto* row = context.store.edit<ScalableTargetRow>((*found)->key());
  if (auto tagged = tag(*row, input.tags.value_or(std::map<std::string, std::string>{})); !tagged) {
    return tagged.error();
  }
  return TagResourceResponse{};
}

Result<UntagResourceResponse> untag_resource(Context& context, const UntagResourceRequest& input) {
  const auto found = find_by_arn(context.store, input.resource_arn);
  if (!found) return found.error();
  auto* row = context.store.edit<ScalableTargetRow>((*found)->key());
  for (const auto& key : services::list_of(input.tag_keys)) row->tags.erase(key);
  return UntagResourceResponse{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(Context& context,
                                                           const ListTagsForResourceRequest& input) {
  const auto found = find_by_arn(context.store, input.resource_arn);
  if (!found) return found.error();
  return ListTagsForResourceResponse{(*found)->tags};
}

}  // namespace berth::autoscaling
