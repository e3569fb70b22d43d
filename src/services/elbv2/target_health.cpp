// Registering targets by hand, and what DescribeTargetHealth says of them.
#include <algorithm>

#include "handlers/elbv2.h"
#include "services/ec2/cidr.h"
#include "services/ec2/networking.h"
#include "services/elbv2/resources.h"
#include "services/elbv2/targets.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t targets_most = 1000;  // of a target group

Result<> check_target(const Store& store, const TargetGroupRow& group, const TargetDescription& target) {
  const std::string address = target.id.value_or("");
  if (!ec2::parse_ipv4(address)) {
    return validation_error(fmt::format("The IP address '{}' is not a valid IPv4 address", address));
  }
  if (target.port && (*target.port < 1 || *target.port > 65535)) {
    return validation_error(fmt::format("The port '{}' must be between 1 and 65535", *target.port));
  }
  const std::string vpc_id = group.description.vpc_id.value_or("");
  const std::string zone = ec2::zone_of_address(store, vpc_id, address);
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

TargetHealth health_of(const TargetRow* target, bool in_use, bool zone_enabled) {
  if (!target) return unused("Target.NotRegistered", "Target is not registered to the target group");
  if (!in_use) {
    return unused("Target.NotInUse",
                  "Target group is not configured to receive traffic from the load balancer");
  }
  if (!zone_enabled && target->state != "draining") {
    return unused("Target.NotInUse",
                  "Target is in an Availability Zone that is not enabled for the load balancer");
  }
  TargetHealth health;
  health.state = target->state;
  if (!target->reason.empty()) health.reason = target->reason;
  if (!target->description.empty()) health.description = target->description;
  return health;
}

// What the targets of one group have in common.
struct GroupView {
  const Store& store;
  const TargetGroupRow& group;
  bool in_use = false;
  std::set<std::string> zones;  // enabled for the load balancer
};

TargetHealthDescription describe_target(const GroupView& view, const std::string& address, int port) {
  TargetHealthDescription out;
  TargetDescription target;
  target.id = address;
  target.port = port;
  const std::string zone =
      ec2::zone_of_address(view.store, view.group.description.vpc_id.value_or(""), address);
  if (!zone.empty()) target.availability_zone = zone;
  out.target = std::move(target);
  const std::string check_port = view.group.description.health_check_port.value_or("traffic-port");
  out.health_check_port = check_port == "traffic-port" ? std::to_string(port) : check_port;
  out.target_health = health_of(find_target(view.store, view.group.arn, address, port), view.in_use,
                                view.zones.contains(zone));
  return out;
}

GroupView view_of(const Store& store, const TargetGroupRow& group) {
  const auto users = load_balancers_by_group(store);
  const auto found = users.find(group.arn);
  if (found == users.end()) return {store, group, false, {}};
  return {store, group, true, enabled_zones(store, found->second)};
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
  const GroupView view = view_of(store, **group);
  DescribeTargetHealthOutput output;
  auto& out = output.target_health_descriptions.emplace();
  for (const auto& target : list_of(input.targets)) {
    out.push_back(describe_target(view, target.id.value_or(""), port_of(**group, target)));
  }
  if (!out.empty()) return output;
  for (const auto* row : targets_of(store, (*group)->arn)) {
    out.push_back(describe_target(view, row->address, row->port));
  }
  return output;
}

}  // namespace berth::elbv2
