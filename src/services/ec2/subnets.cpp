// Subnets.
#include <fmt/format.h>

#include "base/text.h"
#include "handlers/ec2.h"
#include "services/ec2/cidr.h"
#include "services/ec2/listing.h"
#include "services/ec2/network_acls.h"
#include "services/ec2/networking.h"
#include "services/ec2/route_tables.h"
#include "services/ec2/zones.h"
#include "services/elbv2/rows.h"

namespace berth::ec2 {
namespace {

constexpr int subnet_bits_least = 16;
constexpr int subnet_bits_most = 28;

Result<> check_supported(const CreateSubnetRequest& input) {
  if (input.ipv6_cidr_block || input.ipv6_native.value_or(false) || input.ipv6_ipam_pool_id) {
    return not_supported("IPv6 in a subnet");
  }
  if (input.ipv4_ipam_pool_id) return not_supported("Ipv4IpamPoolId");
  if (input.outpost_arn) return not_supported("OutpostArn");
  return {};
}

Result<Cidr> subnet_cidr(const Store& store, const VpcRow& vpc, const std::optional<std::string>& text) {
  if (!text) return missing_parameter("cidrBlock");
  const auto cidr = parse_cidr(*text);
  if (!cidr) {
    return invalid_parameter(
        fmt::format("Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.", *text));
  }
  const auto whole = parse_cidr(vpc.description.cidr_block.value_or(""));
  if (cidr->bits < subnet_bits_least || cidr->bits > subnet_bits_most || !whole || !whole->contains(*cidr)) {
    return Error{"InvalidSubnet.Range", fmt::format("The CIDR '{}' is invalid.", *text)};
  }
  for (const auto& [id, subnet] : store.all<SubnetRow>()) {
    if (subnet.vpc_id != vpc.id) continue;
    const auto other = parse_cidr(subnet.description.cidr_block.value_or(""));
    if (other && other->overlaps(*cidr)) {
      return Error{"InvalidSubnet.Conflict",
                   fmt::format("The CIDR '{}' conflicts with another subnet", *text)};
    }
  }
  return *cidr;
}

// Without a wish, the zone with the fewest of the VPC's subnets (AWS chooses one without saying how).
Zone least_used(const Store& store, const std::string& vpc_id, const std::vector<Zone>& zones) {
  std::map<std::string, int> used;
  for (const auto& [id, subnet] : store.all<SubnetRow>()) {
    if (subnet.vpc_id == vpc_id) ++used[subnet.description.availability_zone.value_or("")];
  }
  return *std::min_element(zones.begin(), zones.end(),
                           [&](const Zone& a, const Zone& b) { return used[a.name] < used[b.name]; });
}

Result<Zone> zone_for(const Context& context, const std::string& vpc_id, const CreateSubnetRequest& input) {
  const auto zones = zones_of(context.settings.region);
  if (!input.availability_zone && !input.availability_zone_id)
    return least_used(context.store, vpc_id, zones);
  std::vector<std::string> names;
  for (const Zone& zone : zones) {
    if (zone.name == input.availability_zone || zone.id == input.availability_zone_id) return zone;
    names.push_back(input.availability_zone ? zone.name : zone.id);
  }
  return invalid_parameter(fmt::format(
      "Value ({}) for parameter {} is invalid. Subnets can currently only be created in the following "
      "availability zones: {}.",
      input.availability_zone ? *input.availability_zone : *input.availability_zone_id,
      input.availability_zone ? "availabilityZone" : "availabilityZoneId", join(names, ", ")));
}

Subnet new_subnet(Context& context, const std::string& vpc_id, const Cidr& cidr, const Zone& zone) {
  Subnet subnet;
  subnet.subnet_id = new_id(context, kinds::subnet);
  subnet.subnet_arn = context.settings.arn("ec2", "subnet/" + *subnet.subnet_id);
  subnet.vpc_id = vpc_id;
  subnet.owner_id = context.settings.account;
  subnet.cidr_block = cidr.text();
  subnet.availability_zone = zone.name;
  subnet.availability_zone_id = zone.id;
  subnet.state = "available";
  subnet.default_for_az = false;
  subnet.map_public_ip_on_launch = false;
  subnet.map_customer_owned_ip_on_launch = false;
  subnet.assign_ipv6_address_on_creation = false;
  subnet.enable_dns64 = false;
  subnet.ipv6_native = false;
  subnet.ipv6_cidr_block_association_set.emplace();
  PrivateDnsNameOptionsOnLaunch names;
  names.hostname_type = "ip-name";
  names.enable_resource_name_dns_a_record = false;
  names.enable_resource_name_dns_aaaa_record = false;
  subnet.private_dns_name_options_on_launch = names;
  return subnet;
}

Subnet describe(const Store& store, const SubnetRow& row) {
  Subnet subnet = row.description;
  subnet.available_ip_address_count = available_addresses(store, row.id);
  return subnet;
}

Facets subnet_facets(const Subnet& subnet) {
  Facets facets;
  return facets.add("availability-zone", subnet.availability_zone)
      .add("availabilityZone", subnet.availability_zone)
      .add("availability-zone-id", subnet.availability_zone_id)
      .add("availabilityZoneId", subnet.availability_zone_id)
      .add("available-ip-address-count", subnet.available_ip_address_count)
      .add("cidr", subnet.cidr_block)
      .add("cidr-block", subnet.cidr_block)
      .add("cidrBlock", subnet.cidr_block)
      .add("default-for-az", subnet.default_for_az)
      .add("defaultForAz", subnet.default_for_az)
      .add("map-public-ip-on-launch", subnet.map_public_ip_on_launch)
      .add("owner-id", subnet.owner_id)
      .add("state", subnet.state)
      .add("subnet-arn", subnet.subnet_arn)
      .add("subnet-id", subnet.subnet_id)
      .add("vpc-id", subnet.vpc_id)
      .add_tags(subnet.tags);
}

bool subnet_in_use(const Store& store, const std::string& subnet_id) {
  if (has_claims(store, subnet_id)) return true;
  for (const auto& [arn, balancer] : store.all<elbv2::LoadBalancerRow>()) {
    for (const auto& zone : list_of(balancer.description.availability_zones)) {
      if (zone.subnet_id == subnet_id) return true;
    }
  }
  return false;
}

bool wants(const std::optional<AttributeBooleanValue>& attribute) {
  return attribute && attribute->value.value_or(false);
}

}  // namespace

Result<CreateSubnetResult> create_subnet(Context& context, const CreateSubnetRequest& input) {
  if (auto checked = check_supported(input); !checked) return checked.error();
  auto vpc = require<VpcRow>(context.store, kinds::vpc, input.vpc_id, "VpcId");
  if (!vpc) return vpc.error();
  auto cidr = subnet_cidr(context.store, **vpc, input.cidr_block);
  if (!cidr) return cidr.error();
  auto zone = zone_for(context, (*vpc)->id, input);
  if (!zone) return zone.error();
  auto tags = tags_from(input.tag_specifications, kinds::subnet);
  if (!tags) return tags.error();
  SubnetRow row;
  row.description = new_subnet(context, (*vpc)->id, *cidr, *zone);
  row.description.tags = std::move(*tags);
  row.id = *row.description.subnet_id;
  row.vpc_id = (*vpc)->id;
  context.store.put(row);
  return answer(input, CreateSubnetResult{describe(context.store, row)});
}

Result<DeleteSubnetOutput> delete_subnet(Context& context, const DeleteSubnetRequest& input) {
  auto row = require<SubnetRow>(context.store, kinds::subnet, input.subnet_id, "SubnetId");
  if (!row) return row.error();
  const std::string id = (*row)->id;
  if (subnet_in_use(context.store, id)) {
    return dependency_violation(fmt::format("The subnet '{}' has dependencies and cannot be deleted.", id));
  }
  forget_subnet_association(context.store, id);
  forget_acl_association(context.store, id);
  context.store.erase<SubnetRow>(id);
  context.store.erase<FreeAddressRow>(id);
  return answer(input, DeleteSubnetOutput{});
}

Result<DescribeSubnetsResult> describe_subnets(Context& context, const DescribeSubnetsRequest& input) {
  std::vector<Subnet> subnets;
  for (const auto& [id, row] : context.store.all<SubnetRow>())
    subnets.push_back(describe(context.store, row));
  auto page =
      list(input, std::move(subnets), input.subnet_ids, kinds::subnet, &Subnet::subnet_id, subnet_facets);
  if (!page) return page.error();
  DescribeSubnetsResult output;
  output.subnets = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

Result<ModifySubnetAttributeOutput> modify_subnet_attribute(Context& context,
                                                            const ModifySubnetAttributeRequest& input) {
  auto row = require<SubnetRow>(context.store, kinds::subnet, input.subnet_id, "SubnetId");
  if (!row) return row.error();
  if (wants(input.assign_ipv6_address_on_creation)) return not_supported("AssignIpv6AddressOnCreation");
  if (wants(input.enable_dns64)) return not_supported("EnableDns64");
  if (wants(input.map_customer_owned_ip_on_launch)) return not_supported("MapCustomerOwnedIpOnLaunch");
  if (wants(input.enable_resource_name_dns_a_record_on_launch) ||
      wants(input.enable_resource_name_dns_aaaa_record_on_launch)) {
    return not_supported("A resource name's DNS record");
  }
  auto* edited = context.store.edit<SubnetRow>((*row)->id);
  if (input.map_public_ip_on_launch) {
    edited->description.map_public_ip_on_launch = input.map_public_ip_on_launch->value.value_or(false);
  }
  return ModifySubnetAttributeOutput{};
}

}  // namespace berth::ec2
