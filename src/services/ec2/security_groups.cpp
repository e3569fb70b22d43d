#include "services/ec2/security_groups.h"

#include <fmt/format.h>

#include "handlers/ec2.h"
#include "services/ec2/listing.h"
#include "services/ec2/permissions.h"
#include "services/ecs/rows.h"
#include "services/elbv2/rows.h"

namespace berth::ec2 {
namespace {

constexpr std::size_t group_name_most = 255;

using RulesByGroup = std::map<std::string, std::vector<SecurityGroupRule>>;

RulesByGroup rules_by_group(const Store& store, bool egress) {
  RulesByGroup rules;
  for (const auto& [id, row] : store.all<SecurityGroupRuleRow>()) {
    if (row.description.is_egress == egress) rules[row.group_id].push_back(row.description);
  }
  return rules;
}

std::vector<SecurityGroup> describe_all(const Store& store) {
  RulesByGroup ingress = rules_by_group(store, false);
  RulesByGroup egress = rules_by_group(store, true);
  std::vector<SecurityGroup> groups;
  for (const auto& [id, row] : store.all<SecurityGroupRow>()) {
    groups.push_back(row.description);
    groups.back().ip_permissions = permissions_from(ingress[id]);
    groups.back().ip_permissions_egress = permissions_from(egress[id]);
  }
  return groups;
}

void add_permission_facets(Facets& facets, const std::string& prefix,
                           const std::vector<IpPermission>& permissions) {
  const auto add = [&](const char* name, const auto& value) { facets.add((prefix + name).c_str(), value); };
  for (const auto* name : {"cidr", "ipv6-cidr", "group-id", "protocol"})
    add(name, std::optional<std::string>());
  for (const auto* name : {"from-port", "to-port"}) add(name, std::optional<std::int64_t>());
  for (const auto& permission : permissions) {
    add("protocol", permission.ip_protocol);
    add("from-port", permission.from_port);
    add("to-port", permission.to_port);
    for (const auto& range : list_of(permission.ip_ranges)) add("cidr", range.cidr_ip);
    for (const auto& range : list_of(permission.ipv6_ranges)) add("ipv6-cidr", range.cidr_ipv6);
    for (const auto& pair : list_of(permission.user_id_group_pairs)) add("group-id", pair.group_id);
  }
}

Facets group_facets(const SecurityGroup& group) {
  Facets facets;
  facets.add("description", group.description)
      .add("group-id", group.group_id)
      .add("group-name", group.group_name)
      .add("owner-id", group.owner_id)
      .add("vpc-id", group.vpc_id)
      .add_tags(group.tags);
  add_permission_facets(facets, "ip-permission.", list_of(group.ip_permissions));
  add_permission_facets(facets, "egress.ip-permission.", list_of(group.ip_permissions_egress));
  return facets;
}

SecurityGroupRow new_group(Context& context, const std::string& vpc_id, const std::string& name,
                           const std::string& description) {
  SecurityGroupRow row;
  row.id = new_id(context, kinds::security_group);
  row.vpc_id = vpc_id;
  row.description.group_id = row.id;
  row.description.group_name = name;
  row.description.description = description;
  row.description.vpc_id = vpc_id;
  row.description.owner_id = context.settings.account;
  row.description.security_group_arn = context.settings.arn("ec2", "security-group/" + row.id);
  row.description.tags.emplace();
  return row;
}

void allow_all_egress(Context& context, const std::string& group_id) {
  SecurityGroupRule rule;
  rule.ip_protocol = "-1";
  rule.from_port = -1;
  rule.to_port = -1;
  rule.cidr_ipv4 = "0.0.0.0/0";
  put_rule(context, group_id, true, std::move(rule));
}

Result<> check_new_group(const Store& store, const CreateSecurityGroupRequest& input) {
  const std::string name = input.group_name.value_or("");
  if (name.empty()) return missing_parameter("GroupName");
  if (input.description.value_or("").empty()) return missing_parameter("GroupDescription");
  if (name == default_group_name)
    return invalid_parameter("Cannot use reserved security group name: default");
  if (name.starts_with("sg-")) {
    return invalid_parameter(fmt::format(
        "Value ({}) for parameter GroupName is invalid. Group names may not be in the format sg-*.", name));
  }
  if (name.size() > group_name_most) {
    return invalid_parameter(fmt::format(
        "Value ({}) for parameter GroupName is invalid. Group names must be at most 255 characters.", name));
  }
  for (const auto& [id, row] : store.all<SecurityGroupRow>()) {
    if (row.vpc_id == input.vpc_id && row.description.group_name == name) {
      return Error{"InvalidGroup.Duplicate",
                   fmt::format("The security group '{}' already exists for VPC '{}'", name, row.vpc_id)};
    }
  }
  return {};
}

bool group_in_use(const Store& store, const std::string& group_id) {
  for (const auto& [id, task] : store.all<ecs::TaskRow>()) {
    const auto& groups = task.security_groups;
    if (task.last_status != "STOPPED" && std::find(groups.begin(), groups.end(), group_id) != groups.end()) {
      return true;
    }
  }
  for (const auto& [arn, balancer] : store.all<elbv2::LoadBalancerRow>()) {
    const auto& groups = list_of(balancer.description.security_groups);
    if (std::find(groups.begin(), groups.end(), group_id) != groups.end()) return true;
  }
  for (const auto& [id, rule] : store.all<SecurityGroupRuleRow>()) {
    if (rule.group_id != group_id && rule.description.referenced_group_info &&
        rule.description.referenced_group_info->group_id == group_id) {
      return true;
    }
  }
  return false;
}

}  // namespace

SecurityGroupRule put_rule(Context& context, const std::string& group_id, bool egress, SecurityGroupRule rule,
                           std::vector<Tag> tags) {
  SecurityGroupRuleRow row;
  row.id = new_id(context, kinds::security_group_rule);
  row.group_id = group_id;
  rule.security_group_rule_id = row.id;
  rule.security_group_rule_arn = context.settings.arn("ec2", "security-group-rule/" + row.id);
  rule.group_id = group_id;
  rule.group_owner_id = context.settings.account;
  rule.is_egress = egress;
  rule.tags = std::move(tags);
  row.description = rule;
  context.store.put(std::move(row));
  return rule;
}

void make_default_group(Context& context, const std::string& vpc_id) {
  SecurityGroupRow row = new_group(context, vpc_id, default_group_name, "default VPC security group");
  SecurityGroupRule members;
  members.ip_protocol = "-1";
  members.from_port = -1;
  members.to_port = -1;
  ReferencedSecurityGroup self;
  self.group_id = row.id;
  self.user_id = context.settings.account;
  self.vpc_id = vpc_id;
  members.referenced_group_info = self;
  put_rule(context, row.id, false, std::move(members));
  allow_all_egress(context, row.id);
  context.store.put(std::move(row));
}

void erase_group(Store& store, const std::string& group_id) {
  std::vector<std::string> rules;
  for (const auto& [id, rule] : store.all<SecurityGroupRuleRow>()) {
    if (rule.group_id == group_id) rules.push_back(id);
  }
  for (const auto& id : rules) store.erase<SecurityGroupRuleRow>(id);
  store.erase<SecurityGroupRow>(group_id);
}

Result<CreateSecurityGroupResult> create_security_group(Context& context,
                                                        const CreateSecurityGroupRequest& input) {
  if (!input.vpc_id) return Error{"VPCIdNotSpecified", "No default VPC for this user"};
  auto vpc = require<VpcRow>(context.store, kinds::vpc, input.vpc_id, "vpcId");
  if (!vpc) return vpc.error();
  if (auto checked = check_new_group(context.store, input); !checked) return checked.error();
  auto tags = tags_from(input.tag_specifications, kinds::security_group);
  if (!tags) return tags.error();
  SecurityGroupRow row = new_group(context, (*vpc)->id, *input.group_name, *input.description);
  row.description.tags = *tags;
  allow_all_egress(context, row.id);
  CreateSecurityGroupResult output;
  output.group_id = row.id;
  output.tags = std::move(*tags);
  output.security_group_arn = row.description.security_group_arn;
  context.store.put(std::move(row));
  return answer(input, std::move(output));
}

Result<DeleteSecurityGroupResult> delete_security_group(Context& context,
                                                        const DeleteSecurityGroupRequest& input) {
  if (!input.group_id && input.group_name) {
    return Error{
        "InvalidGroup.NotFound",
        fmt::format("The security group '{}' does not exist in default VPC 'null'", *input.group_name)};
  }
  auto row = require<SecurityGroupRow>(context.store, kinds::security_group, input.group_id, "GroupId");
  if (!row) return row.error();
  const std::string id = (*row)->id;
  if ((*row)->description.group_name == default_group_name) {
    return Error{
        "CannotDelete",
        fmt::format("the specified group: \"{}\" name: \"default\" cannot be deleted by a user", id)};
  }
  if (group_in_use(context.store, id))
    return dependency_violation(fmt::format("resource {} has a dependent object", id));
  erase_group(context.store, id);
  return answer(input, DeleteSecurityGroupResult{true, id});
}

Result<DescribeSecurityGroupsResult> describe_security_groups(Context& context,
                                                              const DescribeSecurityGroupsRequest& input) {
  // Names stand for groups of the default VPC, and there is none.
  if (const auto& names = list_of(input.group_names); !names.empty()) {
    return Error{"InvalidGroup.NotFound",
                 fmt::format("The security group '{}' does not exist in default VPC 'null'", names.front())};
  }
  auto page = list(input, describe_all(context.store), input.group_ids, kinds::security_group,
                   &SecurityGroup::group_id, group_facets);
  if (!page) return page.error();
  DescribeSecurityGroupsResult output;
  output.security_groups = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

}  // namespace berth::ec2
