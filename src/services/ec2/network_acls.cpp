#include "services/ec2/network_acls.h"

#include "handlers/ec2.h"
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

// Every subnet of the VPC belongs to its default ACL. The association's id follows from the subnet's.
NetworkAcl describe(const Store& store, const NetworkAclRow& row) {
  NetworkAcl acl = row.description;
  auto& associations = acl.associations.emplace();
  for (const auto& [id, subnet] : store.all<SubnetRow>()) {
    if (subnet.vpc_id != row.vpc_id) continue;
    NetworkAclAssociation association;
    association.network_acl_association_id = "aclassoc-" + id.substr(std::string_view("subnet-").size());
    association.network_acl_id = row.id;
    association.subnet_id = id;
    associations.push_back(std::move(association));
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

}  // namespace

void make_default_acl(Context& context, const std::string& vpc_id) {
  NetworkAclRow row;
  row.id = new_id(context, kinds::network_acl);
  row.vpc_id = vpc_id;
  row.description.network_acl_id = row.id;
  row.description.vpc_id = vpc_id;
  row.description.owner_id = context.settings.account;
  row.description.is_default = true;
  row.description.tags.emplace();
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
