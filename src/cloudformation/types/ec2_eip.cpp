// AWS::EC2::EIP. Ref: the public address; GetAtt AllocationId, PublicIp. The physical id is what Ref yields.
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"
#include "services/ec2/rows.h"

namespace berth::cfn {
namespace {

const ec2::ElasticAddressRow* address_with(const TypeContext& context, const std::string& public_ip) {
  for (const auto& [id, row] : context.context.store.all<ec2::ElasticAddressRow>()) {
    if (row.description.public_ip == public_ip) return &row;
  }
  return nullptr;
}

class ElasticIp final : public TableType {
 public:
  ElasticIp()
      : TableType("AWS::EC2::EIP", {{"Domain", false, in_place, as_text},
                                    {"NetworkBorderGroup", false, replaces, as_text},
                                    {"PublicIpv4Pool", false, replaces, as_text},
                                    {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::AllocateAddressRequest>(renamed(resource.properties, {{"Tags", ""}}));
    if (!request) return request.error();
    request->tag_specifications = ec2_tags(context, resource.properties, "elastic-ip");
    auto created = ec2::allocate_address(context.context, *request);
    if (!created) return created.error();
    return Created{*created->public_ip};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    const auto* row = address_with(context, resource.physical_id);
    if (!row) return {};
    return retag_ec2(context, row->allocation_id, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    const auto* row = address_with(context, resource.physical_id);
    if (!row) return {};
    ec2::ReleaseAddressRequest request;
    request.allocation_id = row->allocation_id;
    return done(ec2::release_address(context.context, request));
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "PublicIp") return json::string(resource.physical_id);
    const auto* row = address_with(context, resource.physical_id);
    if (name != "AllocationId" || !row) return std::nullopt;
    return json::string(row->allocation_id);
  }
};

}  // namespace

types::Made types::ec2_eip() {
  return std::make_unique<ElasticIp>();
}

}  // namespace berth::cfn
