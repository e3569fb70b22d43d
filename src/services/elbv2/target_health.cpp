// Registering targets by hand, and what DescribeTargetHealth says of them.
#include <algorithm>

#include "handlers/elbv2.h"
#include "services/ec2/cidr.h"
#include "services/ec2/rows.h"
#include "services/elbv2/resources.h"
#include "services/elbv2/targets.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t targets_most = 1000;  // of a target group

// The zone of the VPC's subnet that the address lies in; empty when it lies in none.
std::string zone_of(const Store& store, const std::string& vpc_id, const std::string& address) {
  const auto number = ec2::parse_ipv4(address);
  if (!number) return "";
  for (const auto& [id, subnet] : store.all<ec2::SubnetRow>()) {
    if (subnet.vpc_id != vpc_id) continue;
    const auto cidr = ec2::parse_cidr(subnet.description.cidr_block.value_or(""));
    if (cidr && cidr->contains(*number)) return subnet.description.availability_zone.value_or("");
  }
  return "";
}

Result<> check_target(const Store& store, const TargetGroupRow& group, const TargetDescription& target) {
  const std::string address = target.id.value_or("");
  if (!ec2::parse_ipv4(address)) {
    return validation_error(fmt::format("The IP address '{}' is not a valid IPv4 address", address));
  }
  if (target.port && (*target.port < 1 || *target.port > 65535)) {
    return validation_error(fmt::format("The port '{}' must be between 1 and 65535", *target.port));
  }
  const std::string vpc_id = group.description.vpc_id.value_or("");
  const std::string zone = zone_of(store, vpc_id, address);
  if (zone.empty()) {
    if (target.availability_zone) return not_supported(fmt::format("Target '{}' outside the VPC", address));
    return validation_error(fmt::format(
        "The Availability Zone is required for IP address '{}' because it is not in the VPC", address));
  }
  if (target.availability_zone && *target.availability_zone != zone) {
    return validation_error(
        fmt::format("The IP address '{}' is within the VPC, and cannot have its Availability "
                    "Zone overridden to '{}' from '{}'",
                    address, *target.availability_zone, zone));
  }
  return {};
}

int port_of(const TargetGroupRow& group, const TargetDescription& target) {
  return static_cast<int>(target.port.value_or(group.description.port.value_or(80)));
}

std::vector<const TargetRow*> targets_of(const Store& store, const std::string& group_arn) {
  std::vector<const TargetRow*> targets;
  for (const auto& [key, target] : store.all<TargetRow>()) {
    if (target.target_group_arn == group_arn) targets.push_back(&target);
  }
  return targets;
}

TargetHealth unused(const char* reason, const char* description) {
  return {"unused", reason, description};
}

TargetHealth health_of(const TargetRow* target, bool in_use) {
  if (!target) return unused("Target.NotRegistered", "Target is not registered to the target group");
  if (!in_use) {
    return unused("Target.NotInUse",
                  "Target group is not configured to receive traffic from the load balancer");
  }
  TargetHealth health;
  health.state = target->state;
  if (!target->reason.empty()) health.reason = target->reason;
  if (!target->description.empty()) health.description = target->description;
  return health;
}

TargetHealthDescription describe_target(const Store& store, const TargetGroupRow& group,
                                        const std::string& address, int port, bool in_use) {
  TargetHealthDescription out;
  TargetDescription target;
  target.id = address;
  target.port = port;
  const std::string zone = zone_of(store, group.description.vpc_id.value_or(""), address);
  if (!zone.empty()) target.availability_zone = zone;
  out.target = std::move(target);
  const std::string check_port = group.description.health_check_port.value_or("traffic-port");
  out.health_check_port = check_port == "traffic-port" ? std::to_string(port) : check_port;
  out.target_health = health_of(find_target(store, group.arn, address, port), in_use);
  return out;
}

}  // namespace

Result<RegisterTargetsOutput> register_targets(Context& context, const RegisterTargetsInput& input) {
  Store& store = context.store;
  auto group = require<TargetGroupRow>(store, kinds::target_group, input.target_group_arn);
  if (!group) return group.error();
  if (list_of(input.targets).empty()) return validation_error("At least one target must be specified");
  for (const auto& target : *input.targets) {
    if (auto checked = check_target(store, **group, target); !checked) return checked.error();
    register_target(store, (*group)->arn, *target.id, port_of(**group, target), context.now());
  }
  if (targets_of(store, (*group)->arn).size() > targets_most) {
    return Error{
        "TooManyTargetsException",
        fmt::format("The maximum number of targets of target group '{}' has been reached", (*group)->arn)};
  }
  return RegisterTargetsOutput{};
}

Result<DeregisterTargetsOutput> deregister_targets(Context& context, const DeregisterTargetsInput& input) {
  Store& store = context.store;
  auto group = require<TargetGroupRow>(store, kinds::target_group, input.target_group_arn);
  if (!group) return group.error();
  if (list_of(input.targets).empty()) return validation_error("At least one target must be specified");
  for (const auto& target : *input.targets) {
    // Without a port, the address goes with all its ports.
    std::vector<int> ports;
    for (const auto* row : targets_of(store, (*group)->arn)) {
      if (row->address == target.id && (!target.port || *target.port == row->port))
        ports.push_back(row->port);
    }
    for (const int port : ports) deregister_target(store, (*group)->arn, *target.id, port, context.now());
  }
  return DeregisterTargetsOutput{};
}

Result<DescribeTargetHealthOutput> describe_target_health(Context& context,
                                                          const DescribeTargetHealthInput& input) {
  const Store& store = context.store;
  auto group = require<TargetGroupRow>(store, kinds::target_group, input.target_group_arn);
  if (!group) return group.error();
  const bool in_use = has_load_balancer(store, (*group)->arn);
  DescribeTargetHealthOutput output;
  auto& out = output.target_health_descriptions.emplace();
  for (const auto& target : list_of(input.targets)) {
    out.push_back(describe_target(store, **group, target.id.value_or(""), port_of(**group, target), in_use));
  }
  if (!out.empty()) return output;
  for (const auto* row : targets_of(store, (*group)->arn)) {
    out.push_back(describe_target(store, **group, row->address, row->port, in_use));
  }
  return output;
}

}  // namespace berth::elbv2
