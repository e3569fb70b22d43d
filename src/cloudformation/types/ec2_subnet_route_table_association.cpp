// AWS::EC2::SubnetRouteTableAssociation. Ref: the association's id.
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

class SubnetRouteTableAssociation final : public TableType {
 public:
  SubnetRouteTableAssociation()
      : TableType("AWS::EC2::SubnetRouteTableAssociation",
                  {{"SubnetId", true, replaces, as_text}, {"RouteTableId", true, replaces, as_text}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::AssociateRouteTableRequest>(resource.properties);
    if (!request) return request.error();
    auto associated = ec2::associate_route_table(context.context, *request);
    if (!associated) return associated.error();
    return Created{*associated->association_id};
  }

  Result<> update(TypeContext&, const ResourceView&, const json::object&) override { return {}; }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DisassociateRouteTableRequest request;
    request.association_id = resource.physical_id;
    return ignoring(ec2::disassociate_route_table(context.context, request),
                    {"InvalidAssociationID.NotFound"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Id") return std::nullopt;
    return json::string(resource.physical_id);
  }
};

}  // namespace

types::Made types::ec2_subnet_route_table_association() {
  return std::make_unique<SubnetRouteTableAssociation>();
}

}  // namespace berth::cfn
