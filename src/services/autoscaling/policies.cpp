// Application Auto Scaling: scaling policies. The reconciler acts on them when their alarms call.
#include <fmt/format.h>

#include <algorithm>

#include "handlers/autoscaling.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/policy_alarms.h"
#include "services/autoscaling/policy_rules.h"
#include "services/lists.h"
#include "services/paging.h"

namespace berth::autoscaling {

namespace {

constexpr std::int64_t policies_per_page_max = 10;
constexpr std::size_t policies_per_target_max = 50;
constexpr const char* target_tracking = "TargetTrackingScaling";
constexpr const char* step_scaling = "StepScaling";

Result<> check_name(const std::string& name) {
  const auto printable = [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; };
  if (name.empty() || name.size() > name_characters_max ||
      !std::all_of(name.begin(), name.end(), printable)) {
    return validation(
        fmt::format("1 validation error detected: Value '{}' at 'policyName' failed to satisfy "
                    "constraint: Member must satisfy regular expression pattern: \\p{{Print}}+",
                    name));
  }
  return {};
}

Result<> check_type(const std::string& type, const PutScalingPolicyRequest& input,
                    const ScalingPolicyRow* existing) {
  if (type == "PredictiveScaling" || input.predictive_scaling_policy_configuration) {
    return Error{"NotImplemented", "PutScalingPolicy: berth does not implement PredictiveScaling."};
  }
  if (existing && existing->type != type) {
    return validation(fmt::format("The type of the policy {} cannot be changed from {} to {}", existing->name,
                                  existing->type, type));
  }
  const bool tracking = input.target_tracking_scaling_policy_configuration.has_value();
  const bool step = input.step_scaling_policy_configuration.has_value();
  if (tracking != (type == target_tracking) || step != (type == step_scaling)) {
    return validation(
        fmt::format("A policy of type {} must have a {}PolicyConfiguration and no other", type, type));
  }
  return {};
}

ScalingPolicyRow new_policy(Context& context, const std::string& resource_id, const std::string& name,
                            const std::string& type) {
  ScalingPolicyRow row;
  row.resource_id = resource_id;
  row.name = name;
  row.arn = policy_arn(context, resource_id, name);
  row.type = type;
  row.created_at = context.now();
  return row;
}

Result<> configure_tracking(Context& context, ScalingPolicyRow& row,
                            const TargetTrackingScalingPolicyConfiguration& config) {
  if (auto checked = check_tracking(context.store, config, row.resource_id, row.name); !checked)
    return checked;
  const bool same = row.tracking && row_codec::write(*row.tracking) == row_codec::write(config);
  row.tracking = config;
  if (same && has_its_alarms(context.store, row)) return {};
  return make_alarms(context, row);
}

ScalingPolicy describe(const Store& store, const ScalingPolicyRow& row) {
  ScalingPolicy policy;
  policy.policy_arn = row.arn;
  policy.policy_name = row.name;
  policy.service_namespace = ecs_namespace;
  policy.resource_id = row.resource_id;
  policy.scalable_dimension = desired_count;
  policy.policy_type = row.type;
  policy.creation_time = row.created_at;
  policy.step_scaling_policy_configuration = row.step;
  policy.target_tracking_scaling_policy_configuration = row.tracking;
  policy.alarms = alarms_of(store, row);
  return policy;
}

}  // namespace

Result<PutScalingPolicyResponse> put_scaling_policy(Context& context, const PutScalingPolicyRequest& input) {
  const std::string resource_id = input.resource_id.value_or("");
  const std::string name = input.policy_name.value_or("");
  auto scalable = check_scalable(input.service_namespace, resource_id, input.scalable_dimension);
  if (!scalable) return scalable.error();
  if (auto named = check_name(name); !named) return named.error();
  if (!context.store.find<ScalableTargetRow>(resource_id)) return no_such_target(resource_id);
  const auto* existing = context.store.find<ScalingPolicyRow>(resource_id + "|" + name);
  const std::string type = input.policy_type.value_or(existing ? existing->type : step_scaling);
  if (auto typed = check_type(type, input, existing); !typed) return typed.error();
  if (!existing && context.store.rows_of<ScalingPolicyRow>(resource_id).size() >= policies_per_target_max) {
    return Error{
        "LimitExceededException",
        fmt::format("A scalable target can have at most {} scaling policies.", policies_per_target_max)};
  }
  ScalingPolicyRow row = existing ? *existing : new_policy(context, resource_id, name, type);
  row.last_not_scaled.reset();
  if (type == target_tracking) {
    auto configured = configure_tracking(context, row, *input.target_tracking_scaling_policy_configuration);
    if (!configured) return configured.error();
  } else {
    row.step = input.step_scaling_policy_configuration;
    if (auto checked = check_step(*row.step); !checked) return checked.error();
  }
  PutScalingPolicyResponse response;
  response.policy_arn = row.arn;
  response.alarms = alarms_of(context.store, row);
  context.store.put(std::move(row));
  return response;
}

Result<DeleteScalingPolicyResponse> delete_scaling_policy(Context& context,
                                                          const DeleteScalingPolicyRequest& input) {
  const std::string resource_id = input.resource_id.value_or("");
  const std::string name = input.policy_name.value_or("");
  auto scalable = check_scalable(input.service_namespace, resource_id, input.scalable_dimension);
  if (!scalable) return scalable.error();
  const auto* policy = context.store.find<ScalingPolicyRow>(resource_id + "|" + name);
  if (!policy) return no_such_policy(resource_id, name);
  remove_alarms(context.store, *policy, context.now());
  context.store.erase<ScalingPolicyRow>(resource_id + "|" + name);
  return DeleteScalingPolicyResponse{};
}

Result<DescribeScalingPoliciesResponse> describe_scaling_policies(
    Context& context, const DescribeScalingPoliciesRequest& input) {
  auto listing = check_listing(input.scalable_dimension, input.resource_id.has_value());
  if (!listing) return listing.error();
  const auto& names = services::list_of(input.policy_names);
  std::vector<const ScalingPolicyRow*> found;
  for (const auto& [key, row] : context.store.all<ScalingPolicyRow>()) {
    if (input.service_namespace != ecs_namespace) break;
    if (input.resource_id && row.resource_id != *input.resource_id) continue;
    // A policy can be named by its ARN as well.
    const auto names_it = [&policy = row](const std::string& name) {
      return name == policy.name || name == policy.arn;
    };
    if (names.empty() || std::any_of(names.begin(), names.end(), names_it)) found.push_back(&row);
  }
  auto page =
      services::page_of(std::move(found), input.next_token,
                        std::min(policies_per_page_max, input.max_results.value_or(policies_per_page_max)),
                        [](const ScalingPolicyRow* row) { return row->key(); });
  if (!page) return page.error();
  DescribeScalingPoliciesResponse response;
  response.scaling_policies.emplace();
  for (const auto* row : page->items) response.scaling_policies->push_back(describe(context.store, *row));
  response.next_token = std::move(page->next_token);
  return response;
}

}  // namespace berth::autoscaling
