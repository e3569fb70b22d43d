// AWS::EC2::VPCGatewayAttachment. Ref: `IGW|<vpc id>`.
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

class VpcGatewayAttachment final : public TableType {
 public:
  VpcGatewayAttachment()
      : TableType("AWS::EC2::VPCGatewayAttachment", {{"VpcId", true, replaces, as_text},
                                                     {"InternetGatewayId", false, in_place, as_text},
                                                     {"VpnGatewayId", false, in_place, as_text}}) {}

  Result<> check(const json::object& properties) const override {
    if (auto table = TableType::check(properties); !table) return table;
    if (has_property(properties, "VpnGatewayId")) {
      return Error{"ValidationError", "#/VpnGatewayId: berth has no VPN gateways"};
    }
    return {};
  }

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::AttachInternetGatewayRequest>(resource.properties);
    if (!request) return request.error();
    if (auto attached = ec2::attach_internet_gateway(context.context, *request); !attached)
      return attached.error();
    return Created{"IGW|" + text_property(resource.properties, "VpcId")};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (auto removed = remove(context, resource); !removed) return removed;
    auto request = request_of<ec2::AttachInternetGatewayRequest>(properties);
    if (!request) return request.error();
    return done(ec2::attach_internet_gateway(context.context, *request));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::DetachInternetGatewayRequest>(resource.properties);
    if (!request) return request.error();
    return ignoring(ec2::detach_internet_gateway(context.context, *request),
                    {"InvalidInternetGatewayID.NotFound", "Gateway.NotAttached", "InvalidVpcID.NotFound"});
  }
};

}  // namespace

types::Made types::ec2_vpc_gateway_attachment() {
  return std::make_unique<VpcGatewayAttachment>();
}

}  // namespace berth::cfn
