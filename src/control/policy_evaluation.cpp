#include "control/policy_evaluation.h"

#include <algorithm>

#include "base/text.h"
#include "control/policy_condition.h"

namespace berth::control {
namespace {

bool names_action(const json::value& patterns, const std::string& action) {
  const auto list = strings_of(patterns);
  return std::any_of(list.begin(), list.end(), [&](const std::string& pattern) {
    return matches_wildcard(lower(pattern), lower(action));
  });
}

bool names_resource(const json::value& patterns, const PolicyRequest& request) {
  const auto list = strings_of(patterns);
  return std::any_of(list.begin(), list.end(), [&](const std::string& pattern) {
    std::string filled;
    return fill_in_variables(pattern, request, filled) && matches_pattern(filled, request.resource);
  });
}

bool speaks_of_action(const json::value& statement, const PolicyRequest& request) {
  if (const auto* actions = find(statement, "Action")) return names_action(*actions, request.action);
  const auto* others = find(statement, "NotAction");
  return others && !names_action(*others, request.action);
}

bool speaks_of_resource(const json::value& statement, const PolicyRequest& request) {
  if (const auto* resources = find(statement, "Resource")) return names_resource(*resources, request);
  const auto* others = find(statement, "NotResource");
  return others && !names_resource(*others, request);
}

bool meets_conditions_of(const json::value& statement, const PolicyRequest& request) {
  const auto* conditions = find(statement, "Condition");
  return !conditions || meets_conditions(*conditions, request);
}

PolicyEffect effect_of(const json::value& statement) {
  const std::string effect = string_or(statement, "Effect");
  return effect == "Allow" ? PolicyEffect::allow : effect == "Deny" ? PolicyEffect::deny : PolicyEffect::none;
}

// The strongest effect of the statements that `speaks` picks; one statement may stand without an array.
template <class Speaks>
PolicyEffect strongest(const json::value& document, Speaks speaks) {
  PolicyEffect strongest = PolicyEffect::none;
  const auto* statements = find(document, "Statement");
  if (!statements) return strongest;
  const auto look_at = [&](const json::value& statement) {
    const PolicyEffect effect = effect_of(statement);
    if (effect > strongest && speaks(statement)) strongest = effect;
  };
  if (statements->is_array()) {
    for (const auto& statement : statements->get_array()) look_at(statement);
  } else {
    look_at(*statements);
  }
  return strongest;
}

bool is_aws_principal(const std::string& named, const PolicyPrincipal& principal) {
  if (named == "*") return true;
  // The account's root means the whole account.
  const std::string& account = principal.account;
  if (!account.empty() && (named == account || named == "arn:aws:iam::" + account + ":root")) return true;
  return std::find(principal.arns.begin(), principal.arns.end(), named) != principal.arns.end();
}

bool names_principal(const json::value& named, const PolicyPrincipal& principal) {
  if (named.is_string()) return named.get_string() == "*";
  if (const auto* list = find(named, "AWS"); list && principal.service.empty()) {
    const auto names = strings_of(*list);
    if (std::any_of(names.begin(), names.end(),
                    [&](const auto& name) { return is_aws_principal(name, principal); })) {
      return true;
    }
  }
  const auto* services = find(named, "Service");
  if (!services || principal.service.empty()) return false;
  const auto names = strings_of(*services);
  return std::find(names.begin(), names.end(), principal.service) != names.end();
}

bool speaks_of_principal(const json::value& statement, const PolicyPrincipal& principal) {
  if (const auto* named = find(statement, "Principal")) return names_principal(*named, principal);
  const auto* others = find(statement, "NotPrincipal");
  return others && !names_principal(*others, principal);
}

}  // namespace

PolicyEffect evaluate_policies(std::span<const json::value> documents, const PolicyRequest& request) {
  PolicyEffect effect = PolicyEffect::none;
  for (const auto& document : documents) {
    effect = std::max(effect, strongest(document, [&](const json::value& statement) {
                        return speaks_of_action(statement, request) &&
                               speaks_of_resource(statement, request) &&
                               meets_conditions_of(statement, request);
                      }));
  }
  return effect;
}

PolicyEffect evaluate_trust(const json::value& document, const PolicyPrincipal& principal,
                            const PolicyRequest& request) {
  return strongest(document, [&](const json::value& statement) {
    return speaks_of_principal(statement, principal) && speaks_of_action(statement, request) &&
           meets_conditions_of(statement, request);
  });
}

}  // namespace berth::control
