// AWS::IAM::InstanceProfile. Ref: the name; GetAtt Arn.
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/iam.h"
#include "services/iam/rows.h"

namespace berth::cfn {
namespace {

constexpr std::size_t profile_name_characters_max = 128;

// The one role that IAM lets a profile have.
std::string role_of(const json::object& properties) {
  const auto* roles = properties.if_contains("Roles");
  if (!roles || !roles->is_array() || roles->get_array().empty()) return {};
  const auto* name = roles->get_array()[0].if_string();
  return name ? std::string(*name) : std::string();
}

class InstanceProfile final : public TableType {
 public:
  InstanceProfile()
      : TableType("AWS::IAM::InstanceProfile", {{"Roles", true, in_place, as_list},
                                                {"InstanceProfileName", false, replaces, as_text},
                                                {"Path", false, replaces, as_text}}) {}

  Result<> check(const json::object& properties) const override {
    if (auto checked = TableType::check(properties); !checked) return checked;
    const auto* roles = properties.if_contains("Roles");
    if (!roles->is_array() || roles->get_array().size() == 1) return {};
    return Error{"ValidationError", "#/Roles: expected exactly one item"};
  }

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request =
        request_of<iam::CreateInstanceProfileRequest>(renamed(resource.properties, {{"Roles", ""}}));
    if (!request) return request.error();
    if (!request->instance_profile_name)
      request->instance_profile_name = context.generated_name(resource, profile_name_characters_max);
    const std::string profile = *request->instance_profile_name;
    if (auto created = iam::create_instance_profile(context.context, *request); !created)
      return created.error();
    if (auto added = add(context, profile, role_of(resource.properties)); !added) return added.error();
    return Created{profile};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (auto gone = empty(context, resource.physical_id); !gone) return gone;
    return add(context, resource.physical_id, role_of(properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    if (!context.context.store.find<iam::InstanceProfileRow>(resource.physical_id)) return {};
    if (auto gone = empty(context, resource.physical_id); !gone) return gone;
    iam::DeleteInstanceProfileRequest request;
    request.instance_profile_name = resource.physical_id;
    return done(iam::delete_instance_profile(context.context, request));
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto* row = context.context.store.find<iam::InstanceProfileRow>(resource.physical_id);
    if (row && name == "Arn") return json::string(row->arn);
    return std::nullopt;
  }

 private:
  static Result<> add(TypeContext& context, const std::string& profile, const std::string& role) {
    iam::AddRoleToInstanceProfileRequest request;
    request.instance_profile_name = profile;
    request.role_name = role;
    return done(iam::add_role_to_instance_profile(context.context, request));
  }

  static Result<> empty(TypeContext& context, const std::string& profile) {
    const auto* row = context.context.store.find<iam::InstanceProfileRow>(profile);
    if (!row || row->role.empty()) return {};
    iam::RemoveRoleFromInstanceProfileRequest request;
    request.instance_profile_name = profile;
    request.role_name = row->role;
    return done(iam::remove_role_from_instance_profile(context.context, request));
  }
};

}  // namespace

types::Made types::iam_instance_profile() {
  return std::make_unique<InstanceProfile>();
}

}  // namespace berth::cfn
