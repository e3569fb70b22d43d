// Adding, taking away and listing the rules of security groups.
#include <fmt/format.h>

#include "handlers/ec2.h"
#include "services/ec2/listing.h"
#include "services/ec2/permissions.h"
#include "services/ec2/security_groups.h"

namespace berth::ec2 {
namespace {

constexpr std::size_t rules_per_direction_most = 60;

Facets rule_facets(const SecurityGroupRule& rule) {
  Facets facets;
  return facets.add("group-id", rule.group_id)
      .add("security-group-rule-id", rule.security_group_rule_id)
      .add_tags(rule.tags);
}

template <class Input>
Result<const SecurityGroupRow*> group_of(const Store& store, const Input& input) {
  if (input.group_id)
    return require<SecurityGroupRow>(store, kinds::security_group, input.group_id, "groupId");
  if constexpr (requires { input.group_name; }) {
    if (input.group_name) {
      return Error{
          "InvalidGroup.NotFound",
          fmt::format("The security group '{}' does not exist in default VPC 'null'", *input.group_name)};
    }
  }
  return Error{"MissingParameter", "The request must contain the parameter groupName or groupId"};
}

// The permissions of a request, also when it names just one by the members of old.
template <class Input>
std::vector<IpPermission> permissions_of(const Input& input) {
  if (input.ip_permissions) return *input.ip_permissions;
  if (!input.ip_protocol && !input.cidr_ip && !input.source_security_group_name) return {};
  IpPermission permission;
  permission.ip_protocol = input.ip_protocol;
  permission.from_port = input.from_port;
  permission.to_port = input.to_port;
  if (input.cidr_ip) permission.ip_ranges = {IpRange{.cidr_ip = input.cidr_ip}};
  if (input.source_security_group_name) {
    permission.user_id_group_pairs = {UserIdGroupPair{.group_name = input.source_security_group_name}};
    if (!permission.ip_protocol) permission.ip_protocol = "-1";
  }
  return {permission};
}

const SecurityGroupRuleRow* find_rule(const Store& store, const std::string& group_id, bool egress,
                                      const SecurityGroupRule& wanted) {
  for (const auto& [id, row] : store.all<SecurityGroupRuleRow>()) {
    if (row.group_id == group_id && row.description.is_egress == egress &&
        same_traffic(row.description, wanted)) {
      return &row;
    }
  }
  return nullptr;
}

std::size_t count_rules(const Store& store, const std::string& group_id, bool egress) {
  std::size_t count = 0;
  for (const auto& [id, row] : store.all<SecurityGroupRuleRow>()) {
    if (row.group_id == group_id && row.description.is_egress == egress) ++count;
  }
  return count;
}

template <class Output, class Input>
Result<Output> authorize(Context& context, const Input& input, bool egress) {
  auto group = group_of(context.store, input);
  if (!group) return group.error();
  const std::string group_id = (*group)->id;
  auto tags = tags_from(input.tag_specifications, kinds::security_group_rule);
  if (!tags) return tags.error();
  auto rules = rules_from(context, (*group)->vpc_id, permissions_of(input));
  if (!rules) return rules.error();
  if (rules->empty()) return missing_parameter("ipPermissions");
  Output output;
  output.return_ = true;
  output.security_group_rules.emplace();
  for (SecurityGroupRule& rule : *rules) {
    if (find_rule(context.store, group_id, egress, rule)) {
      return Error{"InvalidPermission.Duplicate",
                   fmt::format("the specified rule \"{}\" already exists", rule_text(rule))};
    }
    if (count_rules(context.store, group_id, egress) == rules_per_direction_most) {
      return Error{"RulesPerSecurityGroupLimitExceeded",
                   "The maximum number of rules per security group has been reached."};
    }
    output.security_group_rules->push_back(put_rule(context, group_id, egress, std::move(rule), *tags));
  }
  return answer(input, std::move(output));
}

RevokedSecurityGroupRule revoked(const SecurityGroupRule& rule) {
  RevokedSecurityGroupRule out;
  out.security_group_rule_id = rule.security_group_rule_id;
  out.group_id = rule.group_id;
  out.is_egress = rule.is_egress;
  out.ip_protocol = rule.ip_protocol;
  out.from_port = rule.from_port;
  out.to_port = rule.to_port;
  out.cidr_ipv4 = rule.cidr_ipv4;
  out.cidr_ipv6 = rule.cidr_ipv6;
  if (rule.referenced_group_info) out.referenced_group_id = rule.referenced_group_info->group_id;
  out.description = rule.description;
  return out;
}

template <class Input>
Result<std::vector<std::string>> rules_to_revoke(const Context& context, const Input& input,
                                                 const SecurityGroupRow& group, bool egress) {
  std::vector<std::string> ids;
  for (const std::string& id : list_of(input.security_group_rule_ids)) {
    auto row =
        require<SecurityGroupRuleRow>(context.store, kinds::security_group_rule, id, "securityGroupRuleId");
    if (!row) return row.error();
    if ((*row)->group_id != group.id || (*row)->description.is_egress != egress) {
      return not_found(kinds::security_group_rule, id);
    }
    ids.push_back(id);
  }
  if (!ids.empty()) return ids;
  auto rules = rules_from(context, group.vpc_id, permissions_of(input));
  if (!rules) return rules.error();
  if (rules->empty()) return missing_parameter("ipPermissions");
  for (const SecurityGroupRule& rule : *rules) {
    const auto* row = find_rule(context.store, group.id, egress, rule);
    if (!row) {
      return Error{"InvalidPermission.NotFound", "The specified rule does not exist in this security group."};
    }
    ids.push_back(row->id);
  }
  return ids;
}

template <class Output, class Input>
Result<Output> revoke(Context& context, const Input& input, bool egress) {
  auto group = group_of(context.store, input);
  if (!group) return group.error();
  auto ids = rules_to_revoke(context, input, **group, egress);
  if (!ids) return ids.error();
  Output output;
  output.return_ = true;
  output.unknown_ip_permissions.emplace();
  output.revoked_security_group_rules.emplace();
  for (const std::string& id : *ids) {
    if (const auto* row = context.store.find<SecurityGroupRuleRow>(id)) {
      output.revoked_security_group_rules->push_back(revoked(row->description));
    }
    context.store.erase<SecurityGroupRuleRow>(id);
  }
  return answer(input, std::move(output));
}

// What a rule shall become, in the form that rules are made from.
IpPermission permission_of(const SecurityGroupRuleRequest& wanted) {
  IpPermission permission;
  permission.ip_protocol = wanted.ip_protocol;
  permission.from_port = wanted.from_port;
  permission.to_port = wanted.to_port;
  if (wanted.cidr_ipv4) permission.ip_ranges = {IpRange{wanted.description, wanted.cidr_ipv4}};
  if (wanted.cidr_ipv6) permission.ipv6_ranges = {Ipv6Range{wanted.description, wanted.cidr_ipv6}};
  if (wanted.prefix_list_id)
    permission.prefix_list_ids.emplace().emplace_back().prefix_list_id = wanted.prefix_list_id;
  if (wanted.referenced_group_id) {
    permission.user_id_group_pairs = {
        UserIdGroupPair{.description = wanted.description, .group_id = wanted.referenced_group_id}};
  }
  return permission;
}

Result<> modify_rule(Context& context, const SecurityGroupRow& group, const SecurityGroupRuleUpdate& update) {
  auto row = require<SecurityGroupRuleRow>(context.store, kinds::security_group_rule,
                                           update.security_group_rule_id, "SecurityGroupRuleId");
  if (!row) return row.error();
  if ((*row)->group_id != group.id) return not_found(kinds::security_group_rule, (*row)->id);
  auto rules = rules_from(context, group.vpc_id,
                          {permission_of(update.security_group_rule.value_or(SecurityGroupRuleRequest{}))});
  if (!rules) return rules.error();
  SecurityGroupRule& wanted = rules->front();
  const auto* same =
      find_rule(context.store, group.id, (*row)->description.is_egress.value_or(false), wanted);
  if (same && same->id != (*row)->id) {
    return Error{"InvalidPermission.Duplicate",
                 fmt::format("the specified rule \"{}\" already exists", rule_text(wanted))};
  }
  const SecurityGroupRule before = (*row)->description;
  wanted.security_group_rule_id = before.security_group_rule_id;
  wanted.security_group_rule_arn = before.security_group_rule_arn;
  wanted.group_id = before.group_id;
  wanted.group_owner_id = before.group_owner_id;
  wanted.is_egress = before.is_egress;
  wanted.tags = before.tags;
  context.store.edit<SecurityGroupRuleRow>((*row)->id)->description = wanted;
  return {};
}

// Only the descriptions of rules that are there: by their ids, or by what they let through.
template <class Output, class Input>
Result<Output> describe_anew(Context& context, const Input& input, bool egress) {
  auto group = group_of(context.store, input);
  if (!group) return group.error();
  const std::string group_id = (*group)->id;
  for (const auto& named : list_of(input.security_group_rule_descriptions)) {
    auto row = require<SecurityGroupRuleRow>(context.store, kinds::security_group_rule,
                                             named.security_group_rule_id, "SecurityGroupRuleId");
    if (!row) return row.error();
    context.store.edit<SecurityGroupRuleRow>((*row)->id)->description.description = named.description;
  }
  auto rules = rules_from(context, (*group)->vpc_id, list_of(input.ip_permissions));
  if (!rules) return rules.error();
  if (rules->empty() && list_of(input.security_group_rule_descriptions).empty())
    return missing_parameter("ipPermissions");
  for (const SecurityGroupRule& rule : *rules) {
    const auto* row = find_rule(context.store, group_id, egress, rule);
    if (!row) {
      return Error{"InvalidPermission.NotFound", "The specified rule does not exist in this security group."};
    }
    context.store.edit<SecurityGroupRuleRow>(row->id)->description.description = rule.description;
  }
  Output output;
  output.return_ = true;
  return answer(input, std::move(output));
}

}  // namespace

Result<ModifySecurityGroupRulesResult> modify_security_group_rules(
    Context& context, const ModifySecurityGroupRulesRequest& input) {
  auto group = group_of(context.store, input);
  if (!group) return group.error();
  for (const auto& update : list_of(input.security_group_rules)) {
    if (auto modified = modify_rule(context, **group, update); !modified) return modified.error();
  }
  return answer(input, ModifySecurityGroupRulesResult{true});
}

Result<UpdateSecurityGroupRuleDescriptionsIngressResult> update_security_group_rule_descriptions_ingress(
    Context& context, const UpdateSecurityGroupRuleDescriptionsIngressRequest& input) {
  return describe_anew<UpdateSecurityGroupRuleDescriptionsIngressResult>(context, input, false);
}

Result<UpdateSecurityGroupRuleDescriptionsEgressResult> update_security_group_rule_descriptions_egress(
    Context& context, const UpdateSecurityGroupRuleDescriptionsEgressRequest& input) {
  return describe_anew<UpdateSecurityGroupRuleDescriptionsEgressResult>(context, input, true);
}

Result<AuthorizeSecurityGroupIngressResult> authorize_security_group_ingress(
    Context& context, const AuthorizeSecurityGroupIngressRequest& input) {
  return authorize<AuthorizeSecurityGroupIngressResult>(context, input, false);
}

Result<AuthorizeSecurityGroupEgressResult> authorize_security_group_egress(
    Context& context, const AuthorizeSecurityGroupEgressRequest& input) {
  return authorize<AuthorizeSecurityGroupEgressResult>(context, input, true);
}

Result<RevokeSecurityGroupIngressResult> revoke_security_group_ingress(
    Context& context, const RevokeSecurityGroupIngressRequest& input) {
  return revoke<RevokeSecurityGroupIngressResult>(context, input, false);
}

Result<RevokeSecurityGroupEgressResult> revoke_security_group_egress(
    Context& context, const RevokeSecurityGroupEgressRequest& input) {
  return revoke<RevokeSecurityGroupEgressResult>(context, input, true);
}

Result<DescribeSecurityGroupRulesResult> describe_security_group_rules(
    Context& context, const DescribeSecurityGroupRulesRequest& input) {
  std::vector<SecurityGroupRule> rules;
  for (const auto& [id, row] : context.store.all<SecurityGroupRuleRow>()) rules.push_back(row.description);
  auto page = list(input, std::move(rules), input.security_group_rule_ids, kinds::security_group_rule,
                   &SecurityGroupRule::security_group_rule_id, rule_facets);
  if (!page) return page.error();
  DescribeSecurityGroupRulesResult output;
  output.security_group_rules = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

}  // namespace berth::ec2
