#include "services/ec2/network_acls.h"

#include <fmt/format.h>

#include "handlers/ec2.h"
#include "services/ec2/cidr.h"
#include "services/ec2/listing.h"

namespace berth::ec2 {
namespace {

constexpr std::int64_t last_rule_number = 32767;  // shown as `*`

NetworkAclEntry entry(bool egress, std::int64_t number, const char* action) {
  NetworkAclEntry out;
  out.cidr_block = "0.0.0.0/0";
  out.egress = egress;
  out.protocol = "-1";
  out.rule_action = action;
  out.rule_number = number;
  return out;
}

// Subnets are associated with an ACL of their own, or with the VPC's default one. The id of the latter kind
// of association follows from the subnet's.
std::string default_association(const std::string& subnet_id) {
  return "aclassoc-" + subnet_id.substr(std::string_view("subnet-").size());
}

NetworkAclAssociation association_of(const std::string& id, const std::string& acl_id,
                                     const std::string& subnet_id) {
  NetworkAclAssociation association;
  association.network_acl_association_id = id;
  association.network_acl_id = acl_id;
  association.subnet_id = subnet_id;
  return association;
}

bool is_default(const NetworkAclRow& row) {
  return row.description.is_default.value_or(false);
}

const NetworkAclRow* own_acl_of(const Store& store, const std::string& subnet_id) {
  for (const auto& [id, row] : store.all<NetworkAclRow>()) {
    for (const auto& association : list_of(row.description.associations)) {
      if (!is_default(row) && association.subnet_id == subnet_id) return &row;
    }
  }
  return nullptr;
}

NetworkAcl describe(const Store& store, const NetworkAclRow& row) {
  NetworkAcl acl = row.description;
  if (!is_default(row)) return acl;
  auto& associations = acl.associations.emplace();
  for (const auto& [id, subnet] : store.all<SubnetRow>()) {
    if (subnet.vpc_id != row.vpc_id || own_acl_of(store, id)) continue;
    associations.push_back(association_of(default_association(id), row.id, id));
  }
  return acl;
}

Facets acl_facets(const NetworkAcl& acl) {
  Facets facets;
  facets.add("network-acl-id", acl.network_acl_id)
      .add("vpc-id", acl.vpc_id)
      .add("owner-id", acl.owner_id)
      .add("default", acl.is_default)
      .add("association.association-id", std::optional<std::string>())
      .add("association.network-acl-id", std::optional<std::string>())
      .add("association.subnet-id", std::optional<std::string>())
      .add_tags(acl.tags);
  for (const auto& association : list_of(acl.associations)) {
    facets.add("association.association-id", association.network_acl_association_id)
        .add("association.network-acl-id", association.network_acl_id)
        .add("association.subnet-id", association.subnet_id);
  }
  return facets;
}

NetworkAclRow new_acl(Context& context, const std::string& vpc_id) {
  NetworkAclRow row;
  row.id = new_id(context, kinds::network_acl);
  row.vpc_id = vpc_id;
  row.description.network_acl_id = row.id;
  row.description.vpc_id = vpc_id;
  row.description.owner_id = context.settings.account;
  row.description.is_default = false;
  row.description.associations.emplace();
  row.description.tags.emplace();
  return row;
}

// The subnet of an association, and its ACL.
struct AclPlace {
  std::string acl_id;
  std::string subnet_id;
};

Result<AclPlace> find_acl_association(const Store& store, const std::optional<std::string>& id) {
  if (!id) return missing_parameter("associationId");
  for (const auto& [acl_id, row] : store.all<NetworkAclRow>()) {
    const NetworkAcl acl = describe(store, row);
    for (const auto& association : list_of(acl.associations)) {
      if (association.network_acl_association_id == *id)
        return AclPlace{acl_id, association.subnet_id.value_or("")};
    }
  }
  return Error{"InvalidAssociationID.NotFound", fmt::format("The association ID '{}' does not exist", *id)};
}

NetworkAclEntry* find_entry(NetworkAcl& acl, const std::optional<bool>& egress,
                            const std::optional<std::int64_t>& number) {
  for (auto& one : *acl.entries) {
    if (one.rule_number == number && one.egress.value_or(false) == egress.value_or(false)) return &one;
  }
  return nullptr;
}

Error no_such_entry(const std::string& acl, std::int64_t number, bool egress) {
  return {"InvalidNetworkAclEntry.NotFound",
          fmt::format("The {} network acl entry identified by {} in {} does not exist.",
                      egress ? "egress" : "ingress", number, acl)};
}

template <class Input>
Result<NetworkAclEntry> entry_from(const Input& input) {
  const auto number = input.rule_number.value_or(0);
  if (number < 1 || number >= last_rule_number) {
    return invalid_parameter(fmt::format(
        "Value ({}) for parameter ruleNumber is invalid. The rule number must be between 1 and 32766.",
        number));
  }
  if (input.ipv6_cidr_block) return not_supported("A network ACL entry with Ipv6CidrBlock");
  const auto cidr = parse_cidr(input.cidr_block.value_or(""));
  if (!cidr) {
    return invalid_parameter(
        fmt::format("Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
                    input.cidr_block.value_or("")));
  }
  NetworkAclEntry out;
  out.rule_number = number;
  out.egress = input.egress.value_or(false);
  out.protocol = input.protocol;
  out.rule_action = input.rule_action;
  out.cidr_block = cidr->text();
  out.port_range = input.port_range;
  out.icmp_type_code = input.icmp_type_code;
  return out;
}

}  // namespace

void forget_acl_association(Store& store, const std::string& subnet_id) {
  const auto* acl = own_acl_of(store, subnet_id);
  if (!acl) return;
  std::erase_if(*store.edit<NetworkAclRow>(acl->id)->description.associations,
                [&](const auto& association) { return association.subnet_id == subnet_id; });
}

bool has_own_acls(const Store& store, const std::string& vpc_id) {
  for (const auto& [id, row] : store.all<NetworkAclRow>()) {
    if (row.vpc_id == vpc_id && !is_default(row)) return true;
  }
  return false;
}

Result<CreateNetworkAclResult> create_network_acl(Context& context, const CreateNetworkAclRequest& input) {
  auto vpc = require<VpcRow>(context.store, kinds::vpc, input.vpc_id, "vpcId");
  if (!vpc) return vpc.error();
  auto tags = tags_from(input.tag_specifications, kinds::network_acl);
  if (!tags) return tags.error();
  NetworkAclRow row = new_acl(context, (*vpc)->id);
  row.description.entries = {entry(true, last_rule_number, "deny"), entry(false, last_rule_number, "deny")};
  row.description.tags = std::move(*tags);
  context.store.put(row);
  CreateNetworkAclResult output;
  output.network_acl = std::move(row.description);
  output.client_token = input.client_token;
  return answer(input, std::move(output));
}

Result<DeleteNetworkAclOutput> delete_network_acl(Context& context, const DeleteNetworkAclRequest& input) {
  auto row = require<NetworkAclRow>(context.store, kinds::network_acl, input.network_acl_id, "networkAclId");
  if (!row) return row.error();
  if (is_default(**row)) {
    return invalid_parameter(fmt::format("cannot delete default network ACL {}", (*row)->id));
  }
  if (!list_of((*row)->description.associations).empty()) {
    return dependency_violation(
        fmt::format("The networkAcl '{}' has dependencies and cannot be deleted.", (*row)->id));
  }
  context.store.erase<NetworkAclRow>(std::string((*row)->id));
  return answer(input, DeleteNetworkAclOutput{});
}

Result<CreateNetworkAclEntryOutput> create_network_acl_entry(Context& context,
                                                             const CreateNetworkAclEntryRequest& input) {
  auto row = require<NetworkAclRow>(context.store, kinds::network_acl, input.network_acl_id, "networkAclId");
  if (!row) return row.error();
  auto wanted = entry_from(input);
  if (!wanted) return wanted.error();
  auto& acl = context.store.edit<NetworkAclRow>((*row)->id)->description;
  if (find_entry(acl, wanted->egress, wanted->rule_number)) {
    return Error{"NetworkAclEntryAlreadyExists",
                 fmt::format("The network acl entry identified by {} already exists.", *wanted->rule_number)};
  }
  acl.entries->push_back(std::move(*wanted));
  return answer(input, CreateNetworkAclEntryOutput{});
}

Result<ReplaceNetworkAclEntryOutput> replace_network_acl_entry(Context& context,
                                                               const ReplaceNetworkAclEntryRequest& input) {
  auto row = require<NetworkAclRow>(context.store, kinds::network_acl, input.network_acl_id, "networkAclId");
  if (!row) return row.error();
  auto wanted = entry_from(input);
  if (!wanted) return wanted.error();
  auto* present = find_entry(context.store.edit<NetworkAclRow>((*row)->id)->description, wanted->egress,
                             wanted->rule_number);
  if (!present) return no_such_entry((*row)->id, *wanted->rule_number, *wanted->egress);
  *present = std::move(*wanted);
  return answer(input, ReplaceNetworkAclEntryOutput{});
}

Result<DeleteNetworkAclEntryOutput> delete_network_acl_entry(Context& context,
                                                             const DeleteNetworkAclEntryRequest& input) {
  auto row = require<NetworkAclRow>(context.store, kinds::network_acl, input.network_acl_id, "networkAclId");
  if (!row) return row.error();
  auto& acl = context.store.edit<NetworkAclRow>((*row)->id)->description;
  const auto number = input.rule_number.value_or(0);
  const bool egress = input.egress.value_or(false);
  if (number == last_rule_number || !find_entry(acl, egress, number)) {
    return no_such_entry((*row)->id, number, egress);
  }
  std::erase_if(*acl.entries, [&](const auto& one) {
    return one.rule_number == number && one.egress.value_or(false) == egress;
  });
  return answer(input, DeleteNetworkAclEntryOutput{});
}

Result<ReplaceNetworkAclAssociationResult> replace_network_acl_association(
    Context& context, const ReplaceNetworkAclAssociationRequest& input) {
  Store& store = context.store;
  auto place = find_acl_association(store, input.association_id);
  if (!place) return place.error();
  auto row = require<NetworkAclRow>(store, kinds::network_acl, input.network_acl_id, "networkAclId");
  if (!row) return row.error();
  const auto* subnet = store.find<SubnetRow>(place->subnet_id);
  if (!subnet || subnet->vpc_id != (*row)->vpc_id) {
    return invalid_parameter(fmt::format("Network ACL {} and subnet {} belong to different networks",
                                         (*row)->id, place->subnet_id));
  }
  forget_acl_association(store, place->subnet_id);
  std::string id = default_association(place->subnet_id);
  if (!is_default(**row)) {
    id = new_id(context, "aclassoc-");
    store.edit<NetworkAclRow>((*row)->id)
        ->description.associations->push_back(association_of(id, (*row)->id, place->subnet_id));
  }
  return answer(input, ReplaceNetworkAclAssociationResult{id});
}

void make_default_acl(Context& context, const std::string& vpc_id) {
  NetworkAclRow row = new_acl(context, vpc_id);
  row.description.is_default = true;
  row.description.associations.reset();
  row.description.entries = {entry(true, 100, "allow"), entry(true, last_rule_number, "deny"),
                             entry(false, 100, "allow"), entry(false, last_rule_number, "deny")};
  context.store.put(std::move(row));
}

Result<DescribeNetworkAclsResult> describe_network_acls(Context& context,
                                                        const DescribeNetworkAclsRequest& input) {
  std::vector<NetworkAcl> acls;
  for (const auto& [id, row] : context.store.all<NetworkAclRow>())
    acls.push_back(describe(context.store, row));
  auto page = list(input, std::move(acls), input.network_acl_ids, kinds::network_acl,
                   &NetworkAcl::network_acl_id, acl_facets);
  if (!page) return page.error();
  DescribeNetworkAclsResult output;
  output.network_acls = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

}  // namespace berth::ec2
