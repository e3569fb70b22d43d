// Elastic IP addresses. They are numbered from the first half of the range that the Internet keeps for tests
// (198.18.0.0/15), so that nobody takes one for an address of somebody else.
#include <fmt/format.h>

#include "handlers/ec2.h"
#include "services/ec2/cidr.h"
#include "services/ec2/listing.h"

namespace berth::ec2 {
namespace {

constexpr std::uint32_t first_address = 198u << 24 | 18u << 16 | 1;
constexpr std::uint32_t last_address = 198u << 24 | 18u << 16 | 0xfffe;

std::optional<std::string> free_address(const Store& store) {
  std::vector<std::string> taken;
  for (const auto& [id, row] : store.all<ElasticAddressRow>()) {
    taken.push_back(row.description.public_ip.value_or(""));
  }
  for (std::uint32_t address = first_address; address <= last_address; ++address) {
    const std::string text = ipv4_text(address);
    if (std::find(taken.begin(), taken.end(), text) == taken.end()) return text;
  }
  return std::nullopt;
}

Facets address_facets(const Address& address) {
  Facets facets;
  return facets.add("allocation-id", address.allocation_id)
      .add("association-id", address.association_id)
      .add("instance-id", address.instance_id)
      .add("network-border-group", address.network_border_group)
      .add("network-interface-id", address.network_interface_id)
      .add("private-ip-address", address.private_ip_address)
      .add("domain", address.domain)
      .add("public-ip", address.public_ip)
      .add_tags(address.tags);
}

}  // namespace

Result<AllocateAddressResult> allocate_address(Context& context, const AllocateAddressRequest& input) {
  if (input.address) return not_supported("Address");
  if (input.public_ipv4_pool) return not_supported("PublicIpv4Pool");
  if (input.ipam_pool_id) return not_supported("IpamPoolId");
  auto tags = tags_from(input.tag_specifications, kinds::elastic_ip);
  if (!tags) return tags.error();
  const auto public_ip = free_address(context.store);
  if (!public_ip) return Error{"AddressLimitExceeded", "The maximum number of addresses has been reached."};
  ElasticAddressRow row;
  row.allocation_id = new_id(context, kinds::elastic_ip);
  row.description.allocation_id = row.allocation_id;
  row.description.public_ip = *public_ip;
  row.description.public_ipv4_pool = "amazon";
  row.description.network_border_group = context.settings.region;
  row.description.domain = "vpc";
  row.description.tags = std::move(*tags);
  AllocateAddressResult output;
  output.allocation_id = row.allocation_id;
  output.public_ip = row.description.public_ip;
  output.public_ipv4_pool = row.description.public_ipv4_pool;
  output.network_border_group = row.description.network_border_group;
  output.domain = row.description.domain;
  context.store.put(std::move(row));
  return answer(input, std::move(output));
}

Result<ReleaseAddressOutput> release_address(Context& context, const ReleaseAddressRequest& input) {
  if (!input.allocation_id && input.public_ip) {
    return invalid_parameter("You must specify an allocation id when releasing a VPC elastic IP address");
  }
  auto row =
      require<ElasticAddressRow>(context.store, kinds::elastic_ip, input.allocation_id, "AllocationId");
  if (!row) return row.error();
  if ((*row)->description.association_id) {
    return Error{"InvalidIPAddress.InUse",
                 fmt::format("Address {} is in use.", *(*row)->description.public_ip)};
  }
  context.store.erase<ElasticAddressRow>(*input.allocation_id);
  return answer(input, ReleaseAddressOutput{});
}

Result<DescribeAddressesResult> describe_addresses(Context& context, const DescribeAddressesRequest& input) {
  std::vector<Address> all;
  for (const auto& [id, row] : context.store.all<ElasticAddressRow>()) all.push_back(row.description);
  for (const std::string& wanted : list_of(input.public_ips)) {
    if (std::none_of(all.begin(), all.end(), [&](const Address& item) { return item.public_ip == wanted; })) {
      return Error{"InvalidAddress.NotFound", fmt::format("Address '{}' not found.", wanted)};
    }
  }
  auto chosen = with_ids(std::move(all), input.allocation_ids, kinds::elastic_ip, &Address::allocation_id);
  if (!chosen) return chosen.error();
  const auto& wanted = list_of(input.public_ips);
  std::erase_if(*chosen, [&](const Address& item) {
    return !wanted.empty() && std::find(wanted.begin(), wanted.end(), *item.public_ip) == wanted.end();
  });
  auto kept = filtered(std::move(*chosen), input.filters, address_facets);
  if (!kept) return kept.error();
  return answer(input, DescribeAddressesResult{std::move(*kept)});
}

}  // namespace berth::ec2
