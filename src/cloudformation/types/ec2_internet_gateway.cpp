// AWS::EC2::InternetGateway. Ref: the id.
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

class InternetGateway final : public TableType {
 public:
  InternetGateway() : TableType("AWS::EC2::InternetGateway", {{"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    ec2::CreateInternetGatewayRequest request;
    request.tag_specifications = ec2_tags(context, resource.properties, "internet-gateway");
    auto created = ec2::create_internet_gateway(context.context, request);
    if (!created) return created.error();
    return Created{*created->internet_gateway->internet_gateway_id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    return retag(context, resource, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DeleteInternetGatewayRequest request;
    request.internet_gateway_id = resource.physical_id;
    return ignoring(ec2::delete_internet_gateway(context.context, request),
                    {"InvalidInternetGatewayID.NotFound"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "InternetGatewayId") return std::nullopt;
    return json::string(resource.physical_id);
  }
};

}  // namespace

types::Made types::ec2_internet_gateway() {
  return std::make_unique<InternetGateway>();
}

}  // namespace berth::cfn
