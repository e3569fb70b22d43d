#include "services/autoscaling/names.h"

#include <fmt/format.h>

#include "base/text.h"
#include "loop/rng.h"

namespace berth::autoscaling {

namespace {

constexpr int target_id_digits = 36;  // hexadecimal

Error not_found(std::string_view what, const std::string& resource_id, std::string_view more = "") {
  return {"ObjectNotFoundException",
          fmt::format("No {} for service namespace: {}, resource ID: {}, scalable dimension: {}{}", what,
                      ecs_namespace, resource_id, desired_count, more)};
}

std::string resource_arn(const Context& context, std::string_view kind, const std::string& resource_id,
                         const std::string& name) {
  return context.settings.arn(
      "autoscaling",
      fmt::format("{0}:{1}:resource/{2}/{3}:{4}/{5}", kind, random_uuid(context.ids()), ecs_namespace,
                  resource_id, kind == "scalingPolicy" ? "policyName" : "scheduledActionName", name));
}

}  // namespace

Error validation(std::string message) {
  return {"ValidationException", std::move(message)};
}

Result<> check_scalable(const std::optional<std::string>& service_namespace, const std::string& resource_id,
                        const std::optional<std::string>& dimension) {
  if (service_namespace != ecs_namespace) {
    return Error{"NotImplemented",
                 fmt::format("berth scales ECS services only, not the service namespace {}.",
                             service_namespace.value_or(""))};
  }
  if (dimension != desired_count || service_key(resource_id).empty()) {
    return validation("Unsupported service namespace, resource type or scalable dimension");
  }
  return {};
}

Result<> check_listing(const std::optional<std::string>& dimension, bool names_resource) {
  if (dimension && !names_resource) {
    return validation("ResourceId must be specified when ScalableDimension is specified");
  }
  return {};
}

std::string_view service_key(std::string_view resource_id) {
  constexpr std::string_view prefix = "service/";
  if (!resource_id.starts_with(prefix)) return "";
  const auto key = resource_id.substr(prefix.size());
  const auto slash = key.find('/');
  const bool two_names = slash != std::string_view::npos && slash > 0 && slash + 1 < key.size() &&
                         key.find('/', slash + 1) == std::string_view::npos;
  return two_names ? key : "";
}

std::string resource_id(std::string_view service_key) {
  return "service/" + std::string(service_key);
}

std::string target_arn(const Context& context) {
  return context.settings.arn("application-autoscaling",
                              "scalable-target/" + random_hex(context.ids(), target_id_digits));
}

std::string policy_arn(const Context& context, const std::string& resource_id, const std::string& name) {
  return resource_arn(context, "scalingPolicy", resource_id, name);
}

std::string scheduled_action_arn(const Context& context, const std::string& resource_id,
                                 const std::string& name) {
  return resource_arn(context, "scheduledAction", resource_id, name);
}

const ScalingPolicyRow* find_policy(const Store& store, std::string_view action_arn) {
  constexpr std::string_view before_resource = ":resource/ecs/";
  constexpr std::string_view before_name = ":policyName/";
  constexpr std::string_view created_by = ":createdBy/";
  const auto resource = action_arn.find(before_resource);
  const auto name = action_arn.find(before_name);
  if (resource == std::string_view::npos || name == std::string_view::npos || name < resource) return nullptr;
  const auto resource_at = resource + before_resource.size();
  const auto resource_id = action_arn.substr(resource_at, name - resource_at);
  // A name may hold what looks like the addition: of several the longest is meant, which comes last.
  const ScalingPolicyRow* found = nullptr;
  for (const auto* entry : store.rows_of<ScalingPolicyRow>(resource_id)) {
    const auto& policy = entry->second;
    if (policy.arn == action_arn) return &policy;
    if (action_arn.starts_with(policy.arn) && action_arn.substr(policy.arn.size()).starts_with(created_by))
      found = &policy;
  }
  return found;
}

Error no_such_target(const std::string& resource_id) {
  return not_found("scalable target registered", resource_id);
}

Error no_target_to_remove(const std::string& resource_id) {
  return not_found("scalable target found", resource_id);
}

Error no_such_policy(const std::string& resource_id, const std::string& name) {
  return not_found("scaling policy found", resource_id, fmt::format(", policy name: {}", name));
}

Error no_such_scheduled_action(const std::string& resource_id, const std::string& name) {
  return not_found("scheduled action found", resource_id, fmt::format(", scheduled action name: {}", name));
}

}  // namespace berth::autoscaling
