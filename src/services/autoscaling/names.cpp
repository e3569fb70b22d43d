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

std::string service_key(std::string_view resource_id) {
  const auto parts = split(resource_id, '/');
  if (parts.size() != 3 || parts[0] != "service" || parts[1].empty() || parts[2].empty()) return "";
  return parts[1] + "/" + parts[2];
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
  const auto resource = action_arn.find(before_resource);
  const auto name = action_arn.find(before_name);
  if (resource == std::string_view::npos || name == std::string_view::npos || name < resource) return nullptr;
  const auto resource_at = resource + before_resource.size();
  std::string key(action_arn.substr(resource_at, name - resource_at));
  key += '|';
  key += action_arn.substr(name + before_name.size());
  const auto* policy = store.find<ScalingPolicyRow>(key);
  if (policy) return policy->arn == action_arn ? policy : nullptr;
  const auto created_by = key.rfind(":createdBy/");
  if (created_by == std::string::npos) return nullptr;
  policy = store.find<ScalingPolicyRow>(key.substr(0, created_by));
  return policy && action_arn.starts_with(policy->arn + ":") ? policy : nullptr;
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
