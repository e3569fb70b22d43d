// Whether a role may do something: its policies, its permissions boundary and its trust, read from the rows
// and judged by control/policy_evaluation.
#pragma once

#include <string>

#include "base/result.h"
#include "control/policy_evaluation.h"
#include "services/iam/rows.h"

namespace berth::iam {

// Allowed, or an AccessDenied with AWS's text, which names `caller`, the session's ARN. A role that has been
// deleted may nothing.
Result<> check_allowed(const Store& store, const std::string& role_arn, const std::string& caller,
                       const control::PolicyRequest& request);

// Whether the role's trust policy lets the service assume it ("ecs-tasks.amazonaws.com").
bool trusts_service(const RoleRow& role, const std::string& service);
// Whether it lets a principal; `by_name` only when its own ARN is named, not its account.
bool trusts_principal(const RoleRow& role, control::PolicyPrincipal principal, bool by_name);

}  // namespace berth::iam
