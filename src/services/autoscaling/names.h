// How requests name what is scaled, the ARNs of each kind, and the errors that speak of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/autoscaling/rows.h"
#include "services/context.h"

namespace berth::autoscaling {

inline constexpr const char* ecs_namespace = "ecs";
inline constexpr std::size_t name_characters_max = 256;  // of policies and scheduled actions
inline constexpr const char* desired_count = "ecs:service:DesiredCount";

Error validation(std::string message);

// What every request but the listings names: only ECS services can be scaled here, others are refused by
// name.
Result<> check_scalable(const std::optional<std::string>& service_namespace, const std::string& resource_id,
                        const std::optional<std::string>& dimension);
// The same of a listing, where a resource needs a dimension only with it; another namespace just has nothing.
Result<> check_listing(const std::optional<std::string>& dimension, bool names_resource);

// ServiceRow::key() of `service/<cluster>/<service>`, a part of it; empty when it is none.
std::string_view service_key(std::string_view resource_id);
std::string resource_id(std::string_view service_key);

std::string target_arn(const Context& context);
std::string policy_arn(const Context& context, const std::string& resource_id, const std::string& name);
std::string scheduled_action_arn(const Context& context, const std::string& resource_id,
                                 const std::string& name);
// The policy that an alarm's action means, perhaps with `:createdBy/<uuid>` behind its ARN; null when it is
// gone.
const ScalingPolicyRow* find_policy(const Store& store, std::string_view action_arn);

// ObjectNotFoundException.
Error no_such_target(const std::string& resource_id);
Error no_target_to_remove(const std::string& resource_id);
Error no_such_policy(const std::string& resource_id, const std::string& name);
Error no_such_scheduled_action(const std::string& resource_id, const std::string& name);

}  // namespace berth::autoscaling
