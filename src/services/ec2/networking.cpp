#include "services/ec2/networking.h"

#include <algorithm>

#include "services/ec2/cidr.h"
#include "services/ec2/rows.h"
#include "services/lists.h"

namespace berth::ec2 {

using services::list_of;

namespace {

// AWS keeps the network address, the router's, the resolver's, one more, and the broadcast address.
constexpr std::uint32_t reserved_at_start = 4;
constexpr std::uint64_t reserved_addresses = 5;

template <class Visit>
void each_claim(const Store& store, const std::string& subnet_id, Visit visit) {
  const auto& claims = store.all<AddressClaimRow>();
  for (auto at = claims.lower_bound(subnet_id + "|"); at != claims.end(); ++at) {
    if (at->second.subnet_id != subnet_id) break;
    visit(at->second);
  }
}

std::optional<std::uint32_t> first_unclaimed(const Store& store, const std::string& subnet_id,
                                             std::uint32_t from, std::uint32_t end) {
  for (std::uint32_t address = from; address < end; ++address) {
    if (!store.find<AddressClaimRow>(AddressClaimRow{subnet_id, ipv4_text(address), ""}.key()))
      return address;
  }
  return std::nullopt;
}

// The second half of what addresses.cpp numbers Elastic IP addresses from.
constexpr const char* public_pool_cidr = "198.19.0.0/16";

std::optional<Cidr> cidr_of(const Store& store, const std::string& subnet_id) {
  if (subnet_id == public_pool) return parse_cidr(public_pool_cidr);
  const auto* subnet = store.find<SubnetRow>(subnet_id);
  if (!subnet) return std::nullopt;
  return parse_cidr(subnet->description.cidr_block.value_or(""));
}

const Route* default_route(const RouteTable& table) {
  for (const auto& route : list_of(table.routes)) {
    if (route.destination_cidr_block == "0.0.0.0/0" && route.state == "active") return &route;
  }
  return nullptr;
}

bool leads_to_internet(const RouteTableRow* table) {
  const Route* route = table ? default_route(table->description) : nullptr;
  return route && route->gateway_id.value_or("").starts_with("igw-");
}

// A NAT gateway gets no further than the subnet that it is in.
std::string nat_address_of(const Store& store, const RouteTableRow* table) {
  const Route* route = table ? default_route(table->description) : nullptr;
  const auto* gateway = route ? store.find<NatGatewayRow>(route->nat_gateway_id.value_or("")) : nullptr;
  if (!gateway || list_of(gateway->description.nat_gateway_addresses).empty()) return "";
  const NatGateway& nat = gateway->description;
  if (!leads_to_internet(route_table_of(store, nat.vpc_id.value_or(""), nat.subnet_id.value_or(""))))
    return "";
  return nat.nat_gateway_addresses->front().public_ip.value_or("");
}

}  // namespace

const RouteTableRow* route_table_of(const Store& store, const std::string& vpc_id,
                                    const std::string& subnet_id) {
  const RouteTableRow* main = nullptr;
  for (const auto& [id, table] : store.all<RouteTableRow>()) {
    if (table.vpc_id != vpc_id || !table.description.associations) continue;
    for (const auto& association : *table.description.associations) {
      if (association.subnet_id == subnet_id) return &table;
      if (association.main.value_or(false)) main = &table;
    }
  }
  return main;
}

std::optional<SubnetView> find_subnet(const Store& store, const std::string& subnet_id) {
  const auto* row = store.find<SubnetRow>(subnet_id);
  if (!row) return std::nullopt;
  SubnetView view;
  view.id = subnet_id;
  view.vpc_id = row->vpc_id;
  view.cidr = row->description.cidr_block.value_or("");
  view.availability_zone = row->description.availability_zone.value_or("");
  const auto* table = route_table_of(store, row->vpc_id, subnet_id);
  view.public_ = leads_to_internet(table);
  view.nat_address = nat_address_of(store, table);
  return view;
}

bool reaches_service(const Store& store, const SubnetView& subnet, bool has_public_address,
                     std::string_view service) {
  return (subnet.public_ && has_public_address) || !subnet.nat_address.empty() ||
         has_endpoint(store, subnet.vpc_id, service);
}

bool has_endpoint(const Store& store, const std::string& vpc_id, std::string_view service) {
  for (const auto& [id, row] : store.all<VpcEndpointRow>()) {
    const auto& endpoint = row.description;
    if (row.vpc_id != vpc_id || endpoint.vpc_endpoint_type != "Interface") continue;
    if (!endpoint.private_dns_enabled.value_or(false)) continue;
    if (service.empty() || endpoint.service_name.value_or("").ends_with("." + std::string(service)))
      return true;
  }
  return false;
}

std::string zone_of_address(const Store& store, const std::string& vpc_id, const std::string& address) {
  const auto number = parse_ipv4(address);
  if (!number) return "";
  for (const auto& [id, subnet] : store.all<SubnetRow>()) {
    if (subnet.vpc_id != vpc_id) continue;
    const auto cidr = parse_cidr(subnet.description.cidr_block.value_or(""));
    if (cidr && cidr->contains(*number)) return subnet.description.availability_zone.value_or("");
  }
  return "";
}

bool security_group_exists(const Store& store, const std::string& group_id) {
  return store.find<SecurityGroupRow>(group_id) != nullptr;
}

std::optional<std::string> claim_address(Store& store, const std::string& subnet_id,
                                         const std::string& owner) {
  const auto cidr = cidr_of(store, subnet_id);
  if (!cidr) return std::nullopt;
  const auto* free = store.find<FreeAddressRow>(subnet_id);
  const std::uint32_t base = cidr->base + reserved_at_start;
  const std::uint32_t from = free ? std::max(base, static_cast<std::uint32_t>(free->from)) : base;
  auto address = first_unclaimed(store, subnet_id, from, cidr->last());
  // An older berth gives addresses back without saying so here: some below may be free.
  if (!address) address = first_unclaimed(store, subnet_id, base, std::min(from, cidr->last()));
  if (!address) return std::nullopt;
  store.put(FreeAddressRow{subnet_id, std::int64_t{*address} + 1});
  store.put(AddressClaimRow{subnet_id, ipv4_text(*address), owner});
  return ipv4_text(*address);
}

void release_address(Store& store, const std::string& subnet_id, const std::string& address) {
  if (!store.erase<AddressClaimRow>(AddressClaimRow{subnet_id, address, ""}.key())) return;
  const auto number = parse_ipv4(address);
  auto* free = store.edit<FreeAddressRow>(subnet_id);
  if (number && free) free->from = std::min(free->from, std::int64_t{*number});
}

std::vector<std::string> owners_of_address(const Store& store, const std::string& address) {
  std::vector<std::string> owners;
  for (const auto* entry : store.rows_of<AddressClaimRow>(address)) owners.push_back(entry->second.owner);
  return owners;
}

bool has_claims(const Store& store, const std::string& subnet_id) {
  const auto& claims = store.all<AddressClaimRow>();
  const auto first = claims.lower_bound(subnet_id + "|");
  return first != claims.end() && first->second.subnet_id == subnet_id;
}

std::int64_t available_addresses(const Store& store, const std::string& subnet_id) {
  const auto cidr = cidr_of(store, subnet_id);
  if (!cidr || cidr->size() < reserved_addresses) return 0;
  std::int64_t claims = 0;
  each_claim(store, subnet_id, [&](const AddressClaimRow&) { ++claims; });
  return static_cast<std::int64_t>(cidr->size() - reserved_addresses) - claims;
}

std::string resolver_address(const VpcRow& vpc) {
  const auto cidr = parse_cidr(vpc.description.cidr_block.value_or(""));
  return vpc.dns_support && cidr ? ipv4_text(cidr->base + 2) : "";
}

std::string resolver_address(const Store& store, const std::string& vpc_id) {
  const auto* vpc = store.find<VpcRow>(vpc_id);
  return vpc ? resolver_address(*vpc) : "";
}

}  // namespace berth::ec2
