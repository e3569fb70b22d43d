// Repository policies, which are kept and not enforced.
#include <utility>

#include "base/json.h"
#include "handlers/ecr.h"
#include "services/ecr/errors.h"
#include "services/ecr/repository.h"

namespace berth::ecr {
namespace {

Error repository_policy_not_found(const Context& context, std::string_view repository) {
  return document_not_found("RepositoryPolicyNotFoundException", "Repository policy", repository,
                            context.settings.account);
}

// An object with a Statement: more of it is read when policies are enforced.
bool is_policy_document(const std::string& text) {
  json::value document;
  JsonError problem;
  return parse_json(text, document, problem) && find(document, "Statement") != nullptr;
}

}  // namespace

Result<SetRepositoryPolicyResponse> set_repository_policy(Context& context,
                                                          const SetRepositoryPolicyRequest& input) {
  const auto row = edit_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  if (!is_policy_document(input.policy_text.value_or(""))) {
    return invalid_parameter("PolicyText", "Invalid repository policy provided");
  }
  (*row)->policy = input.policy_text;
  auto response = answer_for<SetRepositoryPolicyResponse>(context, **row);
  response.policy_text = (*row)->policy;
  return response;
}

Result<GetRepositoryPolicyResponse> get_repository_policy(Context& context,
                                                          const GetRepositoryPolicyRequest& input) {
  const auto row = find_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  if (!(*row)->policy) return repository_policy_not_found(context, (*row)->name);
  auto response = answer_for<GetRepositoryPolicyResponse>(context, **row);
  response.policy_text = (*row)->policy;
  return response;
}

Result<DeleteRepositoryPolicyResponse> delete_repository_policy(Context& context,
                                                                const DeleteRepositoryPolicyRequest& input) {
  const auto row = edit_repository(context, input.repository_name, input.registry_id);
  if (!row) return row.error();
  if (!(*row)->policy) return repository_policy_not_found(context, (*row)->name);
  auto response = answer_for<DeleteRepositoryPolicyResponse>(context, **row);
  response.policy_text = std::exchange((*row)->policy, std::nullopt);
  return response;
}

}  // namespace berth::ecr
