// AWS::IAM::ManagedPolicy. Ref: the ARN.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/iam.h"
#include "services/iam/rows.h"

namespace berth::cfn {
namespace {

class ManagedPolicy final : public TableType {
 public:
  ManagedPolicy()
      : TableType("AWS::IAM::ManagedPolicy", {{"ManagedPolicyName", false, replaces, as_text},
                                              {"Path", false, replaces, as_text},
                                              {"Description", false, replaces, as_text},
                                              {"PolicyDocument", true, in_place, as_document},
                                              {"Roles", false, in_place, as_list},
                                              {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<iam::CreatePolicyRequest>(
        renamed(resource.properties, {{"Tags", ""}, {"Roles", ""}, {"ManagedPolicyName", "PolicyName"}}),
        {{"ManagedPolicyName", "PolicyName"}});
    if (!request) return request.error();
    if (!request->policy_name) request->policy_name = context.generated_name(resource, 128);
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request->tags = tag_structs<iam::Tag>(tags);
    }
    auto created = iam::create_policy(context.context, *request);
    if (!created) return created.error();
    const std::string arn = *created->policy->arn;
    if (auto attached = attach(context, arn, resource.properties); !attached) return attached.error();
    return Created{arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    auto* row = context.context.store.edit<iam::PolicyRow>(resource.physical_id);
    if (!row) return Error{"NoSuchEntityException", "The policy is gone."};
    // One version is kept, as CloudFormation does when it has made five.
    row->versions = {
        {row->default_version, text_property(properties, "PolicyDocument"), context.context.now()}};
    row->updated_at = context.context.now();
    const auto change = tag_change(context, resource, properties);
    if (auto tagged = retag_policy(context, resource.physical_id, change); !tagged) return tagged;
    if (auto detached = detach(context, resource); !detached) return detached;
    return attach(context, resource.physical_id, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    if (auto detached = detach(context, resource); !detached) return detached;
    iam::DeletePolicyRequest request;
    request.policy_arn = resource.physical_id;
    return ignoring(iam::delete_policy(context.context, request), {"NoSuchEntityException"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "PolicyArn") return std::nullopt;
    return json::string(resource.physical_id);
  }

 private:
  template <class Change>
  static Result<> for_each_role(const json::object& properties, Change change) {
    const auto* list = properties.if_contains("Roles");
    if (!list || !list->is_array()) return {};
    for (const auto& role : list->get_array()) {
      const auto* name = role.if_string();
      if (!name) continue;
      if (Result<> changed = change(std::string(name->data(), name->size())); !changed) return changed;
    }
    return {};
  }

  static Result<> attach(TypeContext& context, const std::string& arn, const json::object& properties) {
    return for_each_role(properties, [&](const std::string& role) {
      return done(iam::attach_role_policy(context.context, {role, arn}));
    });
  }

  static Result<> detach(TypeContext& context, const ResourceView& resource) {
    return for_each_role(resource.properties, [&](const std::string& role) {
      return ignoring(iam::detach_role_policy(context.context, {role, resource.physical_id}),
                      {"NoSuchEntityException"});
    });
  }
};

}  // namespace

types::Made types::iam_managed_policy() {
  return std::make_unique<ManagedPolicy>();
}

}  // namespace berth::cfn
