// AWS::EC2::Route. Ref: `<route table id>|<destination>`.
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

class Route final : public TableType {
 public:
  Route()
      : TableType("AWS::EC2::Route", {{"RouteTableId", true, replaces, as_text},
                                      {"DestinationCidrBlock", false, replaces, as_text},
                                      {"DestinationIpv6CidrBlock", false, replaces, as_text},
                                      {"GatewayId", false, in_place, as_text},
                                      {"NatGatewayId", false, in_place, as_text}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::CreateRouteRequest>(resource.properties);
    if (!request) return request.error();
    if (auto created = ec2::create_route(context.context, *request); !created) return created.error();
    return Created{text_property(resource.properties, "RouteTableId") + "|" +
                   text_property(resource.properties, "DestinationCidrBlock")};
  }

  Result<> update(TypeContext& context, const ResourceView&, const json::object& properties) override {
    auto request = request_of<ec2::ReplaceRouteRequest>(properties);
    if (!request) return request.error();
    return done(ec2::replace_route(context.context, *request));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::DeleteRouteRequest>(
        renamed(resource.properties, {{"GatewayId", ""}, {"NatGatewayId", ""}}));
    if (!request) return request.error();
    return ignoring(ec2::delete_route(context.context, *request),
                    {"InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "CidrBlock") return std::nullopt;
    return json::string(text_property(resource.properties, "DestinationCidrBlock"));
  }
};

}  // namespace

types::Made types::ec2_route() {
  return std::make_unique<Route>();
}

}  // namespace berth::cfn
