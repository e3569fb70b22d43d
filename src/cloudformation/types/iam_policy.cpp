// AWS::IAM::Policy: an inline policy put into the roles it names. Ref: its id.
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/iam.h"

namespace berth::cfn {
namespace {

class Policy final : public TableType {
 public:
  Policy()
      : TableType("AWS::IAM::Policy", {{"PolicyName", true, in_place, as_text},
                                       {"PolicyDocument", true, in_place, as_document},
                                       {"Roles", false, in_place, as_list},
                                       {"Users", false, in_place, as_list},
                                       {"Groups", false, in_place, as_list}}) {}

  Result<> check(const json::object& properties) const override {
    if (auto table = TableType::check(properties); !table) return table;
    if (has_property(properties, "Users") || has_property(properties, "Groups")) {
      return Error{"ValidationError", "#: berth has no IAM users and groups; put the policy into Roles"};
    }
    return {};
  }

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    if (auto put = put_all(context, resource.properties); !put) return put.error();
    return Created{context.generated_name(resource, 128)};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (auto removed = remove(context, resource); !removed) return removed;
    return put_all(context, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    for (const auto& role : roles_of(resource.properties)) {
      iam::DeleteRolePolicyRequest request{role, text_property(resource.properties, "PolicyName")};
      auto deleted = ignoring(iam::delete_role_policy(context.context, request), {"NoSuchEntityException"});
      if (!deleted) return deleted;
    }
    return {};
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Id") return std::nullopt;
    return json::string(resource.physical_id);
  }

 private:
  static std::vector<std::string> roles_of(const json::object& properties) {
    std::vector<std::string> roles;
    const auto* list = properties.if_contains("Roles");
    if (!list || !list->is_array()) return roles;
    for (const auto& role : list->get_array()) {
      if (const auto* text = role.if_string()) roles.emplace_back(text->data(), text->size());
    }
    return roles;
  }

  static Result<> put_all(TypeContext& context, const json::object& properties) {
    for (const auto& role : roles_of(properties)) {
      iam::PutRolePolicyRequest request{role, text_property(properties, "PolicyName"),
                                        text_property(properties, "PolicyDocument")};
      if (auto put = iam::put_role_policy(context.context, request); !put) return put.error();
    }
    return {};
  }
};

}  // namespace

types::Made types::iam_policy() {
  return std::make_unique<Policy>();
}

}  // namespace berth::cfn
