// AWS::EC2::NatGateway. Ref: the id.
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"
#include "services/ec2/rows.h"

namespace berth::cfn {
namespace {

class NatGateway final : public TableType {
 public:
  NatGateway()
      : TableType("AWS::EC2::NatGateway", {{"SubnetId", true, replaces, as_text},
                                           {"AllocationId", false, replaces, as_text},
                                           {"ConnectivityType", false, replaces, as_text},
                                           {"PrivateIpAddress", false, replaces, as_text},
                                           {"MaxDrainDurationSeconds", false, in_place, as_integer},
                                           {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::CreateNatGatewayRequest>(
        renamed(resource.properties, {{"Tags", ""}, {"MaxDrainDurationSeconds", ""}}));
    if (!request) return request.error();
    request->tag_specifications = ec2_tags(context, resource.properties, "natgateway");
    auto created = ec2::create_nat_gateway(context.context, *request);
    if (!created) return created.error();
    return Created{*created->nat_gateway->nat_gateway_id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    return retag(context, resource, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DeleteNatGatewayRequest request;
    request.nat_gateway_id = resource.physical_id;
    return ignoring(ec2::delete_nat_gateway(context.context, request), {"NatGatewayNotFound"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto* row = context.context.store.find<ec2::NatGatewayRow>(resource.physical_id);
    if (name == "NatGatewayId") return json::string(resource.physical_id);
    if (name != "EniId" || !row) return std::nullopt;
    return json::string(row->description.nat_gateway_addresses->front().network_interface_id.value_or(""));
  }
};

}  // namespace

types::Made types::ec2_nat_gateway() {
  return std::make_unique<NatGateway>();
}

}  // namespace berth::cfn
