// AWS::IAM::Role. Ref: the name; GetAtt Arn, RoleId.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/iam.h"
#include "services/iam/rows.h"

namespace berth::cfn {
namespace {

constexpr std::size_t role_name_characters_max = 64;

class Role final : public TableType {
 public:
  Role()
      : TableType("AWS::IAM::Role", {{"RoleName", false, replaces, as_text},
                                     {"Path", false, replaces, as_text},
                                     {"AssumeRolePolicyDocument", true, in_place, as_document},
                                     {"Description", false, in_place, as_text},
                                     {"ManagedPolicyArns", false, in_place, as_list},
                                     {"MaxSessionDuration", false, in_place, as_integer},
                                     {"PermissionsBoundary", false, in_place, as_text},
                                     {"Policies", false, in_place, as_list},
                                     {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<iam::CreateRoleRequest>(
        renamed(resource.properties, {{"Tags", ""}, {"Policies", ""}, {"ManagedPolicyArns", ""}}));
    if (!request) return request.error();
    if (!request->role_name) request->role_name = context.generated_name(resource, role_name_characters_max);
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request->tags = tag_structs<iam::Tag>(tags);
    }
    if (auto created = iam::create_role(context.context, *request); !created) return created.error();
    if (auto put = put_policies(context, *request->role_name, {}, resource.properties); !put)
      return put.error();
    return Created{*request->role_name};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    iam::UpdateAssumeRolePolicyRequest trust;
    trust.role_name = resource.physical_id;
    trust.policy_document = text_property(properties, "AssumeRolePolicyDocument");
    if (auto updated = iam::update_assume_role_policy(context.context, trust); !updated)
      return updated.error();
    auto request = request_of<iam::UpdateRoleRequest>(renamed(properties, {{"Tags", ""},
                                                                           {"Policies", ""},
                                                                           {"ManagedPolicyArns", ""},
                                                                           {"Path", ""},
                                                                           {"AssumeRolePolicyDocument", ""},
                                                                           {"PermissionsBoundary", ""}}));
    if (!request) return request.error();
    request->role_name = resource.physical_id;
    if (auto updated = iam::update_role(context.context, *request); !updated) return updated.error();
    if (auto bounded = put_boundary(context, resource, properties); !bounded) return bounded;
    const auto change = tag_change(context, resource, properties);
    if (auto tagged = retag_role(context, resource.physical_id, change); !tagged) return tagged;
    return put_policies(context, resource.physical_id, resource.properties, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    const auto* row = context.context.store.find<iam::RoleRow>(resource.physical_id);
    if (!row) return {};
    if (auto removed = put_policies(context, resource.physical_id, resource.properties, {}); !removed)
      return removed;
    iam::DeleteRoleRequest request;
    request.role_name = resource.physical_id;
    return done(iam::delete_role(context.context, request));
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto* row = context.context.store.find<iam::RoleRow>(resource.physical_id);
    if (!row) return std::nullopt;
    if (name == "Arn") return json::string(row->arn);
    if (name == "RoleId") return json::string(row->id);
    return std::nullopt;
  }

 private:
  static Result<> put_boundary(TypeContext& context, const ResourceView& resource,
                               const json::object& properties) {
    const std::string arn = text_property(properties, "PermissionsBoundary");
    if (arn == text_property(resource.properties, "PermissionsBoundary")) return {};
    if (arn.empty())
      return done(iam::delete_role_permissions_boundary(context.context, {resource.physical_id}));
    return done(iam::put_role_permissions_boundary(context.context, {resource.physical_id, arn}));
  }

  static std::map<std::string, std::string> inline_policies(const json::object& properties) {
    std::map<std::string, std::string> policies;
    const auto* list = properties.if_contains("Policies");
    if (!list || !list->is_array()) return policies;
    for (const auto& policy : list->get_array()) {
      if (policy.is_object()) {
        policies[string_or(policy, "PolicyName")] = text_property(policy.get_object(), "PolicyDocument");
      }
    }
    return policies;
  }

  static std::vector<std::string> managed_policies(const json::object& properties) {
    std::vector<std::string> arns;
    const auto* list = properties.if_contains("ManagedPolicyArns");
    if (!list || !list->is_array()) return arns;
    for (const auto& arn : list->get_array()) {
      if (const auto* text = arn.if_string()) arns.emplace_back(text->data(), text->size());
    }
    return arns;
  }

  // Makes the role's policies those of `wanted`, of which it has those of `before`.
  static Result<> put_policies(TypeContext& context, const std::string& role, const json::object& before,
                               const json::object& wanted) {
    const auto policies = inline_policies(wanted);
    for (const auto& [name, document] : inline_policies(before)) {
      if (policies.contains(name)) continue;
      iam::DeleteRolePolicyRequest request{role, name};
      auto deleted = ignoring(iam::delete_role_policy(context.context, request), {"NoSuchEntityException"});
      if (!deleted) return deleted;
    }
    for (const auto& [name, document] : policies) {
      iam::PutRolePolicyRequest request{role, name, document};
      if (auto put = iam::put_role_policy(context.context, request); !put) return put.error();
    }
    const auto arns = managed_policies(wanted);
    for (const auto& arn : managed_policies(before)) {
      if (std::find(arns.begin(), arns.end(), arn) != arns.end()) continue;
      iam::DetachRolePolicyRequest request{role, arn};
      auto detached = ignoring(iam::detach_role_policy(context.context, request), {"NoSuchEntityException"});
      if (!detached) return detached;
    }
    for (const auto& arn : arns) {
      iam::AttachRolePolicyRequest request{role, arn};
      if (auto attached = iam::attach_role_policy(context.context, request); !attached)
        return attached.error();
    }
    return {};
  }
};

}  // namespace

types::Made types::iam_role() {
  return std::make_unique<Role>();
}

}  // namespace berth::cfn
