// Load balancers: making, changing, listing and deleting them. Only Application Load Balancers.
#include <algorithm>
#include <set>

#include "handlers/elbv2.h"
#include "loop/rng.h"
#include "services/ec2/networking.h"
#include "services/ec2/rows.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/naming.h"
#include "services/elbv2/nodes.h"
#include "services/iam/service_linked_roles.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t load_balancers_most = 50;   // AWS's default quota per region
constexpr std::int64_t free_addresses_least = 8;  // in each subnet

Result<> check_supported(const CreateLoadBalancerInput& input) {
  const std::string type = input.type.value_or("application");
  if (type != "application") return not_supported(fmt::format("Load balancer type '{}'", type));
  const std::string addresses = input.ip_address_type.value_or("ipv4");
  if (addresses != "ipv4") return not_supported(fmt::format("IP address type '{}'", addresses));
  if (input.customer_owned_ipv4_pool) return not_supported("CustomerOwnedIpv4Pool");
  if (input.ipam_pools) return not_supported("IpamPools");
  return {};
}

Result<std::vector<std::string>> subnet_ids(const std::optional<std::vector<std::string>>& subnets,
                                            const std::optional<std::vector<SubnetMapping>>& mappings) {
  if (!list_of(subnets).empty() && !list_of(mappings).empty()) {
    return validation_error("You can specify either subnets or subnet mappings, not both");
  }
  std::vector<std::string> ids = list_of(subnets);
  for (const auto& mapping : list_of(mappings)) {
    if (mapping.allocation_id || mapping.private_i_pv4_address || mapping.i_pv6_address) {
      return validation_error(
          "An application load balancer takes no addresses of its own in a subnet mapping");
    }
    ids.push_back(mapping.subnet_id.value_or(""));
  }
  return ids;
}

bool has_internet_gateway(const Store& store, const std::string& vpc_id) {
  for (const auto& [id, gateway] : store.all<ec2::InternetGatewayRow>()) {
    for (const auto& attachment : list_of(gateway.description.attachments)) {
      if (attachment.vpc_id == vpc_id) return true;
    }
  }
  return false;
}

struct Placement {
  std::string vpc_id;
  std::vector<AvailabilityZone> zones;
};

Result<Placement> place(const Store& store, const std::vector<std::string>& ids, bool internal) {
  Placement placement;
  std::set<std::string> zone_names;
  for (const std::string& id : ids) {
    const auto subnet = ec2::find_subnet(store, id);
    if (!subnet)
      return Error{"SubnetNotFoundException", fmt::format("The subnet ID '{}' does not exist", id)};
    if (!placement.vpc_id.empty() && placement.vpc_id != subnet->vpc_id) {
      return Error{"InvalidConfigurationRequestException", "All subnets must belong to the same VPC"};
    }
    placement.vpc_id = subnet->vpc_id;
    if (!zone_names.insert(subnet->availability_zone).second) {
      return Error{"InvalidConfigurationRequestException",
                   "A load balancer cannot be attached to multiple subnets in the same Availability Zone"};
    }
    if (ec2::available_addresses(store, id) < free_addresses_least) {
      return Error{
          "InvalidSubnetException",
          fmt::format("Not enough IP space available in {}. ELB requires at least {} free IP addresses in "
                      "each subnet.",
                      id, free_addresses_least)};
    }
    AvailabilityZone zone;
    zone.zone_name = subnet->availability_zone;
    zone.subnet_id = id;
    zone.load_balancer_addresses.emplace();
    placement.zones.push_back(std::move(zone));
  }
  if (placement.zones.size() < 2) {
    return validation_error("At least two subnets in two different Availability Zones must be specified");
  }
  if (!internal && !has_internet_gateway(store, placement.vpc_id)) {
    return Error{"InvalidSubnetException", fmt::format("VPC {} has no internet gateway", placement.vpc_id)};
  }
  return placement;
}

// Those asked for, or the VPC's default group.
Result<std::vector<std::string>> checked_groups(const Store& store, const std::string& vpc_id,
                                                const std::optional<std::vector<std::string>>& wanted) {
  if (list_of(wanted).empty()) {
    for (const auto& [id, group] : store.all<ec2::SecurityGroupRow>()) {
      if (group.vpc_id == vpc_id && group.description.group_name == "default") return std::vector{id};
    }
    return std::vector<std::string>{};
  }
  for (const std::string& id : *wanted) {
    const auto* group = store.find<ec2::SecurityGroupRow>(id);
    if (!group) {
      return Error{"InvalidSecurityGroupException",
                   fmt::format("The security group '{}' does not exist", id)};
    }
    if (group->vpc_id != vpc_id) {
      return Error{"InvalidConfigurationRequestException",
                   fmt::format("Security group '{}' does not belong to VPC '{}'", id, vpc_id)};
    }
  }
  return *wanted;
}

std::set<std::string> subnets_of(const LoadBalancer& balancer) {
  std::set<std::string> ids;
  for (const auto& zone : list_of(balancer.availability_zones)) ids.insert(zone.subnet_id.value_or(""));
  return ids;
}

std::set<std::string> as_set(const std::optional<std::vector<std::string>>& list) {
  return {list_of(list).begin(), list_of(list).end()};
}

bool same_balancer_settings(const LoadBalancer& a, const LoadBalancer& b) {
  return a.scheme == b.scheme && a.vpc_id == b.vpc_id && subnets_of(a) == subnets_of(b) &&
         as_set(a.security_groups) == as_set(b.security_groups);
}

const LoadBalancerRow* load_balancer_named(const Store& store, const std::string& name) {
  for (const auto& [arn, row] : store.all<LoadBalancerRow>()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

LoadBalancerRow new_balancer(Context& context, const std::string& name, LoadBalancer description) {
  LoadBalancerRow row;
  row.name = name;
  row.arn = context.settings.arn("elasticloadbalancing",
                                 fmt::format("loadbalancer/app/{}/{}", name, random_hex(context.ids(), 16)));
  row.address = new_loopback_address(context.store, row.arn);
  row.description = std::move(description);
  row.description.load_balancer_arn = row.arn;
  row.description.load_balancer_name = name;
  row.description.dns_name = new_dns_name(context, name, row.description.scheme == "internal");
  row.description.canonical_hosted_zone_id = hosted_zone_of(context.settings.region);
  row.description.created_time = context.now();
  row.description.state = LoadBalancerState{"provisioning", std::nullopt};
  row.description.type = "application";
  row.description.ip_address_type = "ipv4";
  return row;
}

Result<LoadBalancer> wanted_balancer(const Store& store, const CreateLoadBalancerInput& input) {
  LoadBalancer wanted;
  wanted.scheme = input.scheme.value_or("internet-facing");
  auto ids = subnet_ids(input.subnets, input.subnet_mappings);
  if (!ids) return ids.error();
  auto placement = place(store, *ids, wanted.scheme == "internal");
  if (!placement) return placement.error();
  auto groups = checked_groups(store, placement->vpc_id, input.security_groups);
  if (!groups) return groups.error();
  wanted.vpc_id = placement->vpc_id;
  wanted.availability_zones = std::move(placement->zones);
  wanted.security_groups = std::move(*groups);
  return wanted;
}

Result<std::vector<LoadBalancer>> chosen(const Store& store, const DescribeLoadBalancersInput& input) {
  const auto& arns = list_of(input.load_balancer_arns);
  const auto& names = list_of(input.names);
  if (!arns.empty() && !names.empty()) {
    return validation_error(
        "Load balancer names and load balancer ARNs cannot be specified at the same time");
  }
  std::vector<LoadBalancer> out;
  for (const std::string& arn : arns) {
    auto row = require<LoadBalancerRow>(store, kinds::load_balancer, arn);
    if (!row) return row.error();
    out.push_back((*row)->description);
  }
  for (const std::string& name : names) {
    const auto* row = load_balancer_named(store, name);
    if (!row) {
      return Error{kinds::load_balancer.not_found, fmt::format("Load balancers '[{}]' not found", name)};
    }
    out.push_back(row->description);
  }
  if (!arns.empty() || !names.empty()) return out;
  for (const auto& [arn, row] : store.all<LoadBalancerRow>()) out.push_back(row.description);
  return out;
}

}  // namespace

Result<CreateLoadBalancerOutput> create_load_balancer(Context& context,
                                                      const CreateLoadBalancerInput& input) {
  const std::string name = input.name.value_or("");
  if (auto checked = check_name("Load balancer", name); !checked) return checked.error();
  if (name.starts_with("internal-"))
    return validation_error("A load balancer name cannot begin with 'internal-'");
  if (auto checked = check_supported(input); !checked) return checked.error();
  auto tags = checked_tags(input.tags);
  if (!tags) return tags.error();
  auto wanted = wanted_balancer(context.store, input);
  if (!wanted) return wanted.error();
  if (const auto* present = load_balancer_named(context.store, name)) {
    if (same_balancer_settings(present->description, *wanted)) {
      return CreateLoadBalancerOutput{std::vector{present->description}};
    }
    return Error{
        "DuplicateLoadBalancerNameException",
        fmt::format("A load balancer with the same name '{}' exists, but with different settings", name)};
  }
  if (context.store.all<LoadBalancerRow>().size() >= load_balancers_most) {
    return Error{"TooManyLoadBalancersException", "The maximum number of load balancers has been reached"};
  }
  auto role = iam::service_linked_role(context, "elasticloadbalancing.amazonaws.com");
  if (!role) return role.error();
  LoadBalancerRow row = new_balancer(context, name, std::move(*wanted));
  row.tags = std::move(*tags);
  claim_nodes(context.store, row);
  context.store.put(row);
  return CreateLoadBalancerOutput{std::vector{std::move(row.description)}};
}

Result<DeleteLoadBalancerOutput> delete_load_balancer(Context& context,
                                                      const DeleteLoadBalancerInput& input) {
  Store& store = context.store;
  const std::string arn = input.load_balancer_arn.value_or("");
  if (auto checked = check_arn(kinds::load_balancer, arn); !checked) return checked.error();
  const auto* row = store.find<LoadBalancerRow>(arn);
  if (!row) return DeleteLoadBalancerOutput{};  // AWS succeeds too
  if (attribute_of(row->attributes, load_balancer_attributes(), "deletion_protection.enabled") == "true") {
    return Error{
        "OperationNotPermittedException",
        fmt::format("Load balancer '{}' cannot be deleted because deletion protection is enabled", arn)};
  }
  std::vector<std::string> listeners;
  for (const auto* listener : listeners_of(store, arn)) listeners.push_back(listener->arn);
  for (const auto& listener : listeners) erase_listener(store, listener);
  release_nodes(store, *store.edit<LoadBalancerRow>(arn));
  store.erase<LoadBalancerRow>(arn);
  return DeleteLoadBalancerOutput{};
}

Result<DescribeLoadBalancersOutput> describe_load_balancers(Context& context,
                                                            const DescribeLoadBalancersInput& input) {
  auto balancers = chosen(context.store, input);
  if (!balancers) return balancers.error();
  auto found = page(input, std::move(*balancers),
                    [](const LoadBalancer& balancer) { return *balancer.load_balancer_arn; });
  if (!found) return found.error();
  return DescribeLoadBalancersOutput{std::move(found->items), std::move(found->next_token)};
}

Result<SetSecurityGroupsOutput> set_security_groups(Context& context, const SetSecurityGroupsInput& input) {
  auto row = require<LoadBalancerRow>(context.store, kinds::load_balancer, input.load_balancer_arn);
  if (!row) return row.error();
  if (list_of(input.security_groups).empty()) {
    return Error{"InvalidSecurityGroupException", "At least one security group must be specified"};
  }
  auto groups = checked_groups(context.store, (*row)->description.vpc_id.value_or(""), input.security_groups);
  if (!groups) return groups.error();
  context.store.edit<LoadBalancerRow>((*row)->arn)->description.security_groups = *groups;
  SetSecurityGroupsOutput output;
  output.security_group_ids = std::move(*groups);
  return output;
}

Result<SetIpAddressTypeOutput> set_ip_address_type(Context& context, const SetIpAddressTypeInput& input) {
  auto row = require<LoadBalancerRow>(context.store, kinds::load_balancer, input.load_balancer_arn);
  if (!row) return row.error();
  if (input.ip_address_type != "ipv4") {
    return not_supported(fmt::format("IP address type '{}'", input.ip_address_type.value_or("")));
  }
  return SetIpAddressTypeOutput{input.ip_address_type};
}

Result<SetSubnetsOutput> set_subnets(Context& context, const SetSubnetsInput& input) {
  auto row = require<LoadBalancerRow>(context.store, kinds::load_balancer, input.load_balancer_arn);
  if (!row) return row.error();
  if (input.ip_address_type.value_or("ipv4") != "ipv4") {
    return not_supported(fmt::format("IP address type '{}'", *input.ip_address_type));
  }
  auto ids = subnet_ids(input.subnets, input.subnet_mappings);
  if (!ids) return ids.error();
  auto placement = place(context.store, *ids, (*row)->description.scheme == "internal");
  if (!placement) return placement.error();
  if (placement->vpc_id != (*row)->description.vpc_id) {
    return Error{"InvalidConfigurationRequestException",
                 fmt::format("The subnets do not belong to the load balancer's VPC '{}'",
                             (*row)->description.vpc_id.value_or(""))};
  }
  auto* edited = context.store.edit<LoadBalancerRow>((*row)->arn);
  edited->description.availability_zones = placement->zones;
  claim_nodes(context.store, *edited);
  SetSubnetsOutput output;
  output.availability_zones = std::move(placement->zones);
  output.ip_address_type = "ipv4";
  return output;
}

}  // namespace berth::elbv2
