// IAM managed policies and their versions.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "handlers/iam.h"
#include "services/iam/documents.h"
#include "services/iam/rows.h"
#include "services/tags.h"

namespace berth::iam {
namespace {

constexpr std::size_t policy_versions_max = 5;  // AWS: five versions of a managed policy

std::int64_t attachments(const Store& store, const std::string& arn) {
  const auto& roles = store.all<RoleRow>();
  return std::count_if(roles.begin(), roles.end(), [&](const auto& entry) {
    const auto& attached = entry.second.attached_policies;
    return std::find(attached.begin(), attached.end(), arn) != attached.end();
  });
}

std::int64_t boundary_uses(const Store& store, const std::string& arn) {
  const auto& roles = store.all<RoleRow>();
  return std::count_if(roles.begin(), roles.end(),
                       [&](const auto& entry) { return entry.second.permissions_boundary == arn; });
}

Policy describe(const Store& store, const PolicyRow& row) {
  Policy policy;
  policy.policy_name = row.name;
  policy.policy_id = row.id;
  policy.arn = row.arn;
  policy.path = row.path;
  policy.default_version_id = row.default_version;
  policy.attachment_count = attachments(store, row.arn);
  policy.permissions_boundary_usage_count = boundary_uses(store, row.arn);
  policy.is_attachable = true;
  if (!row.description.empty()) policy.description = row.description;
  policy.create_date = row.created_at;
  policy.update_date = row.updated_at;
  return policy;
}

PolicyVersion describe(const PolicyRow& row, const PolicyVersionRow& version, bool with_document) {
  PolicyVersion description;
  if (with_document) description.document = percent_encode(version.document);
  description.version_id = version.id;
  description.is_default_version = version.id == row.default_version;
  description.create_date = version.created_at;
  return description;
}

Result<PolicyRow*> edit_policy(Context& context, const std::optional<std::string>& arn) {
  auto* row = context.store.edit<PolicyRow>(arn.value_or(""));
  if (!row) return Error{"NoSuchEntityException", fmt::format("Policy {} was not found.", arn.value_or(""))};
  return row;
}

Result<const PolicyRow*> read_policy(Context& context, const std::optional<std::string>& arn) {
  const auto* row = context.store.find<PolicyRow>(arn.value_or(""));
  if (!row) return Error{"NoSuchEntityException", fmt::format("Policy {} was not found.", arn.value_or(""))};
  return row;
}

Error no_such_version(const std::string& arn, const std::string& version) {
  return {"NoSuchEntityException",
          fmt::format("Policy {} version {} does not exist or is not attachable.", arn, version)};
}

}  // namespace

Result<CreatePolicyResponse> create_policy(Context& context, const CreatePolicyRequest& input) {
  const std::string document = input.policy_document.value_or("");
  if (auto checked = check_policy_document(document); !checked) return checked.error();
  PolicyRow row;
  row.name = input.policy_name.value_or("");
  row.path = input.path.value_or("/");
  row.arn = context.settings.global_arn("iam", fmt::format("policy{}{}", row.path, row.name));
  if (context.store.find<PolicyRow>(row.arn)) {
    return Error{
        "EntityAlreadyExistsException",
        fmt::format("A policy called {} already exists. Duplicate names are not allowed.", row.name)};
  }
  row.id = "ANPA" + random_alphanumeric(context.ids(), 17);
  row.description = input.description.value_or("");
  row.versions = {{"v1", document, context.now()}};
  row.tags = input.tags.value_or(std::vector<Tag>{});
  row.created_at = row.updated_at = context.now();
  CreatePolicyResponse response;
  response.policy = describe(context.store, row);
  context.store.put(std::move(row));
  return response;
}

Result<CreatePolicyVersionResponse> create_policy_version(Context& context,
                                                          const CreatePolicyVersionRequest& input) {
  auto row = edit_policy(context, input.policy_arn);
  if (!row) return row.error();
  const std::string document = input.policy_document.value_or("");
  if (auto checked = check_policy_document(document); !checked) return checked.error();
  if ((*row)->versions.size() >= policy_versions_max) {
    return Error{
        "LimitExceededException",
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
        "existing version."};
  }
  const PolicyVersionRow version{fmt::format("v{}", ++(*row)->last_version), document, context.now()};
  (*row)->versions.push_back(version);
  (*row)->updated_at = context.now();
  if (input.set_as_default.value_or(false)) (*row)->default_version = version.id;
  CreatePolicyVersionResponse response;
  response.policy_version = describe(**row, version, false);
  return response;
}

Result<GetPolicyResponse> get_policy(Context& context, const GetPolicyRequest& input) {
  auto row = read_policy(context, input.policy_arn);
  if (!row) return row.error();
  GetPolicyResponse response;
  response.policy = describe(context.store, **row);
  response.policy->tags = (*row)->tags;
  return response;
}

Result<GetPolicyVersionResponse> get_policy_version(Context& context, const GetPolicyVersionRequest& input) {
  auto row = read_policy(context, input.policy_arn);
  if (!row) return row.error();
  for (const auto& version : (*row)->versions) {
    if (version.id == input.version_id) return GetPolicyVersionResponse{describe(**row, version, true)};
  }
  return no_such_version((*row)->arn, input.version_id.value_or(""));
}

Result<ListPoliciesResponse> list_policies(Context& context, const ListPoliciesRequest& input) {
  std::vector<Policy> policies;
  for (const auto& [arn, row] : context.store.all<PolicyRow>()) {
    if (input.scope == "AWS" || !row.path.starts_with(input.path_prefix.value_or("/"))) continue;
    if (input.only_attached.value_or(false) && attachments(context.store, arn) == 0) continue;
    policies.push_back(describe(context.store, row));
  }
  auto page = services::page_of(
      std::move(policies), input.marker, input.max_items.value_or(page_items_default),
      [](const Policy& policy) { return *policy.arn; }, bad_marker);
  if (!page) return page.error();
  return ListPoliciesResponse{std::move(page->items), page->next_token.has_value(), page->next_token};
}

Result<ListPolicyVersionsResponse> list_policy_versions(Context& context,
                                                        const ListPolicyVersionsRequest& input) {
  auto row = read_policy(context, input.policy_arn);
  if (!row) return row.error();
  ListPolicyVersionsResponse response;
  response.versions.emplace();
  for (const auto& version : (*row)->versions) response.versions->push_back(describe(**row, version, false));
  response.is_truncated = false;
  return response;
}

Result<DeletePolicyVersionOutput> delete_policy_version(Context& context,
                                                        const DeletePolicyVersionRequest& input) {
  auto row = edit_policy(context, input.policy_arn);
  if (!row) return row.error();
  if (input.version_id == (*row)->default_version) {
    return Error{"DeleteConflictException", "Cannot delete the default version of a policy."};
  }
  if (std::erase_if((*row)->versions, [&](const auto& version) { return version.id == input.version_id; }) ==
      0) {
    return no_such_version((*row)->arn, input.version_id.value_or(""));
  }
  return DeletePolicyVersionOutput{};
}

Result<SetDefaultPolicyVersionOutput> set_default_policy_version(
    Context& context, const SetDefaultPolicyVersionRequest& input) {
  auto row = edit_policy(context, input.policy_arn);
  if (!row) return row.error();
  const std::string version = input.version_id.value_or("");
  const auto& versions = (*row)->versions;
  if (std::none_of(versions.begin(), versions.end(),
                   [&](const auto& known) { return known.id == version; })) {
    return no_such_version((*row)->arn, version);
  }
  (*row)->default_version = version;
  (*row)->updated_at = context.now();
  return SetDefaultPolicyVersionOutput{};
}

Result<ListEntitiesForPolicyResponse> list_entities_for_policy(Context& context,
                                                               const ListEntitiesForPolicyRequest& input) {
  const std::string arn = input.policy_arn.value_or("");
  if (!is_policy(context.store, arn)) {
    return Error{"NoSuchEntityException", fmt::format("Policy {} was not found.", arn)};
  }
  const bool as_boundary = input.policy_usage_filter == "PermissionsBoundary";
  std::vector<PolicyRole> roles;
  for (const auto& [name, role] : context.store.all<RoleRow>()) {
    const auto& attached = role.attached_policies;
    const bool uses = as_boundary ? role.permissions_boundary == arn
                                  : std::find(attached.begin(), attached.end(), arn) != attached.end();
    const bool asked = !input.entity_filter || input.entity_filter == "Role";
    if (uses && asked && role.path.starts_with(input.path_prefix.value_or("/")))
      roles.push_back({name, role.id});
  }
  auto page = services::page_of(
      std::move(roles), input.marker, input.max_items.value_or(page_items_default),
      [](const PolicyRole& role) { return *role.role_name; }, bad_marker);
  if (!page) return page.error();
  ListEntitiesForPolicyResponse response;
  response.policy_roles = std::move(page->items);
  response.policy_groups.emplace();  // berth has neither groups nor users
  response.policy_users.emplace();
  response.is_truncated = page->next_token.has_value();
  response.marker = page->next_token;
  return response;
}

Result<DeletePolicyOutput> delete_policy(Context& context, const DeletePolicyRequest& input) {
  auto row = read_policy(context, input.policy_arn);
  if (!row) return row.error();
  if (attachments(context.store, (*row)->arn) > 0 || boundary_uses(context.store, (*row)->arn) > 0) {
    return Error{"DeleteConflictException", "Cannot delete a policy attached to entities."};
  }
  if ((*row)->versions.size() > 1) {
    return Error{
        "DeleteConflictException",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's "
        "versions. The default version is deleted with the policy."};
  }
  context.store.erase<PolicyRow>(*input.policy_arn);
  return DeletePolicyOutput{};
}

Result<TagPolicyOutput> tag_policy(Context& context, const TagPolicyRequest& input) {
  auto row = edit_policy(context, input.policy_arn);
  if (!row) return row.error();
  services::merge_tags((*row)->tags, input.tags.value_or(std::vector<Tag>{}));
  return TagPolicyOutput{};
}

Result<UntagPolicyOutput> untag_policy(Context& context, const UntagPolicyRequest& input) {
  auto row = edit_policy(context, input.policy_arn);
  if (!row) return row.error();
  services::remove_tags((*row)->tags, input.tag_keys.value_or(std::vector<std::string>{}));
  return UntagPolicyOutput{};
}

Result<ListPolicyTagsResponse> list_policy_tags(Context& context, const ListPolicyTagsRequest& input) {
  auto row = read_policy(context, input.policy_arn);
  if (!row) return row.error();
  ListPolicyTagsResponse response;
  response.tags = (*row)->tags;
  response.is_truncated = false;
  return response;
}

}  // namespace berth::iam
