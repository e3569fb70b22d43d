#include "host/firewall.h"

#include <fmt/format.h>

#include "base/text.h"
#include "host/netns.h"
#include "host/process.h"

namespace berth::host {
namespace {

// Metadata and credentials: no security group stands before them on AWS either, nor before the resolver.
constexpr const char* agent_address = "169.254.170.2";

std::string port_match(const world::TrafficRule& rule) {
  if (rule.protocol == "-1") return "";
  if (rule.protocol == "icmp") {
    std::string match = "meta l4proto icmp ";
    if (rule.from_port >= 0) match += fmt::format("icmp type {} ", rule.from_port);
    if (rule.from_port >= 0 && rule.to_port >= 0) match += fmt::format("icmp code {} ", rule.to_port);
    return match;
  }
  if ((rule.protocol != "tcp" && rule.protocol != "udp") || rule.from_port < 0) {
    return fmt::format("meta l4proto {} ", rule.protocol);
  }
  return fmt::format("{} dport {}-{} ", rule.protocol, rule.from_port, rule.to_port);
}

void write_rules(const std::vector<world::TrafficRule>& rules, const char* peer, std::string& out) {
  for (const auto& rule : rules) {
    if (rule.peers.empty()) continue;
    out += fmt::format("    ip {} {{ {} }} {}accept\n", peer, join(rule.peers, ", "), port_match(rule));
  }
}

}  // namespace

std::string firewall_script(const world::FirewallSpec& firewall) {
  // Named once so that deleting it cannot fail.
  std::string out =
      "table ip berth\n"
      "delete table ip berth\n"
      "table ip berth {\n"
      "  chain ingress {\n"
      "    type filter hook input priority 0; policy drop;\n"
      "    iif lo accept\n"
      "    ct state established,related accept\n";
  write_rules(firewall.ingress, "saddr", out);
  out += fmt::format(
      "  }}\n"
      "  chain egress {{\n"
      "    type filter hook output priority 0; policy drop;\n"
      "    oif lo accept\n"
      "    ct state established,related accept\n"
      "    ip daddr {} accept\n",
      agent_address);
  if (!firewall.resolver_address.empty())
    out += fmt::format("    ip daddr {} udp dport 53 accept\n", firewall.resolver_address);
  write_rules(firewall.egress, "daddr", out);
  return out + "  }\n}\n";
}

Result<> set_firewall(const std::string& netns, const world::FirewallSpec& firewall) {
  return in_netns(netns, [&]() -> Result<> {
    const auto done = run_checked({"nft", "-f", "-"}, {.input = firewall_script(firewall)});
    return done ? Result<>() : Result<>(done.error());
  });
}

}  // namespace berth::host
