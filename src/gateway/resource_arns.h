// What a request is about, for policies: the ARNs that its input names, from a small table of operations.
// Those that the table does not have are about "*".
#pragma once

#include <string>
#include <vector>

#include "control/policy_evaluation.h"
#include "model/shape.h"
#include "services/context.h"

namespace berth::gateway {

// IAM's name of a service: "elasticloadbalancing" for elbv2.
std::string iam_prefix(const model::Service& service);

// One thing that the caller must be allowed.
struct Permission {
  std::string action;
  std::string resource;
};

// What the call needs: the operation on each resource, and iam:PassRole for each role that it hands over.
std::vector<Permission> needed_permissions(const Settings& settings, const model::Service& service,
                                           const model::Operation& operation, const void* input);

// The condition keys that the input itself gives (ecs:cluster).
void add_input_keys(const Settings& settings, const model::Service& service,
                    const model::Operation& operation, const void* input, control::PolicyRequest& request);

}  // namespace berth::gateway
