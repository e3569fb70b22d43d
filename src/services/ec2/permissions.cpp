#include "services/ec2/permissions.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "services/ec2/cidr.h"

namespace berth::ec2 {
namespace {

struct Ports {
  std::string protocol;
  std::int64_t from = -1;
  std::int64_t to = -1;
};

Result<std::string> canonical_protocol(const std::optional<std::string>& given) {
  if (!given || given->empty()) return missing_parameter("ipProtocol");
  const std::string name = lower(*given);
  const std::pair<const char*, const char*> names[] = {
      {"6", "tcp"}, {"17", "udp"}, {"1", "icmp"}, {"58", "icmpv6"}};
  for (const auto& [number, text] : names) {
    if (name == number || name == text) return std::string(text);
  }
  if (name == "-1" || name == "all") return std::string("-1");
  const auto number = parse_integer(name);
  if (number && *number >= 0 && *number <= 255) return name;
  return Error{"InvalidPermission.Malformed",
               fmt::format("Unsupported IP protocol \"{}\"  - supported: [tcp, udp, icmp]", *given)};
}

Result<Ports> ports_of(const IpPermission& permission) {
  auto protocol = canonical_protocol(permission.ip_protocol);
  if (!protocol) return protocol.error();
  Ports ports{*protocol};
  const bool icmp = *protocol == "icmp" || *protocol == "icmpv6";
  if (*protocol != "tcp" && *protocol != "udp" && !icmp) return ports;  // AWS ignores ports of the others
  if (!permission.from_port || !permission.to_port) {
    if (icmp) return ports;
    return invalid_parameter(
        "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
  }
  ports.from = *permission.from_port;
  ports.to = *permission.to_port;
  if (icmp) return ports;  // type and code
  if (ports.from < 0 || ports.from > 65535 || ports.to < 0 || ports.to > 65535 || ports.from > ports.to) {
    return Error{"InvalidParameterValue",
                 fmt::format("Invalid TCP/UDP port range ({}:{})", ports.from, ports.to)};
  }
  return ports;
}

SecurityGroupRule rule_with(const Ports& ports, const std::optional<std::string>& description) {
  SecurityGroupRule rule;
  rule.ip_protocol = ports.protocol;
  rule.from_port = ports.from;
  rule.to_port = ports.to;
  rule.description = description;
  return rule;
}

Error malformed_block(const std::string& text) {
  return invalid_parameter(fmt::format("CIDR block {} is malformed", text));
}

bool is_ipv6_block(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return false;
  const auto bits = parse_integer(std::string_view(text).substr(slash + 1));
  in6_addr address{};
  return bits && *bits >= 0 && *bits <= 128 &&
         inet_pton(AF_INET6, text.substr(0, slash).c_str(), &address) == 1;
}

Result<SecurityGroupRule> rule_to_group(const Context& context, const std::string& vpc_id, const Ports& ports,
                                        const UserIdGroupPair& pair) {
  std::string id = pair.group_id.value_or("");
  if (id.empty() && pair.group_name) {
    for (const auto& [group_id, row] : context.store.all<SecurityGroupRow>()) {
      if (row.vpc_id == vpc_id && row.description.group_name == *pair.group_name) id = group_id;
    }
    if (id.empty()) return not_found(kinds::security_group, *pair.group_name);
  }
  auto group = require<SecurityGroupRow>(context.store, kinds::security_group, id, "groupId");
  if (!group) return group.error();
  if ((*group)->vpc_id != vpc_id) {
    return Error{"InvalidGroup.NotFound",
                 "You have specified two resources that belong to different networks."};
  }
  SecurityGroupRule rule = rule_with(ports, pair.description);
  ReferencedSecurityGroup referenced;
  referenced.group_id = id;
  referenced.user_id = context.settings.account;
  referenced.vpc_id = vpc_id;
  rule.referenced_group_info = referenced;
  return rule;
}

Result<> append_rules(const Context& context, const std::string& vpc_id, const IpPermission& permission,
                      std::vector<SecurityGroupRule>& out) {
  auto ports = ports_of(permission);
  if (!ports) return ports.error();
  const std::size_t before = out.size();
  for (const IpRange& range : list_of(permission.ip_ranges)) {
    const auto cidr = parse_cidr(range.cidr_ip.value_or(""));
    if (!cidr) return malformed_block(range.cidr_ip.value_or(""));
    out.push_back(rule_with(*ports, range.description));
    out.back().cidr_ipv4 = cidr->text();
  }
  for (const Ipv6Range& range : list_of(permission.ipv6_ranges)) {
    if (!is_ipv6_block(range.cidr_ipv6.value_or(""))) return malformed_block(range.cidr_ipv6.value_or(""));
    out.push_back(rule_with(*ports, range.description));
    out.back().cidr_ipv6 = range.cidr_ipv6;
  }
  for (const UserIdGroupPair& pair : list_of(permission.user_id_group_pairs)) {
    auto rule = rule_to_group(context, vpc_id, *ports, pair);
    if (!rule) return rule.error();
    out.push_back(std::move(*rule));
  }
  if (!list_of(permission.prefix_list_ids).empty()) return not_supported("A rule with PrefixListIds");
  if (out.size() == before) {
    return Error{"InvalidParameterValue",
                 "Either a CIDR block, a prefix list or a security group must be given."};
  }
  return {};
}

std::optional<std::string> peer_group(const SecurityGroupRule& rule) {
  return rule.referenced_group_info ? rule.referenced_group_info->group_id : std::nullopt;
}

void append_peer(const SecurityGroupRule& rule, IpPermission& permission) {
  if (rule.cidr_ipv4) permission.ip_ranges->push_back({rule.description, rule.cidr_ipv4});
  if (rule.cidr_ipv6) permission.ipv6_ranges->push_back({rule.description, rule.cidr_ipv6});
  if (!rule.referenced_group_info) return;
  UserIdGroupPair pair;
  pair.description = rule.description;
  pair.group_id = rule.referenced_group_info->group_id;
  pair.user_id = rule.referenced_group_info->user_id;
  permission.user_id_group_pairs->push_back(std::move(pair));
}

}  // namespace

Result<std::vector<SecurityGroupRule>> rules_from(const Context& context, const std::string& vpc_id,
                                                  const std::vector<IpPermission>& permissions) {
  std::vector<SecurityGroupRule> rules;
  for (const IpPermission& permission : permissions) {
    if (auto done = append_rules(context, vpc_id, permission, rules); !done) return done.error();
  }
  return rules;
}

std::vector<IpPermission> permissions_from(const std::vector<SecurityGroupRule>& rules) {
  std::vector<IpPermission> permissions;
  for (const SecurityGroupRule& rule : rules) {
    // Without ports, the older form leaves them out where the newer one says -1.
    const bool with_ports = rule.ip_protocol != "-1";
    const auto from = with_ports ? rule.from_port : std::nullopt;
    const auto to = with_ports ? rule.to_port : std::nullopt;
    auto found = std::find_if(permissions.begin(), permissions.end(), [&](const IpPermission& permission) {
      return permission.ip_protocol == rule.ip_protocol && permission.from_port == from &&
             permission.to_port == to;
    });
    if (found == permissions.end()) {
      IpPermission fresh;
      fresh.ip_protocol = rule.ip_protocol;
      fresh.from_port = from;
      fresh.to_port = to;
      fresh.ip_ranges.emplace();
      fresh.ipv6_ranges.emplace();
      fresh.prefix_list_ids.emplace();
      fresh.user_id_group_pairs.emplace();
      found = permissions.insert(permissions.end(), std::move(fresh));
    }
    append_peer(rule, *found);
  }
  return permissions;
}

bool same_traffic(const SecurityGroupRule& a, const SecurityGroupRule& b) {
  return a.ip_protocol == b.ip_protocol && a.from_port == b.from_port && a.to_port == b.to_port &&
         a.cidr_ipv4 == b.cidr_ipv4 && a.cidr_ipv6 == b.cidr_ipv6 && peer_group(a) == peer_group(b);
}

std::string rule_text(const SecurityGroupRule& rule) {
  const std::string peer = rule.cidr_ipv4   ? *rule.cidr_ipv4
                           : rule.cidr_ipv6 ? *rule.cidr_ipv6
                                            : peer_group(rule).value_or("");
  if (rule.ip_protocol == "-1") return fmt::format("peer: {}, ALL, ALLOW", peer);
  std::string protocol = rule.ip_protocol.value_or("");
  std::transform(protocol.begin(), protocol.end(), protocol.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return fmt::format("peer: {}, {}, from port: {}, to port: {}, ALLOW", peer, protocol,
                     rule.from_port.value_or(-1), rule.to_port.value_or(-1));
}

}  // namespace berth::ec2
