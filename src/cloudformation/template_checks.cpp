#include "cloudformation/template_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "cloudformation/resource_type.h"
#include "cloudformation/template/template_error.h"

namespace berth::cloudformation {
namespace {

constexpr std::string_view capability_iam = "CAPABILITY_IAM";
constexpr std::string_view capability_named_iam = "CAPABILITY_NAMED_IAM";
constexpr std::string_view capability_auto_expand = "CAPABILITY_AUTO_EXPAND";

// Types that give permissions, and the property that gives them a name of the user's own (empty: none
// counts).
struct PermissionType {
  std::string_view type;
  std::string_view name_property;
};
constexpr std::array permission_types = {
    PermissionType{"AWS::IAM::AccessKey", ""},
    PermissionType{"AWS::IAM::Group", "GroupName"},
    PermissionType{"AWS::IAM::InstanceProfile", "InstanceProfileName"},
    PermissionType{"AWS::IAM::ManagedPolicy", "ManagedPolicyName"},
    PermissionType{"AWS::IAM::Policy", ""},
    PermissionType{"AWS::IAM::Role", "RoleName"},
    PermissionType{"AWS::IAM::User", "UserName"},
    PermissionType{"AWS::IAM::UserToGroupAddition", ""},
};

const PermissionType* permission_type(std::string_view type) {
  const auto found = std::find_if(permission_types.begin(), permission_types.end(),
                                  [&](const PermissionType& known) { return known.type == type; });
  return found == permission_types.end() ? nullptr : found;
}

}  // namespace

std::vector<std::string> unrecognized_types(const cfn::Template& of) {
  std::set<std::string> unknown;
  for (const auto& resource : of.resources) {
    if (!cfn::find_type(resource.type)) unknown.insert(resource.type);
  }
  return {unknown.begin(), unknown.end()};
}

Result<> check_types(const cfn::Template& of) {
  if (const auto unknown = unrecognized_types(of); !unknown.empty()) {
    return cfn::format_error("Unrecognized resource types: [{}]", join(unknown, ", "));
  }
  for (const auto& resource : of.resources) {
    for (const auto* policy : {&resource.deletion_policy, &resource.update_replace_policy}) {
      if (*policy == "Snapshot") {
        return cfn::template_error("resource type {} does not support deletion policy Snapshot",
                                   resource.type);
      }
    }
  }
  return {};
}

RequiredCapabilities required_capabilities(const cfn::Template& of) {
  std::set<std::string> types;
  bool named = false;
  for (const auto& resource : of.resources) {
    const auto* permission = permission_type(resource.type);
    if (!permission) continue;
    types.insert(resource.type);
    named = named ||
            (!permission->name_property.empty() && resource.properties.contains(permission->name_property));
  }
  RequiredCapabilities required;
  if (!types.empty()) {
    required.capabilities.emplace_back(named ? capability_named_iam : capability_iam);
    required.reason = fmt::format("The following resource(s) require capabilities: [{}]",
                                  join(std::vector<std::string>(types.begin(), types.end()), ", "));
  }
  if (of.uses_language_extensions()) {
    required.capabilities.emplace_back(capability_auto_expand);
    if (!required.reason.empty()) required.reason += " ";
    required.reason +=
        fmt::format("The following transform(s) require capabilities: [{}]", join(of.transforms, ", "));
  }
  return required;
}

Result<> check_capabilities(const cfn::Template& of, const std::vector<std::string>& given,
                            Acceptance acceptance) {
  const auto has = [&](std::string_view capability) {
    return std::find(given.begin(), given.end(), capability) != given.end();
  };
  std::vector<std::string> missing;
  for (const auto& capability : required_capabilities(of).capabilities) {
    if (has(capability)) continue;
    if (capability == capability_iam && has(capability_named_iam)) continue;
    if (capability == capability_auto_expand && acceptance == Acceptance::change_set) continue;
    missing.push_back(capability);
  }
  if (missing.empty()) return {};
  return Error{"InsufficientCapabilitiesException",
               fmt::format("Requires capabilities : [{}]", join(missing, ", "))};
}

}  // namespace berth::cloudformation
