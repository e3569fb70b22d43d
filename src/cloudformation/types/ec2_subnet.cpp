// AWS::EC2::Subnet. Ref: the id; GetAtt SubnetId, AvailabilityZone, VpcId, CidrBlock.
#include "base/text.h"
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"
#include "services/ec2/networking.h"

namespace berth::cfn {
namespace {

class Subnet final : public TableType {
 public:
  Subnet()
      : TableType("AWS::EC2::Subnet", {{"VpcId", true, replaces, as_text},
                                       {"CidrBlock", false, replaces, as_text},
                                       {"AvailabilityZone", false, replaces, as_text},
                                       {"AvailabilityZoneId", false, replaces, as_text},
                                       {"MapPublicIpOnLaunch", false, in_place, as_boolean},
                                       {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::CreateSubnetRequest>(
        renamed(resource.properties, {{"Tags", ""}, {"MapPublicIpOnLaunch", ""}}));
    if (!request) return request.error();
    request->tag_specifications = ec2_tags(context, resource.properties, "subnet");
    auto created = ec2::create_subnet(context.context, *request);
    if (!created) return created.error();
    const std::string id = *created->subnet->subnet_id;
    if (auto set = set_public(context, id, resource.properties); !set) return set.error();
    return Created{id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (auto set = set_public(context, resource.physical_id, properties); !set) return set;
    return retag(context, resource, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DeleteSubnetRequest request;
    request.subnet_id = resource.physical_id;
    return ignoring(ec2::delete_subnet(context.context, request), {"InvalidSubnetID.NotFound"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto subnet = ec2::find_subnet(context.context.store, resource.physical_id);
    if (!subnet) return std::nullopt;
    if (name == "SubnetId") return json::string(subnet->id);
    if (name == "AvailabilityZone") return json::string(subnet->availability_zone);
    if (name == "VpcId") return json::string(subnet->vpc_id);
    if (name == "CidrBlock") return json::string(subnet->cidr);
    return std::nullopt;
  }

 private:
  static Result<> set_public(TypeContext& context, const std::string& subnet_id,
                             const json::object& properties) {
    if (!has_property(properties, "MapPublicIpOnLaunch")) return {};
    ec2::ModifySubnetAttributeRequest request;
    request.subnet_id = subnet_id;
    request.map_public_ip_on_launch.emplace().value =
        equal_ignoring_case(text_property(properties, "MapPublicIpOnLaunch"), "true");
    return done(ec2::modify_subnet_attribute(context.context, request));
  }
};

}  // namespace

types::Made types::ec2_subnet() {
  return std::make_unique<Subnet>();
}

}  // namespace berth::cfn
