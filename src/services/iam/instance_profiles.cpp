// IAM instance profiles.
#include <fmt/format.h>

#include <algorithm>

#include "handlers/iam.h"
#include "services/iam/documents.h"
#include "services/iam/roles.h"
#include "services/iam/rows.h"
#include "services/lists.h"

namespace berth::iam {
namespace {

InstanceProfile describe_profile(const Store& store, const InstanceProfileRow& row) {
  InstanceProfile profile;
  profile.path = row.path;
  profile.instance_profile_name = row.name;
  profile.instance_profile_id = row.id;
  profile.arn = row.arn;
  profile.create_date = row.created_at;
  profile.roles.emplace();
  if (const auto* role = store.find<RoleRow>(row.role)) profile.roles->push_back(describe(*role));
  return profile;
}

Error no_such_profile(const std::string& name) {
  return {"NoSuchEntityException", fmt::format("Instance Profile {} cannot be found.", name)};
}

Result<InstanceProfileRow*> edit_profile(Context& context, const std::optional<std::string>& name) {
  auto* row = context.store.edit<InstanceProfileRow>(name.value_or(""));
  if (!row) return no_such_profile(name.value_or(""));
  return row;
}

template <class Response, class Wanted>
Result<Response> list_profiles(Context& context, const std::optional<std::string>& marker,
                               const std::optional<std::int64_t>& max_items, Wanted wanted) {
  std::vector<InstanceProfile> profiles;
  for (const auto& [name, row] : context.store.all<InstanceProfileRow>()) {
    if (wanted(row)) profiles.push_back(describe_profile(context.store, row));
  }
  auto page = services::page_of(
      std::move(profiles), marker, max_items.value_or(page_items_default),
      [](const InstanceProfile& profile) { return *profile.instance_profile_name; }, bad_marker);
  if (!page) return page.error();
  Response response;
  response.instance_profiles = std::move(page->items);
  response.is_truncated = page->next_token.has_value();
  response.marker = page->next_token;
  return response;
}

}  // namespace

bool is_in_instance_profile(const Store& store, const std::string& role) {
  const auto& rows = store.all<InstanceProfileRow>();
  return std::any_of(rows.begin(), rows.end(), [&](const auto& entry) { return entry.second.role == role; });
}

Result<CreateInstanceProfileResponse> create_instance_profile(Context& context,
                                                              const CreateInstanceProfileRequest& input) {
  const std::string& name = *input.instance_profile_name;
  if (context.store.find<InstanceProfileRow>(name)) {
    return Error{"EntityAlreadyExistsException", fmt::format("Instance Profile {} already exists.", name)};
  }
  InstanceProfileRow row;
  row.name = name;
  row.id = "AIPA" + random_alphanumeric(context.ids(), 17);
  row.path = input.path.value_or("/");
  row.arn = context.settings.global_arn("iam", fmt::format("instance-profile{}{}", row.path, name));
  row.tags = services::list_of(input.tags);
  row.created_at = context.now();
  CreateInstanceProfileResponse response;
  response.instance_profile = describe_profile(context.store, row);
  if (!row.tags.empty()) response.instance_profile->tags = row.tags;
  context.store.put(std::move(row));
  return response;
}

Result<GetInstanceProfileResponse> get_instance_profile(Context& context,
                                                        const GetInstanceProfileRequest& input) {
  const auto* row = context.store.find<InstanceProfileRow>(*input.instance_profile_name);
  if (!row) return no_such_profile(*input.instance_profile_name);
  GetInstanceProfileResponse response;
  response.instance_profile = describe_profile(context.store, *row);
  if (!row->tags.empty()) response.instance_profile->tags = row->tags;
  return response;
}

Result<DeleteInstanceProfileOutput> delete_instance_profile(Context& context,
                                                            const DeleteInstanceProfileRequest& input) {
  auto row = edit_profile(context, input.instance_profile_name);
  if (!row) return row.error();
  if (!(*row)->role.empty()) {
    return Error{"DeleteConflictException",
                 "Cannot delete entity, must remove roles from instance profile first."};
  }
  context.store.erase<InstanceProfileRow>(*input.instance_profile_name);
  return DeleteInstanceProfileOutput{};
}

Result<ListInstanceProfilesResponse> list_instance_profiles(Context& context,
                                                            const ListInstanceProfilesRequest& input) {
  return list_profiles<ListInstanceProfilesResponse>(
      context, input.marker, input.max_items,
      [&](const auto& row) { return row.path.starts_with(input.path_prefix.value_or("/")); });
}

Result<ListInstanceProfilesForRoleResponse> list_instance_profiles_for_role(
    Context& context, const ListInstanceProfilesForRoleRequest& input) {
  if (!context.store.find<RoleRow>(*input.role_name)) return no_such_role(*input.role_name);
  return list_profiles<ListInstanceProfilesForRoleResponse>(
      context, input.marker, input.max_items, [&](const auto& row) { return row.role == *input.role_name; });
}

Result<AddRoleToInstanceProfileOutput> add_role_to_instance_profile(
    Context& context, const AddRoleToInstanceProfileRequest& input) {
  auto row = edit_profile(context, input.instance_profile_name);
  if (!row) return row.error();
  if (!context.store.find<RoleRow>(*input.role_name)) return no_such_role(*input.role_name);
  if (!(*row)->role.empty()) {
    return Error{"LimitExceededException", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"};
  }
  (*row)->role = *input.role_name;
  return AddRoleToInstanceProfileOutput{};
}

Result<RemoveRoleFromInstanceProfileOutput> remove_role_from_instance_profile(
    Context& context, const RemoveRoleFromInstanceProfileRequest& input) {
  auto row = edit_profile(context, input.instance_profile_name);
  if (!row) return row.error();
  if ((*row)->role != *input.role_name) return no_such_role(*input.role_name);
  (*row)->role.clear();
  return RemoveRoleFromInstanceProfileOutput{};
}

}  // namespace berth::iam
