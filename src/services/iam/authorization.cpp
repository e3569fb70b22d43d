#include "services/iam/authorization.h"

#include <fmt/format.h>

#include <set>

#include "base/log.h"
#include "services/iam/managed_policies.h"

namespace berth::iam {
namespace {

using control::PolicyEffect;

constexpr const char* assume_role = "sts:AssumeRole";

void add_document(const std::string& text, std::vector<json::value>& documents) {
  json::value document;
  JsonError error;
  if (parse_json(text, document, error)) documents.push_back(std::move(document));
}

void tell_once_of_unknown(const std::string& arn) {
  static std::set<std::string> told;
  if (told.insert(arn).second) log::warn("the document of {} is not known: it grants nothing here", arn);
}

void add_managed(const Store& store, const std::string& arn, std::vector<json::value>& documents) {
  if (is_aws_policy(arn)) {
    const auto document = aws_policy_document(arn);
    return document ? add_document(*document, documents) : tell_once_of_unknown(arn);
  }
  const auto* policy = store.find<PolicyRow>(arn);
  if (!policy) return;
  for (const auto& version : policy->versions) {
    if (version.id == policy->default_version) add_document(version.document, documents);
  }
}

std::vector<json::value> identity_documents(const Store& store, const RoleRow& role) {
  std::vector<json::value> documents;
  for (const auto& [name, text] : role.inline_policies) add_document(text, documents);
  for (const auto& arn : role.attached_policies) add_managed(store, arn, documents);
  return documents;
}

// The end of AWS's sentence; empty when it is allowed.
std::string refusal_by(PolicyEffect effect, const char* kind, const std::string& action) {
  if (effect == PolicyEffect::allow) return "";
  if (effect == PolicyEffect::deny) {
    const bool boundary = std::string_view(kind) == "permissions boundary";
    return fmt::format("with an explicit deny in {} {}", boundary ? "a" : "an", kind);
  }
  return fmt::format("because no {} allows the {} action", kind, action);
}

std::string refusal(const Store& store, const RoleRow* role, const control::PolicyRequest& request) {
  const auto documents = role ? identity_documents(store, *role) : std::vector<json::value>();
  const auto effect = control::evaluate_policies(documents, request);
  auto why = refusal_by(effect, "identity-based policy", request.action);
  if (!why.empty() || role->permissions_boundary.empty()) return why;
  std::vector<json::value> boundary;
  add_managed(store, role->permissions_boundary, boundary);
  return refusal_by(control::evaluate_policies(boundary, request), "permissions boundary", request.action);
}

PolicyEffect trust_of(const RoleRow& role, const control::PolicyPrincipal& principal) {
  json::value document;
  JsonError error;
  if (!parse_json(role.assume_role_policy, document, error)) return PolicyEffect::none;
  return control::evaluate_trust(document, principal, {assume_role, role.arn});
}

}  // namespace

Result<> check_allowed(const Store& store, const std::string& role_arn, const std::string& caller,
                       const control::PolicyRequest& request) {
  const auto* role = find_role(store, role_arn);  // a task definition may give the bare name
  if (role && role_arn.starts_with("arn:") && role->arn != role_arn) role = nullptr;
  const std::string why = refusal(store, role, request);
  if (why.empty()) return {};
  return Error{"AccessDenied",
               fmt::format("User: {} is not authorized to perform: {} on resource: {} {}", caller,
                           request.action, request.resource, why),
               403};
}

bool trusts_service(const RoleRow& role, const std::string& service) {
  return trust_of(role, {"", {}, service}) == PolicyEffect::allow;
}

bool trusts_principal(const RoleRow& role, control::PolicyPrincipal principal, bool by_name) {
  if (by_name) principal.account.clear();
  return trust_of(role, principal) == PolicyEffect::allow;
}

}  // namespace berth::iam
