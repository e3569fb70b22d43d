// VPC endpoints: ways from a VPC's subnets to AWS's API that need no route to the internet. An interface
// endpoint opens the way to its service for the whole VPC (private DNS); a gateway endpoint is for S3, which
// berth does not serve, and is recorded.
#include <fmt/format.h>

#include <algorithm>

#include "handlers/ec2.h"
#include "services/ec2/listing.h"
#include "services/ec2/networking.h"
#include "services/ec2/security_groups.h"

namespace berth::ec2 {
namespace {

using Ids = std::vector<std::string>;

constexpr const char* full_access =
    R"({"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]})";

Facets endpoint_facets(const VpcEndpoint& endpoint) {
  Facets facets;
  return facets.add("vpc-endpoint-id", endpoint.vpc_endpoint_id)
      .add("service-name", endpoint.service_name)
      .add("vpc-id", endpoint.vpc_id)
      .add("vpc-endpoint-state", endpoint.state)
      .add("vpc-endpoint-type", endpoint.vpc_endpoint_type)
      .add_tags(endpoint.tags);
}

Result<> check_service(const Context& context, const std::string& name) {
  if (name.empty()) return missing_parameter("ServiceName");
  const std::string prefix = fmt::format("com.amazonaws.{}.", context.settings.region);
  if (name.starts_with(prefix) && name.size() > prefix.size()) return {};
  return Error{"InvalidServiceName", fmt::format("The Vpc Endpoint Service '{}' does not exist", name)};
}

// All of the kind, and in the VPC.
template <class Row>
Result<> check_members(const Store& store, const Kind& kind, const Ids& ids, const std::string& vpc_id) {
  for (const auto& id : ids) {
    auto row = require<Row>(store, kind, id, kind.type);
    if (!row) return row.error();
    if ((*row)->vpc_id != vpc_id) {
      return invalid_parameter(fmt::format("{} is not in the VPC {}", id, vpc_id));
    }
  }
  return {};
}

std::vector<SecurityGroupIdentifier> identifiers(const Store& store, const Ids& groups) {
  std::vector<SecurityGroupIdentifier> out;
  for (const auto& id : groups) {
    const auto* row = store.find<SecurityGroupRow>(id);
    out.push_back({id, row ? row->description.group_name : std::nullopt});
  }
  return out;
}

Ids default_group(const Store& store, const std::string& vpc_id) {
  for (const auto& [id, group] : store.all<SecurityGroupRow>()) {
    if (group.vpc_id == vpc_id && group.description.group_name == default_group_name) return {id};
  }
  return {};
}

Result<VpcEndpoint> wanted_endpoint(Context& context, const CreateVpcEndpointRequest& input) {
  const Store& store = context.store;
  auto vpc = require<VpcRow>(store, kinds::vpc, input.vpc_id, "VpcId");
  if (!vpc) return vpc.error();
  if (auto checked = check_service(context, input.service_name.value_or("")); !checked)
    return checked.error();
  const std::string type = input.vpc_endpoint_type.value_or("Gateway");
  if (type != "Gateway" && type != "Interface") return not_supported("VpcEndpointType " + type);
  const std::string& vpc_id = (*vpc)->id;
  if (auto checked = check_members<SubnetRow>(store, kinds::subnet, list_of(input.subnet_ids), vpc_id);
      !checked)
    return checked.error();
  if (auto checked =
          check_members<RouteTableRow>(store, kinds::route_table, list_of(input.route_table_ids), vpc_id);
      !checked) {
    return checked.error();
  }
  if (auto checked = check_members<SecurityGroupRow>(store, kinds::security_group,
                                                     list_of(input.security_group_ids), vpc_id);
      !checked) {
    return checked.error();
  }
  VpcEndpoint endpoint;
  endpoint.vpc_endpoint_type = type;
  endpoint.vpc_id = vpc_id;
  endpoint.service_name = input.service_name;
  endpoint.policy_document = input.policy_document.value_or(full_access);
  endpoint.route_table_ids = list_of(input.route_table_ids);
  endpoint.subnet_ids = list_of(input.subnet_ids);
  const bool interface = type == "Interface";
  const Ids groups = list_of(input.security_group_ids);
  endpoint.groups = identifiers(store, !groups.empty() || !interface ? groups : default_group(store, vpc_id));
  endpoint.private_dns_enabled = interface && input.private_dns_enabled.value_or(true);
  endpoint.ip_address_type = "ipv4";
  endpoint.requester_managed = false;
  endpoint.network_interface_ids.emplace();
  endpoint.dns_entries.emplace();
  return endpoint;
}

void change_ids(std::optional<Ids>& ids, const Ids& add, const Ids& remove) {
  Ids& list = ids ? *ids : ids.emplace();
  std::erase_if(list,
                [&](const auto& id) { return std::find(remove.begin(), remove.end(), id) != remove.end(); });
  for (const auto& id : add) {
    if (std::find(list.begin(), list.end(), id) == list.end()) list.push_back(id);
  }
}

}  // namespace

Result<CreateVpcEndpointResult> create_vpc_endpoint(Context& context, const CreateVpcEndpointRequest& input) {
  auto endpoint = wanted_endpoint(context, input);
  if (!endpoint) return endpoint.error();
  auto tags = tags_from(input.tag_specifications, kinds::vpc_endpoint);
  if (!tags) return tags.error();
  VpcEndpointRow row;
  row.id = new_id(context, kinds::vpc_endpoint);
  row.vpc_id = *endpoint->vpc_id;
  row.description = std::move(*endpoint);
  row.description.vpc_endpoint_id = row.id;
  row.description.owner_id = context.settings.account;
  row.description.state = "available";
  row.description.creation_timestamp = context.now();
  row.description.tags = std::move(*tags);
  context.store.put(row);
  CreateVpcEndpointResult output;
  output.vpc_endpoint = std::move(row.description);
  output.client_token = input.client_token;
  return answer(input, std::move(output));
}

Result<ModifyVpcEndpointResult> modify_vpc_endpoint(Context& context, const ModifyVpcEndpointRequest& input) {
  Store& store = context.store;
  auto row = require<VpcEndpointRow>(store, kinds::vpc_endpoint, input.vpc_endpoint_id, "VpcEndpointId");
  if (!row) return row.error();
  const std::string vpc_id = (*row)->vpc_id;
  for (const auto& checked :
       {check_members<SubnetRow>(store, kinds::subnet, list_of(input.add_subnet_ids), vpc_id),
        check_members<RouteTableRow>(store, kinds::route_table, list_of(input.add_route_table_ids), vpc_id),
        check_members<SecurityGroupRow>(store, kinds::security_group, list_of(input.add_security_group_ids),
                                        vpc_id)}) {
    if (!checked) return checked.error();
  }
  auto& endpoint = store.edit<VpcEndpointRow>(*input.vpc_endpoint_id)->description;
  change_ids(endpoint.subnet_ids, list_of(input.add_subnet_ids), list_of(input.remove_subnet_ids));
  change_ids(endpoint.route_table_ids, list_of(input.add_route_table_ids),
             list_of(input.remove_route_table_ids));
  std::optional<Ids> groups = Ids();
  for (const auto& group : list_of(endpoint.groups)) groups->push_back(group.group_id.value_or(""));
  change_ids(groups, list_of(input.add_security_group_ids), list_of(input.remove_security_group_ids));
  endpoint.groups = identifiers(store, *groups);
  if (input.policy_document) endpoint.policy_document = input.policy_document;
  if (input.reset_policy.value_or(false)) endpoint.policy_document = full_access;
  if (input.private_dns_enabled) endpoint.private_dns_enabled = input.private_dns_enabled;
  return answer(input, ModifyVpcEndpointResult{true});
}

Result<DeleteVpcEndpointsResult> delete_vpc_endpoints(Context& context,
                                                      const DeleteVpcEndpointsRequest& input) {
  DeleteVpcEndpointsResult output;
  output.unsuccessful.emplace();
  for (const auto& id : list_of(input.vpc_endpoint_ids)) {
    if (context.store.erase<VpcEndpointRow>(id)) continue;
    const Error error = not_found(kinds::vpc_endpoint, id);
    UnsuccessfulItem item;
    item.resource_id = id;
    item.error.emplace();
    item.error->code = error.code;
    item.error->message = error.message;
    output.unsuccessful->push_back(std::move(item));
  }
  return answer(input, std::move(output));
}

Result<DescribeVpcEndpointsResult> describe_vpc_endpoints(Context& context,
                                                          const DescribeVpcEndpointsRequest& input) {
  std::vector<VpcEndpoint> endpoints;
  for (const auto& [id, row] : context.store.all<VpcEndpointRow>()) endpoints.push_back(row.description);
  auto page = list(input, std::move(endpoints), input.vpc_endpoint_ids, kinds::vpc_endpoint,
                   &VpcEndpoint::vpc_endpoint_id, endpoint_facets);
  if (!page) return page.error();
  DescribeVpcEndpointsResult output;
  output.vpc_endpoints = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

}  // namespace berth::ec2
