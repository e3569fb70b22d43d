#include "services/elbv2/nodes.h"

#include <set>

#include "services/ec2/networking.h"

namespace berth::elbv2 {

void claim_nodes(Store& store, LoadBalancerRow& row) {
  std::set<std::string> wanted;
  if (row.description.availability_zones) {
    for (const auto& zone : *row.description.availability_zones) wanted.insert(zone.subnet_id.value_or(""));
  }
  for (const auto& [subnet, address] : row.nodes) {
    if (!wanted.contains(subnet)) ec2::release_address(store, subnet, address);
  }
  std::erase_if(row.nodes, [&](const auto& node) { return !wanted.contains(node.first); });
  for (const auto& subnet : wanted) {
    if (row.nodes.contains(subnet)) continue;
    if (const auto address = ec2::claim_address(store, subnet, row.arn)) row.nodes[subnet] = *address;
  }
}

void release_nodes(Store& store, LoadBalancerRow& row) {
  for (const auto& [subnet, address] : row.nodes) ec2::release_address(store, subnet, address);
  row.nodes.clear();
}

void claim_missing_nodes(Store& store) {
  std::vector<std::string> without;
  for (const auto& [arn, row] : store.all<LoadBalancerRow>()) {
    if (row.nodes.empty()) without.push_back(arn);
  }
  for (const auto& arn : without) claim_nodes(store, *store.edit<LoadBalancerRow>(arn));
}

std::vector<std::string> node_addresses(const LoadBalancerRow& row) {
  std::vector<std::string> addresses;
  for (const auto& [subnet, address] : row.nodes) addresses.push_back(address);
  return addresses;
}

}  // namespace berth::elbv2
