// IAM's evaluation of policies: whether documents allow a request. Pure; who asks, with which documents and
// about which resource, others find out. What a document says in a way that IAM would not accept matches
// nothing.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace berth::control {

struct PolicyRequest {
  std::string action;    // "ecs:DescribeServices"
  std::string resource;  // an ARN, or "*"
  // Condition keys in lower case ("aws:currenttime") with their values. A key that is not here is absent.
  std::map<std::string, std::vector<std::string>, std::less<>> keys{};
};

enum class PolicyEffect {
  none,  // nothing speaks of the request: it is denied implicitly
  allow,
  deny,  // explicitly, whatever else allows it
};

// Of all the documents together: a Deny wins, then an Allow.
PolicyEffect evaluate_policies(std::span<const json::value> documents, const PolicyRequest& request);

struct PolicyPrincipal {
  std::string account;              // "123456789012"
  std::vector<std::string> arns{};  // the user's or session's, and the role's behind it
  std::string service{};            // "ecs-tasks.amazonaws.com"
};

// Of a policy that names principals, such as a role's trust policy. It says nothing of resources.
PolicyEffect evaluate_trust(const json::value& document, const PolicyPrincipal& principal,
                            const PolicyRequest& request);

}  // namespace berth::control
