#include "reconcile/network_sync.h"

#include <algorithm>

#include "base/log.h"
#include "services/ec2/networking.h"
#include "services/ec2/rows.h"
#include "services/elbv2/nodes.h"

namespace berth::reconcile {
namespace {

constexpr RealDuration first_retry_after = RealDuration::seconds(1);
constexpr RealDuration retry_interval_most = RealDuration::seconds(30);

std::vector<world::VpcSpec> vpc_specs(const Store& store) {
  std::map<std::string, world::VpcSpec> vpcs;
  for (const auto& [id, row] : store.all<ec2::VpcRow>()) {
    vpcs[id] = {.id = id,
                .cidr = row.description.cidr_block.value_or(""),
                .resolver_address = ec2::resolver_address(row),
                .has_endpoints = ec2::has_endpoint(store, id, "")};
  }
  for (const auto& [id, row] : store.all<ec2::SubnetRow>()) {
    const auto view = ec2::find_subnet(store, id);
    const auto vpc = vpcs.find(row.vpc_id);
    if (view && vpc != vpcs.end())
      vpc->second.subnets.push_back({id, view->cidr, view->public_, view->nat_address});
  }
  for (const auto& [arn, row] : store.all<elbv2::LoadBalancerRow>()) {
    const auto vpc = vpcs.find(row.description.vpc_id.value_or(""));
    if (vpc == vpcs.end()) continue;
    for (auto& address : elbv2::node_addresses(row))
      vpc->second.balancer_addresses.push_back(std::move(address));
  }
  std::vector<world::VpcSpec> out;
  for (auto& [id, spec] : vpcs) out.push_back(std::move(spec));
  return out;
}

}  // namespace

NetworkSync::NetworkSync(Store& store, Loop& loop, world::Network& network)
    : store_(store),
      loop_(loop),
      network_(network),
      retry_delay_(first_retry_after),
      watch_(store, loop,
             any_of<ec2::VpcRow, ec2::SubnetRow, ec2::RouteTableRow, ec2::InternetGatewayRow,
                    ec2::NatGatewayRow, ec2::VpcEndpointRow, elbv2::LoadBalancerRow>,
             [this] { step(); }) {}

NetworkSync::~NetworkSync() {
  loop_.cancel(retry_);
}

void NetworkSync::step() {
  if (busy_) return;  // finish() looks again
  auto wanted = vpc_specs(store_);
  if (applied_ == wanted) return;
  loop_.cancel(retry_);
  busy_ = true;
  under_way_ = wanted;
  network_.apply(std::move(wanted), watch_.guard([this](const Result<>& result) { finish(result); }));
}

void NetworkSync::finish(const Result<>& result) {
  busy_ = false;
  if (result) {
    if (!problem_.empty()) log::info("networks are as they should be again");
    problem_.clear();
    retry_delay_ = first_retry_after;
    applied_ = std::move(under_way_);
    watch_.wake();
    return;
  }
  if (problem_ != result.error().message) log::error("networks: {}", result.error().message);
  problem_ = result.error().message;
  applied_.reset();
  retry_ = loop_.after_real(retry_delay_, [this] { step(); });
  retry_delay_ = std::min(retry_delay_ * 2, retry_interval_most);
}

}  // namespace berth::reconcile
