// AWS::EC2::VPCEndpoint. Ref: the id; GetAtt Id, CreationTimestamp, DnsEntries, NetworkInterfaceIds.
#include <algorithm>

#include "base/text.h"
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"
#include "services/ec2/rows.h"

namespace berth::cfn {
namespace {

using TextList = std::optional<std::vector<std::string>>;

std::vector<std::string> endpoint_list(const json::object& properties, std::string_view name) {
  std::vector<std::string> out;
  const auto* value = properties.if_contains(name);
  if (!value || !value->is_array()) return out;
  for (const auto& item : value->get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

// What is in `from` and not in `other`; absent when there is none.
TextList only_in(const std::vector<std::string>& from, const std::vector<std::string>& other) {
  std::vector<std::string> out;
  for (const auto& item : from) {
    if (std::find(other.begin(), other.end(), item) == other.end()) out.push_back(item);
  }
  return out.empty() ? TextList() : TextList(std::move(out));
}

std::optional<std::string> endpoint_policy(const json::object& properties) {
  const auto* policy = properties.if_contains("PolicyDocument");
  if (!policy) return std::nullopt;
  return policy->is_string() ? std::string(policy->get_string()) : json::serialize(*policy);
}

class VpcEndpoint final : public TableType {
 public:
  VpcEndpoint()
      : TableType("AWS::EC2::VPCEndpoint", {{"VpcId", true, replaces, as_text},
                                            {"ServiceName", true, replaces, as_text},
                                            {"VpcEndpointType", false, replaces, as_text},
                                            {"PolicyDocument", false, in_place, as_document},
                                            {"PrivateDnsEnabled", false, in_place, as_boolean},
                                            {"RouteTableIds", false, in_place, as_list},
                                            {"SecurityGroupIds", false, in_place, as_list},
                                            {"SubnetIds", false, in_place, as_list},
                                            {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ec2::CreateVpcEndpointRequest>(
        renamed(resource.properties, {{"Tags", ""}, {"PolicyDocument", ""}}));
    if (!request) return request.error();
    request->policy_document = endpoint_policy(resource.properties);
    // CloudFormation's default differs from the API's.
    if (!request->private_dns_enabled) request->private_dns_enabled = false;
    request->tag_specifications = ec2_tags(context, resource.properties, "vpc-endpoint");
    auto created = ec2::create_vpc_endpoint(context.context, *request);
    if (!created) return created.error();
    return Created{*created->vpc_endpoint->vpc_endpoint_id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    ec2::ModifyVpcEndpointRequest request;
    request.vpc_endpoint_id = resource.physical_id;
    const auto change = [&](std::string_view name, TextList& add, TextList& remove) {
      const auto before = endpoint_list(resource.properties, name), now = endpoint_list(properties, name);
      add = only_in(now, before);
      remove = only_in(before, now);
    };
    change("RouteTableIds", request.add_route_table_ids, request.remove_route_table_ids);
    change("SecurityGroupIds", request.add_security_group_ids, request.remove_security_group_ids);
    change("SubnetIds", request.add_subnet_ids, request.remove_subnet_ids);
    request.policy_document = endpoint_policy(properties);
    if (!request.policy_document) request.reset_policy = true;
    request.private_dns_enabled = equal_ignoring_case(text_property(properties, "PrivateDnsEnabled"), "true");
    if (auto modified = ec2::modify_vpc_endpoint(context.context, request); !modified)
      return modified.error();
    return retag(context, resource, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DeleteVpcEndpointsRequest request;
    request.vpc_endpoint_ids = std::vector{resource.physical_id};
    return done(ec2::delete_vpc_endpoints(context.context, request));
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "Id") return json::string(resource.physical_id);
    if (name == "DnsEntries" || name == "NetworkInterfaceIds") return json::array();
    const auto* row = context.context.store.find<ec2::VpcEndpointRow>(resource.physical_id);
    if (name != "CreationTimestamp" || !row || !row->description.creation_timestamp) return std::nullopt;
    return json::string(iso_s(*row->description.creation_timestamp));
  }
};

}  // namespace

types::Made types::ec2_vpc_endpoint() {
  return std::make_unique<VpcEndpoint>();
}

}  // namespace berth::cfn
