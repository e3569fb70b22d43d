#include "services/iam/documents.h"

#include <fmt/format.h>

#include "base/json.h"
#include "services/iam/rows.h"

namespace berth::iam {

Result<> check_policy_document(const std::string& text) {
  json::value document;
  JsonError error;
  if (!parse_json(text, document, error) || !document.is_object()) {
    return Error{"MalformedPolicyDocument", "Syntax errors in policy."};
  }
  if (!find(document, "Statement")) {
    return Error{"MalformedPolicyDocument", "Missing required field Statement"};
  }
  return {};
}

Error no_such_role(const std::string& name) {
  return {"NoSuchEntityException", fmt::format("The role with name {} cannot be found.", name)};
}

Error no_such_policy(const std::string& arn) {
  return {"NoSuchEntityException", fmt::format("Policy {} does not exist or is not attachable.", arn)};
}

bool is_policy(const Store& store, const std::string& arn) {
  return arn.starts_with("arn:aws:iam::aws:policy/") || store.find<PolicyRow>(arn);
}

}  // namespace berth::iam
