// VPCs and their attributes.
#include <fmt/format.h>

#include "handlers/ec2.h"
#include "services/ec2/cidr.h"
#include "services/ec2/listing.h"
#include "services/ec2/network_acls.h"
#include "services/ec2/route_tables.h"
#include "services/ec2/security_groups.h"
#include "services/elbv2/rows.h"

namespace berth::ec2 {
namespace {

constexpr int vpc_bits_least = 16;
constexpr int vpc_bits_most = 28;

Result<Cidr> vpc_cidr(const CreateVpcRequest& input) {
  if (!input.cidr_block) {
    return Error{"MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided."};
  }
  const auto cidr = parse_cidr(*input.cidr_block);
  if (!cidr) {
    return invalid_parameter(fmt::format(
        "Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.", *input.cidr_block));
  }
  if (cidr->bits < vpc_bits_least || cidr->bits > vpc_bits_most) {
    return Error{"InvalidVpc.Range", fmt::format("The CIDR '{}' is invalid.", *input.cidr_block)};
  }
  return *cidr;
}

Result<> check_supported(const CreateVpcRequest& input) {
  if (input.ipv4_ipam_pool_id) return not_supported("Ipv4IpamPoolId");
  if (input.amazon_provided_ipv6_cidr_block.value_or(false) || input.ipv6_cidr_block || input.ipv6_pool ||
      input.ipv6_ipam_pool_id) {
    return not_supported("IPv6 in a VPC");
  }
  if (input.instance_tenancy.value_or("default") != "default") {
    return not_supported("InstanceTenancy " + *input.instance_tenancy);
  }
  return {};
}

Vpc new_vpc(Context& context, const Cidr& cidr, std::vector<Tag> tags) {
  Vpc vpc;
  vpc.vpc_id = new_id(context, kinds::vpc);
  vpc.owner_id = context.settings.account;
  vpc.instance_tenancy = "default";
  vpc.is_default = false;
  vpc.state = "available";
  vpc.cidr_block = cidr.text();
  vpc.dhcp_options_id = "default";
  vpc.tags = std::move(tags);
  VpcCidrBlockAssociation association;
  association.association_id = new_id(context, "vpc-cidr-assoc-");
  association.cidr_block = cidr.text();
  association.cidr_block_state = VpcCidrBlockState{.state = "associated"};
  vpc.cidr_block_association_set = {association};
  vpc.ipv6_cidr_block_association_set.emplace();
  return vpc;
}

Facets vpc_facets(const Vpc& vpc) {
  Facets facets;
  facets.add("cidr", vpc.cidr_block)
      .add("dhcp-options-id", vpc.dhcp_options_id)
      .add("is-default", vpc.is_default)
      .add("isDefault", vpc.is_default)
      .add("owner-id", vpc.owner_id)
      .add("state", vpc.state)
      .add("vpc-id", vpc.vpc_id)
      .add("cidr-block-association.cidr-block", std::optional<std::string>())
      .add("cidr-block-association.association-id", std::optional<std::string>())
      .add("cidr-block-association.state", std::optional<std::string>())
      .add_tags(vpc.tags);
  for (const auto& association : list_of(vpc.cidr_block_association_set)) {
    facets.add("cidr-block-association.cidr-block", association.cidr_block)
        .add("cidr-block-association.association-id", association.association_id)
        .add("cidr-block-association.state", association.cidr_block_state->state);
  }
  return facets;
}

// Everything that the VPC was not made with must be gone before it.
bool has_dependencies(const Store& store, const std::string& vpc_id) {
  for (const auto& [id, subnet] : store.all<SubnetRow>()) {
    if (subnet.vpc_id == vpc_id) return true;
  }
  for (const auto& [id, gateway] : store.all<InternetGatewayRow>()) {
    for (const auto& attachment : list_of(gateway.description.attachments)) {
      if (attachment.vpc_id == vpc_id) return true;
    }
  }
  for (const auto& [id, group] : store.all<SecurityGroupRow>()) {
    if (group.vpc_id == vpc_id && group.description.group_name != default_group_name) return true;
  }
  for (const auto& [id, table] : store.all<RouteTableRow>()) {
    if (table.vpc_id != vpc_id) continue;
    const auto& associations = list_of(table.description.associations);
    if (associations.size() != 1 || !associations.front().main.value_or(false)) return true;
  }
  for (const auto& [arn, balancer] : store.all<elbv2::LoadBalancerRow>()) {
    if (balancer.description.vpc_id == vpc_id) return true;
  }
  for (const auto& [id, endpoint] : store.all<VpcEndpointRow>()) {
    if (endpoint.vpc_id == vpc_id) return true;
  }
  return has_own_acls(store, vpc_id);
}

template <class Row>
std::vector<std::string> ids_in(const Store& store, const std::string& vpc_id) {
  std::vector<std::string> ids;
  for (const auto& [id, row] : store.all<Row>()) {
    if (row.vpc_id == vpc_id) ids.push_back(id);
  }
  return ids;
}

}  // namespace

Result<CreateVpcResult> create_vpc(Context& context, const CreateVpcRequest& input) {
  if (auto checked = check_supported(input); !checked) return checked.error();
  auto cidr = vpc_cidr(input);
  if (!cidr) return cidr.error();
  auto tags = tags_from(input.tag_specifications, kinds::vpc);
  if (!tags) return tags.error();
  VpcRow row;
  row.description = new_vpc(context, *cidr, std::move(*tags));
  row.id = *row.description.vpc_id;
  make_main_route_table(context, row.id, cidr->text());
  make_default_group(context, row.id);
  make_default_acl(context, row.id);
  context.store.put(row);
  return answer(input, CreateVpcResult{std::move(row.description)});
}

Result<DeleteVpcOutput> delete_vpc(Context& context, const DeleteVpcRequest& input) {
  Store& store = context.store;
  auto row = require<VpcRow>(store, kinds::vpc, input.vpc_id, "VpcId");
  if (!row) return row.error();
  const std::string id = (*row)->id;
  if (has_dependencies(store, id)) {
    return dependency_violation(fmt::format("The vpc '{}' has dependencies and cannot be deleted.", id));
  }
  for (const auto& group : ids_in<SecurityGroupRow>(store, id)) erase_group(store, group);
  for (const auto& table : ids_in<RouteTableRow>(store, id)) store.erase<RouteTableRow>(table);
  for (const auto& acl : ids_in<NetworkAclRow>(store, id)) store.erase<NetworkAclRow>(acl);
  store.erase<VpcRow>(id);
  return answer(input, DeleteVpcOutput{});
}

Result<DescribeVpcsResult> describe_vpcs(Context& context, const DescribeVpcsRequest& input) {
  std::vector<Vpc> vpcs;
  for (const auto& [id, row] : context.store.all<VpcRow>()) vpcs.push_back(row.description);
  auto page = list(input, std::move(vpcs), input.vpc_ids, kinds::vpc, &Vpc::vpc_id, vpc_facets);
  if (!page) return page.error();
  DescribeVpcsResult output;
  output.vpcs = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

Result<DescribeVpcAttributeResult> describe_vpc_attribute(Context& context,
                                                          const DescribeVpcAttributeRequest& input) {
  auto row = require<VpcRow>(context.store, kinds::vpc, input.vpc_id, "VpcId");
  if (!row) return row.error();
  const std::string attribute = input.attribute.value_or("");
  DescribeVpcAttributeResult output;
  output.vpc_id = (*row)->id;
  if (attribute == "enableDnsSupport") {
    output.enable_dns_support = AttributeBooleanValue{(*row)->dns_support};
  } else if (attribute == "enableDnsHostnames") {
    output.enable_dns_hostnames = AttributeBooleanValue{(*row)->dns_hostnames};
  } else if (attribute == "enableNetworkAddressUsageMetrics") {
    output.enable_network_address_usage_metrics = AttributeBooleanValue{(*row)->usage_metrics};
  } else {
    return invalid_parameter(
        fmt::format("Value ({}) for parameter attribute is invalid. Unknown attribute.", attribute));
  }
  return answer(input, std::move(output));
}

Result<ModifyVpcAttributeOutput> modify_vpc_attribute(Context& context,
                                                      const ModifyVpcAttributeRequest& input) {
  auto row = require<VpcRow>(context.store, kinds::vpc, input.vpc_id, "VpcId");
  if (!row) return row.error();
  const int given = (input.enable_dns_support ? 1 : 0) + (input.enable_dns_hostnames ? 1 : 0) +
                    (input.enable_network_address_usage_metrics ? 1 : 0);
  if (given != 1) {
    return Error{"InvalidParameterCombination", "Exactly one attribute must be specified"};
  }
  auto* edited = context.store.edit<VpcRow>((*row)->id);
  if (input.enable_dns_support) edited->dns_support = input.enable_dns_support->value.value_or(false);
  if (input.enable_dns_hostnames) edited->dns_hostnames = input.enable_dns_hostnames->value.value_or(false);
  if (input.enable_network_address_usage_metrics) {
    edited->usage_metrics = input.enable_network_address_usage_metrics->value.value_or(false);
  }
  return ModifyVpcAttributeOutput{};
}

}  // namespace berth::ec2
