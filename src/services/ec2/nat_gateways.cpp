// NAT gateways: public ones with an Elastic IP address, which subnets without public addresses reach the
// outside through. They are there at once.
#include <fmt/format.h>

#include "handlers/ec2.h"
#include "services/ec2/listing.h"
#include "services/ec2/networking.h"
#include "services/ec2/route_tables.h"

namespace berth::ec2 {
namespace {

Facets nat_gateway_facets(const NatGateway& gateway) {
  Facets facets;
  return facets.add("nat-gateway-id", gateway.nat_gateway_id)
      .add("state", gateway.state)
      .add("subnet-id", gateway.subnet_id)
      .add("vpc-id", gateway.vpc_id)
      .add("connectivity-type", gateway.connectivity_type)
      .add_tags(gateway.tags);
}

Result<> check_supported_gateway(const CreateNatGatewayRequest& input) {
  if (input.connectivity_type.value_or("public") != "public") {
    return not_supported("A NAT gateway with ConnectivityType private");
  }
  if (input.private_ip_address) return not_supported("PrivateIpAddress");
  if (!list_of(input.secondary_allocation_ids).empty()) return not_supported("SecondaryAllocationIds");
  if (!list_of(input.secondary_private_ip_addresses).empty() || input.secondary_private_ip_address_count) {
    return not_supported("A NAT gateway with more than one private address");
  }
  return {};
}

Result<> check_attached_gateway(const Store& store, const std::string& vpc_id) {
  for (const auto& [id, gateway] : store.all<InternetGatewayRow>()) {
    for (const auto& attachment : list_of(gateway.description.attachments)) {
      if (attachment.vpc_id == vpc_id) return {};
    }
  }
  return Error{"Gateway.NotAttached", fmt::format("Network {} has no Internet gateway attached", vpc_id)};
}

NatGatewayAddress address_of(const Context& context, const Address& elastic, const std::string& private_ip) {
  NatGatewayAddress address;
  address.allocation_id = elastic.allocation_id;
  address.association_id = elastic.association_id;
  address.public_ip = elastic.public_ip;
  address.private_ip = private_ip;
  address.network_interface_id = new_id(context, kinds::network_interface);
  address.is_primary = true;
  address.status = "succeeded";
  return address;
}

}  // namespace

Result<CreateNatGatewayResult> create_nat_gateway(Context& context, const CreateNatGatewayRequest& input) {
  Store& store = context.store;
  if (auto checked = check_supported_gateway(input); !checked) return checked.error();
  auto subnet = require<SubnetRow>(store, kinds::subnet, input.subnet_id, "SubnetId");
  if (!subnet) return subnet.error();
  auto elastic = require<ElasticAddressRow>(store, kinds::elastic_ip, input.allocation_id, "AllocationId");
  if (!elastic) return elastic.error();
  if ((*elastic)->description.association_id) {
    return Error{"Resource.AlreadyAssociated",
                 fmt::format("Elastic IP address [{}] is already associated", (*elastic)->allocation_id)};
  }
  if (auto attached = check_attached_gateway(store, (*subnet)->vpc_id); !attached) return attached.error();
  auto tags = tags_from(input.tag_specifications, kinds::nat_gateway);
  if (!tags) return tags.error();
  NatGatewayRow row;
  row.id = new_id(context, kinds::nat_gateway);
  row.allocation_id = (*elastic)->allocation_id;
  const auto private_ip = claim_address(store, (*subnet)->id, row.id);
  if (!private_ip) {
    return Error{"InsufficientFreeAddressesInSubnet",
                 "The specified subnet does not have enough free addresses to satisfy the request."};
  }
  auto& address = store.edit<ElasticAddressRow>(row.allocation_id)->description;
  address.association_id = new_id(context, "eipassoc-");
  row.description.nat_gateway_addresses = {address_of(context, address, *private_ip)};
  address.network_interface_id = row.description.nat_gateway_addresses->front().network_interface_id;
  address.private_ip_address = *private_ip;
  address.network_interface_owner_id = context.settings.account;
  row.description.nat_gateway_id = row.id;
  row.description.connectivity_type = "public";
  row.description.subnet_id = (*subnet)->id;
  row.description.vpc_id = (*subnet)->vpc_id;
  row.description.state = "available";
  row.description.create_time = context.now();
  row.description.tags = std::move(*tags);
  store.put(row);
  CreateNatGatewayResult output;
  output.client_token = input.client_token;
  output.nat_gateway = std::move(row.description);
  return answer(input, std::move(output));
}

Result<DeleteNatGatewayResult> delete_nat_gateway(Context& context, const DeleteNatGatewayRequest& input) {
  Store& store = context.store;
  auto row = require<NatGatewayRow>(store, kinds::nat_gateway, input.nat_gateway_id, "NatGatewayId");
  if (!row) return row.error();
  const NatGatewayRow gone = **row;
  if (auto* elastic = store.edit<ElasticAddressRow>(gone.allocation_id)) {
    auto& address = elastic->description;
    address.association_id.reset();
    address.network_interface_id.reset();
    address.network_interface_owner_id.reset();
    address.private_ip_address.reset();
  }
  for (const auto& address : list_of(gone.description.nat_gateway_addresses)) {
    release_address(store, gone.description.subnet_id.value_or(""), address.private_ip.value_or(""));
  }
  mark_routes(store, gone.description.vpc_id.value_or(""), gone.id, "blackhole");
  store.erase<NatGatewayRow>(gone.id);
  return answer(input, DeleteNatGatewayResult{gone.id});
}

Result<DescribeNatGatewaysResult> describe_nat_gateways(Context& context,
                                                        const DescribeNatGatewaysRequest& input) {
  std::vector<NatGateway> gateways;
  for (const auto& [id, row] : context.store.all<NatGatewayRow>()) gateways.push_back(row.description);
  if (auto checked = check_max_results(input.max_results, !list_of(input.nat_gateway_ids).empty());
      !checked) {
    return checked.error();
  }
  auto chosen =
      with_ids(std::move(gateways), input.nat_gateway_ids, kinds::nat_gateway, &NatGateway::nat_gateway_id);
  if (!chosen) return chosen.error();
  auto kept = filtered(std::move(*chosen), input.filter, nat_gateway_facets);
  if (!kept) return kept.error();
  auto page =
      services::page_of(std::move(*kept), input.next_token, input.max_results.value_or(page_items_default),
                        [](const NatGateway& gateway) { return *gateway.nat_gateway_id; },
                        {"InvalidNextToken", "The specified next token is not valid."});
  if (!page) return page.error();
  DescribeNatGatewaysResult output;
  output.nat_gateways = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

}  // namespace berth::ec2
