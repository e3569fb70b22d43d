#include "cloudformation/named_resources.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "services/ec2/rows.h"
#include "services/ec2/zones.h"

namespace berth::cloudformation {
namespace {

bool has_group_named(const Store& store, const std::string& name) {
  const auto& groups = store.all<ec2::SecurityGroupRow>();
  return std::any_of(groups.begin(), groups.end(),
                     [&](const auto& entry) { return entry.second.description.group_name == name; });
}

bool has_zone(const Settings& settings, const std::string& name) {
  const auto zones = ec2::zones_of(settings.region);
  return std::any_of(zones.begin(), zones.end(), [&](const ec2::Zone& zone) { return zone.name == name; });
}

// Of a type that berth keeps no resources of, every value is believed.
bool exists(const Store& store, const Settings& settings, std::string_view type, const std::string& value) {
  if (type == "AWS::EC2::VPC::Id") return store.find<ec2::VpcRow>(value);
  if (type == "AWS::EC2::Subnet::Id") return store.find<ec2::SubnetRow>(value);
  if (type == "AWS::EC2::SecurityGroup::Id") return store.find<ec2::SecurityGroupRow>(value);
  if (type == "AWS::EC2::SecurityGroup::GroupName") return has_group_named(store, value);
  if (type == "AWS::EC2::AvailabilityZone::Name") return has_zone(settings, value);
  return true;
}

std::string_view item_type(std::string_view type) {
  if (!type.starts_with("List<")) return type;
  type.remove_prefix(std::string_view("List<").size());
  type.remove_suffix(1);
  return type;
}

}  // namespace

Result<> check_named_resources(const Store& store, const Settings& settings, const Plan& plan) {
  for (const auto& parameter : plan.parameters) {
    const auto type = item_type(plan.of.parameter(parameter.key)->type);
    const auto values = parameter.is_list ? split(parameter.value, ',') : std::vector{parameter.value};
    for (const auto& value : values) {
      const std::string name(trim(value));
      if (exists(store, settings, type, name)) continue;
      return Error{"ValidationError",
                   fmt::format("Parameter validation failed: parameter value {}{}for parameter name {} does "
                               "not exist",
                               name, name.empty() ? "" : " ", parameter.key)};
    }
  }
  return {};
}

}  // namespace berth::cloudformation
