// IAM roles: their trust and inline policies, attachments and tags.
#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "base/digest.h"
#include "handlers/iam.h"
#include "services/iam/documents.h"
#include "services/iam/roles.h"
#include "services/iam/rows.h"
#include "services/tags.h"

namespace berth::iam {
namespace {

Result<RoleRow*> edit_role(Context& context, const std::optional<std::string>& name) {
  auto* row = context.store.edit<RoleRow>(name.value_or(""));
  if (!row) return no_such_role(name.value_or(""));
  return row;
}

Result<const RoleRow*> read_role(Context& context, const std::optional<std::string>& name) {
  const auto* row = context.store.find<RoleRow>(name.value_or(""));
  if (!row) return no_such_role(name.value_or(""));
  return row;
}

Result<> check_role_name(const std::string& name) {
  static const std::regex allowed("[\\w+=,.@-]{1,64}");
  if (std::regex_match(name, allowed)) return {};
  return Error{"ValidationError",
               "The specified value for roleName is invalid. It must contain only alphanumeric "
               "characters and/or the following: +=,.@_-"};
}

template <class Item, class Response>
Result<Response> listed(services::Page<Item> page, std::optional<std::vector<Item>> Response::*items) {
  Response response;
  response.*items = std::move(page.items);
  response.is_truncated = page.next_token.has_value();
  response.marker = page.next_token;
  return response;
}

}  // namespace

Role describe(const RoleRow& row) {
  Role role;
  role.path = row.path;
  role.role_name = row.name;
  role.role_id = row.id;
  role.arn = row.arn;
  role.create_date = row.created_at;
  role.assume_role_policy_document = percent_encode(row.assume_role_policy);
  if (!row.description.empty()) role.description = row.description;
  role.max_session_duration = row.max_session_duration_s;
  if (!row.permissions_boundary.empty()) {
    role.permissions_boundary = AttachedPermissionsBoundary{"Policy", row.permissions_boundary};
  }
  return role;
}

RoleRow new_role(Context& context, const std::string& name, const std::string& path) {
  RoleRow row;
  row.name = name;
  row.id = "AROA" + random_alphanumeric(context.ids(), 17);
  row.path = path;
  row.arn = context.settings.global_arn("iam", fmt::format("role{}{}", path, name));
  row.created_at = context.now();
  return row;
}

Result<CreateRoleResponse> create_role(Context& context, const CreateRoleRequest& input) {
  const std::string name = input.role_name.value_or("");
  if (auto named = check_role_name(name); !named) return named.error();
  if (context.store.find<RoleRow>(name)) {
    return Error{"EntityAlreadyExistsException", fmt::format("Role with name {} already exists.", name)};
  }
  const std::string document = input.assume_role_policy_document.value_or("");
  if (auto checked = check_policy_document(document); !checked) return checked.error();
  RoleRow row = new_role(context, name, input.path.value_or("/"));
  row.assume_role_policy = document;
  row.permissions_boundary = input.permissions_boundary.value_or("");
  if (!row.permissions_boundary.empty() && !is_policy(context.store, row.permissions_boundary)) {
    return no_such_policy(row.permissions_boundary);
  }
  row.description = input.description.value_or("");
  row.max_session_duration_s = static_cast<int>(input.max_session_duration.value_or(3600));
  row.tags = input.tags.value_or(std::vector<Tag>{});
  CreateRoleResponse response;
  response.role = describe(row);
  response.role->tags = input.tags;
  context.store.put(std::move(row));
  return response;
}

Result<GetRoleResponse> get_role(Context& context, const GetRoleRequest& input) {
  auto row = read_role(context, input.role_name);
  if (!row) return row.error();
  GetRoleResponse response;
  response.role = describe(**row);
  if (!(*row)->tags.empty()) response.role->tags = (*row)->tags;
  response.role->role_last_used.emplace();
  return response;
}

Result<ListRolesResponse> list_roles(Context& context, const ListRolesRequest& input) {
  std::vector<Role> roles;
  for (const auto& [name, row] : context.store.all<RoleRow>()) {
    if (row.path.starts_with(input.path_prefix.value_or("/"))) roles.push_back(describe(row));
  }
  auto page = services::page_of(
      std::move(roles), input.marker, input.max_items.value_or(page_items_default),
      [](const Role& role) { return *role.role_name; }, bad_marker);
  if (!page) return page.error();
  return listed(std::move(*page), &ListRolesResponse::roles);
}

Result<UpdateRoleResponse> update_role(Context& context, const UpdateRoleRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  if (input.description) (*row)->description = *input.description;
  if (input.max_session_duration)
    (*row)->max_session_duration_s = static_cast<int>(*input.max_session_duration);
  return UpdateRoleResponse{};
}

Result<UpdateRoleDescriptionResponse> update_role_description(Context& context,
                                                              const UpdateRoleDescriptionRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  (*row)->description = input.description.value_or("");
  return UpdateRoleDescriptionResponse{describe(**row)};
}

Result<PutRolePermissionsBoundaryOutput> put_role_permissions_boundary(
    Context& context, const PutRolePermissionsBoundaryRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  const std::string arn = input.permissions_boundary.value_or("");
  if (!is_policy(context.store, arn)) return no_such_policy(arn);
  (*row)->permissions_boundary = arn;
  return PutRolePermissionsBoundaryOutput{};
}

Result<DeleteRolePermissionsBoundaryOutput> delete_role_permissions_boundary(
    Context& context, const DeleteRolePermissionsBoundaryRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  (*row)->permissions_boundary.clear();
  return DeleteRolePermissionsBoundaryOutput{};
}

Result<UpdateAssumeRolePolicyOutput> update_assume_role_policy(Context& context,
                                                               const UpdateAssumeRolePolicyRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  const std::string document = input.policy_document.value_or("");
  if (auto checked = check_policy_document(document); !checked) return checked.error();
  (*row)->assume_role_policy = document;
  return UpdateAssumeRolePolicyOutput{};
}

Result<DeleteRoleOutput> delete_role(Context& context, const DeleteRoleRequest& input) {
  auto row = read_role(context, input.role_name);
  if (!row) return row.error();
  if (!(*row)->attached_policies.empty()) {
    return Error{"DeleteConflictException", "Cannot delete entity, must detach all policies first."};
  }
  if (!(*row)->inline_policies.empty()) {
    return Error{"DeleteConflictException", "Cannot delete entity, must delete policies first."};
  }
  if (is_in_instance_profile(context.store, *input.role_name)) {
    return Error{"DeleteConflictException",
                 "Cannot delete entity, must remove roles from instance profile first."};
  }
  context.store.erase<RoleRow>(*input.role_name);
  return DeleteRoleOutput{};
}

Result<PutRolePolicyOutput> put_role_policy(Context& context, const PutRolePolicyRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  const std::string document = input.policy_document.value_or("");
  if (auto checked = check_policy_document(document); !checked) return checked.error();
  (*row)->inline_policies[input.policy_name.value_or("")] = document;
  return PutRolePolicyOutput{};
}

Result<GetRolePolicyResponse> get_role_policy(Context& context, const GetRolePolicyRequest& input) {
  auto row = read_role(context, input.role_name);
  if (!row) return row.error();
  const auto found = (*row)->inline_policies.find(input.policy_name.value_or(""));
  if (found == (*row)->inline_policies.end()) {
    return Error{"NoSuchEntityException", fmt::format("The role policy with name {} cannot be found.",
                                                      input.policy_name.value_or(""))};
  }
  return GetRolePolicyResponse{(*row)->name, found->first, percent_encode(found->second)};
}

Result<ListRolePoliciesResponse> list_role_policies(Context& context, const ListRolePoliciesRequest& input) {
  auto row = read_role(context, input.role_name);
  if (!row) return row.error();
  std::vector<std::string> names;
  for (const auto& [name, document] : (*row)->inline_policies) names.push_back(name);
  auto page = services::page_of(
      std::move(names), input.marker, input.max_items.value_or(page_items_default),
      [](const std::string& name) { return name; }, bad_marker);
  if (!page) return page.error();
  return listed(std::move(*page), &ListRolePoliciesResponse::policy_names);
}

Result<DeleteRolePolicyOutput> delete_role_policy(Context& context, const DeleteRolePolicyRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  if ((*row)->inline_policies.erase(input.policy_name.value_or("")) == 0) {
    return Error{"NoSuchEntityException", fmt::format("The role policy with name {} cannot be found.",
                                                      input.policy_name.value_or(""))};
  }
  return DeleteRolePolicyOutput{};
}

Result<AttachRolePolicyOutput> attach_role_policy(Context& context, const AttachRolePolicyRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  const std::string arn = input.policy_arn.value_or("");
  if (!is_policy(context.store, arn)) return no_such_policy(arn);
  auto& attached = (*row)->attached_policies;
  if (std::find(attached.begin(), attached.end(), arn) == attached.end()) attached.push_back(arn);
  return AttachRolePolicyOutput{};
}

Result<DetachRolePolicyOutput> detach_role_policy(Context& context, const DetachRolePolicyRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  if (std::erase((*row)->attached_policies, input.policy_arn.value_or("")) == 0) {
    return Error{"NoSuchEntityException",
                 fmt::format("Policy {} was not found.", input.policy_arn.value_or(""))};
  }
  return DetachRolePolicyOutput{};
}

Result<ListAttachedRolePoliciesResponse> list_attached_role_policies(
    Context& context, const ListAttachedRolePoliciesRequest& input) {
  auto row = read_role(context, input.role_name);
  if (!row) return row.error();
  std::vector<AttachedPolicy> attached;
  for (const auto& arn : (*row)->attached_policies) attached.push_back({std::string(last_part(arn)), arn});
  auto page = services::page_of(
      std::move(attached), input.marker, input.max_items.value_or(page_items_default),
      [](const AttachedPolicy& policy) { return *policy.policy_arn; }, bad_marker);
  if (!page) return page.error();
  return listed(std::move(*page), &ListAttachedRolePoliciesResponse::attached_policies);
}

Result<TagRoleOutput> tag_role(Context& context, const TagRoleRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  services::merge_tags((*row)->tags, input.tags.value_or(std::vector<Tag>{}));
  return TagRoleOutput{};
}

Result<UntagRoleOutput> untag_role(Context& context, const UntagRoleRequest& input) {
  auto row = edit_role(context, input.role_name);
  if (!row) return row.error();
  services::remove_tags((*row)->tags, input.tag_keys.value_or(std::vector<std::string>{}));
  return UntagRoleOutput{};
}

Result<ListRoleTagsResponse> list_role_tags(Context& context, const ListRoleTagsRequest& input) {
  auto row = read_role(context, input.role_name);
  if (!row) return row.error();
  ListRoleTagsResponse response;
  response.tags = (*row)->tags;
  response.is_truncated = false;
  return response;
}

Result<GetUserResponse> get_user(Context& context, const GetUserRequest& input) {
  if (input.user_name) {
    return Error{"NoSuchEntityException",
                 fmt::format("The user with name {} cannot be found.", *input.user_name)};
  }
  User user;
  user.path = "/";
  user.user_name = "root";
  user.user_id = context.settings.account;
  user.arn = context.settings.global_arn("iam", "root");
  user.create_date = Time{};
  return GetUserResponse{user};
}

}  // namespace berth::iam
