// AWS::EC2::SecurityGroupIngress and AWS::EC2::SecurityGroupEgress: one rule of a group that is made
// elsewhere.
#include "cloudformation/types/ec2_permissions.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

class SecurityGroupRule final : public TableType {
 public:
  SecurityGroupRule(std::string_view name, RuleDirection direction, std::vector<Property> properties)
      : TableType(name, std::move(properties)), direction_(direction) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    const std::string group_id = text_property(resource.properties, "GroupId");
    if (auto allowed = authorize(context, direction_, group_id, resource.properties); !allowed)
      return allowed.error();
    return Created{context.generated_name(resource)};
  }

  Result<> update(TypeContext&, const ResourceView&, const json::object&) override { return {}; }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    return revoke(context, direction_, text_property(resource.properties, "GroupId"), resource.properties);
  }

 private:
  RuleDirection direction_;
};

}  // namespace

types::Made types::ec2_security_group_ingress() {
  return std::make_unique<SecurityGroupRule>(
      "AWS::EC2::SecurityGroupIngress", RuleDirection::ingress,
      std::vector<Property>{{"GroupId", true, replaces, as_text},
                            {"IpProtocol", true, replaces, as_text},
                            {"FromPort", false, replaces, as_integer},
                            {"ToPort", false, replaces, as_integer},
                            {"CidrIp", false, replaces, as_text},
                            {"CidrIpv6", false, replaces, as_text},
                            {"SourceSecurityGroupId", false, replaces, as_text},
                            {"Description", false, replaces, as_text}});
}

types::Made types::ec2_security_group_egress() {
  return std::make_unique<SecurityGroupRule>(
      "AWS::EC2::SecurityGroupEgress", RuleDirection::egress,
      std::vector<Property>{{"GroupId", true, replaces, as_text},
                            {"IpProtocol", true, replaces, as_text},
                            {"FromPort", false, replaces, as_integer},
                            {"ToPort", false, replaces, as_integer},
                            {"CidrIp", false, replaces, as_text},
                            {"CidrIpv6", false, replaces, as_text},
                            {"DestinationSecurityGroupId", false, replaces, as_text},
                            {"Description", false, replaces, as_text}});
}

}  // namespace berth::cfn
