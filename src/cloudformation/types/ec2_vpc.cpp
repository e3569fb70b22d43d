// AWS::EC2::VPC. Ref: the id; GetAtt VpcId, CidrBlock, DefaultSecurityGroup, DefaultNetworkAcl.
#include "base/text.h"
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

class Vpc final : public TableType {
 public:
  Vpc()
      : TableType("AWS::EC2::VPC", {{"CidrBlock", false, replaces, as_text},
                                    {"InstanceTenancy", false, RequiresRecreation::conditionally, as_text},
                                    {"EnableDnsSupport", false, in_place, as_boolean},
                                    {"EnableDnsHostnames", false, in_place, as_boolean},
                                    {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::CreateVpcRequest>(
        renamed(resource.properties, {{"Tags", ""}, {"EnableDnsSupport", ""}, {"EnableDnsHostnames", ""}}));
    if (!request) return request.error();
    request->tag_specifications = ec2_tags(context, resource.properties, "vpc");
    auto created = ec2::create_vpc(context.context, *request);
    if (!created) return created.error();
    const std::string id = *created->vpc->vpc_id;
    if (auto set = set_dns(context, id, resource.properties); !set) return set.error();
    return Created{id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (auto set = set_dns(context, resource.physical_id, properties); !set) return set;
    return retag(context, resource, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DeleteVpcRequest request;
    request.vpc_id = resource.physical_id;
    return ignoring(ec2::delete_vpc(context.context, request), {"InvalidVpcID.NotFound"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "VpcId") return json::string(resource.physical_id);
    if (name == "CidrBlock") return json::string(text_property(resource.properties, "CidrBlock"));
    if (name == "DefaultSecurityGroup") return default_security_group(context, resource.physical_id);
    if (name == "DefaultNetworkAcl") return default_network_acl(context, resource.physical_id);
    return std::nullopt;
  }

 private:
  static ec2::Filter filter(const char* name, const std::string& value) {
    ec2::Filter out;
    out.name = name;
    out.values = {value};
    return out;
  }

  static std::optional<json::value> default_security_group(TypeContext& context, const std::string& vpc_id) {
    ec2::DescribeSecurityGroupsRequest request;
    request.filters = {filter("vpc-id", vpc_id), filter("group-name", "default")};
    auto found = ec2::describe_security_groups(context.context, request);
    if (!found || !found->security_groups || found->security_groups->empty()) return std::nullopt;
    return json::string(found->security_groups->front().group_id.value_or(""));
  }

  static std::optional<json::value> default_network_acl(TypeContext& context, const std::string& vpc_id) {
    ec2::DescribeNetworkAclsRequest request;
    request.filters = {filter("vpc-id", vpc_id), filter("default", "true")};
    auto found = ec2::describe_network_acls(context.context, request);
    if (!found || !found->network_acls || found->network_acls->empty()) return std::nullopt;
    return json::string(found->network_acls->front().network_acl_id.value_or(""));
  }

  static Result<> set_dns(TypeContext& context, const std::string& vpc_id, const json::object& properties) {
    const auto set =
        [&](const char* property,
            std::optional<ec2::AttributeBooleanValue> ec2::ModifyVpcAttributeRequest::*member) -> Result<> {
      if (!has_property(properties, property)) return {};
      ec2::ModifyVpcAttributeRequest request;
      request.vpc_id = vpc_id;
      (request.*member).emplace().value = equal_ignoring_case(text_property(properties, property), "true");
      return done(ec2::modify_vpc_attribute(context.context, request));
    };
    if (auto support = set("EnableDnsSupport", &ec2::ModifyVpcAttributeRequest::enable_dns_support);
        !support) {
      return support;
    }
    return set("EnableDnsHostnames", &ec2::ModifyVpcAttributeRequest::enable_dns_hostnames);
  }
};

}  // namespace

types::Made types::ec2_vpc() {
  return std::make_unique<Vpc>();
}

}  // namespace berth::cfn
