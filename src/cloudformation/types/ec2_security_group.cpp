// AWS::EC2::SecurityGroup. Ref and GetAtt GroupId: the id; GetAtt VpcId.
#include "cloudformation/types/ec2_permissions.h"
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

constexpr std::pair<const char*, RuleDirection> rule_lists[] = {
    {"SecurityGroupIngress", RuleDirection::ingress}, {"SecurityGroupEgress", RuleDirection::egress}};

class SecurityGroup final : public TableType {
 public:
  SecurityGroup()
      : TableType("AWS::EC2::SecurityGroup", {{"GroupDescription", true, replaces, as_text},
                                              {"GroupName", false, replaces, as_text},
                                              {"VpcId", false, replaces, as_text},
                                              {"SecurityGroupIngress", false, in_place, as_list},
                                              {"SecurityGroupEgress", false, in_place, as_list},
                                              {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    ec2::CreateSecurityGroupRequest request;
    request.description = text_property(resource.properties, "GroupDescription");
    request.group_name = text_property(resource.properties, "GroupName");
    if (request.group_name->empty()) request.group_name = context.generated_name(resource);
    if (has_property(resource.properties, "VpcId"))
      request.vpc_id = text_property(resource.properties, "VpcId");
    request.tag_specifications = ec2_tags(context, resource.properties, "security-group");
    auto created = ec2::create_security_group(context.context, request);
    if (!created) return created.error();
    const std::string id = *created->group_id;
    // AWS: rules for egress in a template take the place of the default one that lets everything out.
    if (has_property(resource.properties, "SecurityGroupEgress")) {
      if (auto revoked = revoke(context, RuleDirection::egress, id, allow_all()); !revoked)
        return revoked.error();
    }
    if (auto put = change_rules(context, id, {}, resource.properties); !put) return put.error();
    return Created{id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (auto changed = change_rules(context, resource.physical_id, resource.properties, properties); !changed)
      return changed;
    return retag(context, resource, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DeleteSecurityGroupRequest request;
    request.group_id = resource.physical_id;
    return ignoring(ec2::delete_security_group(context.context, request), {"InvalidGroup.NotFound"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "GroupId" || name == "Id") return json::string(resource.physical_id);
    if (name == "VpcId") return json::string(text_property(resource.properties, "VpcId"));
    return std::nullopt;
  }

 private:
  static json::object allow_all() { return {{"IpProtocol", "-1"}, {"CidrIp", "0.0.0.0/0"}}; }

  static std::vector<json::object> rules_of(const json::object& properties, const char* list_name) {
    std::vector<json::object> rules;
    const auto* list = properties.if_contains(list_name);
    if (!list || !list->is_array()) return rules;
    for (const auto& rule : list->get_array()) {
      if (rule.is_object()) rules.push_back(rule.get_object());
    }
    return rules;
  }

  static Result<> change_rules(TypeContext& context, const std::string& group_id, const json::object& before,
                               const json::object& wanted) {
    for (const auto& [list, direction] : rule_lists) {
      const auto old_rules = rules_of(before, list);
      const auto new_rules = rules_of(wanted, list);
      for (const auto& rule : old_rules) {
        if (std::find(new_rules.begin(), new_rules.end(), rule) != new_rules.end()) continue;
        if (auto revoked = revoke(context, direction, group_id, rule); !revoked) return revoked;
      }
      for (const auto& rule : new_rules) {
        if (std::find(old_rules.begin(), old_rules.end(), rule) != old_rules.end()) continue;
        if (auto allowed = authorize(context, direction, group_id, rule); !allowed) return allowed;
      }
    }
    return {};
  }
};

}  // namespace

types::Made types::ec2_security_group() {
  return std::make_unique<SecurityGroup>();
}

}  // namespace berth::cfn
