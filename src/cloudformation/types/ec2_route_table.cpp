// AWS::EC2::RouteTable. Ref: the id.
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

class RouteTable final : public TableType {
 public:
  RouteTable()
      : TableType("AWS::EC2::RouteTable",
                  {{"VpcId", true, replaces, as_text}, {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::CreateRouteTableRequest>(renamed(resource.properties, {{"Tags", ""}}));
    if (!request) return request.error();
    request->tag_specifications = ec2_tags(context, resource.properties, "route-table");
    auto created = ec2::create_route_table(context.context, *request);
    if (!created) return created.error();
    return Created{*created->route_table->route_table_id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    return retag(context, resource, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DeleteRouteTableRequest request;
    request.route_table_id = resource.physical_id;
    return ignoring(ec2::delete_route_table(context.context, request), {"InvalidRouteTableID.NotFound"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "RouteTableId") return std::nullopt;
    return json::string(resource.physical_id);
  }
};

}  // namespace

types::Made types::ec2_route_table() {
  return std::make_unique<RouteTable>();
}

}  // namespace berth::cfn
