#include "host/vpc_routes.h"

#include <fmt/format.h>

#include "base/text.h"
#include "host/netns.h"
#include "host/process.h"

namespace berth::host {
namespace {

constexpr const char* gateway = "igw";  // the veth's end in the VPC
constexpr const char* internet_side = "169.254.1.1";
constexpr const char* vpc_side = "169.254.1.2";

const std::map<std::string, std::string>& forwarding() {
  static const std::map<std::string, std::string> settings{{"ipv4/ip_forward", "1"},
                                                           {"ipv4/conf/all/rp_filter", "0"},
                                                           {"ipv4/conf/default/rp_filter", "0"},
                                                           {"ipv6/conf/all/disable_ipv6", "1"},
                                                           {"ipv6/conf/default/disable_ipv6", "1"}};
  return settings;
}

bool in_public_subnet(const world::VpcSpec& vpc, const std::string& address) {
  for (const auto& subnet : vpc.subnets) {
    if (subnet.routes_to_internet && contains_address(subnet.cidr, address)) return true;
  }
  return false;
}

// Those that an internet gateway serves.
PublicAddresses served(const world::VpcSpec& vpc, const PublicAddresses& addresses) {
  PublicAddresses out;
  for (const auto& [address, public_address] : addresses) {
    if (in_public_subnet(vpc, address)) out[address] = public_address;
  }
  return out;
}

bool has_interface(const std::string& space, const std::string& name) {
  const auto interfaces = ip_interfaces(space);
  if (!interfaces) return false;
  for (const auto& one : *interfaces) {
    if (string_or(one, "ifname") == name) return true;
  }
  return false;
}

struct Translations {
  std::vector<std::string> in, out, sources, destinations;
};

Translations translations(const world::VpcSpec& vpc, const PublicAddresses& addresses) {
  Translations made;
  for (const auto& [address, public_address] : served(vpc, addresses)) {
    made.in.push_back(public_address + " : " + address);
    made.out.push_back(address + " : " + public_address);
    made.sources.push_back(address);
    made.destinations.push_back(address);
  }
  for (const auto& subnet : vpc.subnets) {
    if (!subnet.nat_address.empty()) made.sources.push_back(subnet.cidr);
  }
  return made;
}

}  // namespace

std::string routing_script(const world::VpcSpec& vpc, const PublicAddresses& addresses) {
  const Translations made = translations(vpc, addresses);
  std::string out =
      "table ip berth\n"
      "delete table ip berth\n"
      "table ip berth {\n"
      "  chain from_outside {\n"
      "    type nat hook prerouting priority -100;\n";
  const auto line = [&](const std::string& text) { out += "    " + text + "\n"; };
  if (!made.in.empty())
    line(fmt::format("iifname {} dnat to ip daddr map {{ {} }}", gateway, join(made.in, ", ")));
  if (vpc.has_endpoints) {
    line(fmt::format("iifname != {} ip daddr {} tcp dport {} dnat to {}", gateway, api_address, api_port,
                     vpc_endpoint_address));
  }
  out +=
      "  }\n"
      "  chain to_outside {\n"
      "    type nat hook postrouting priority 100;\n";
  if (!made.out.empty())
    line(fmt::format("oifname {} snat to ip saddr map {{ {} }}", gateway, join(made.out, ", ")));
  for (const auto& subnet : vpc.subnets) {
    if (subnet.nat_address.empty()) continue;
    line(fmt::format("oifname {} ip saddr {} snat to {}", gateway, subnet.cidr, subnet.nat_address));
  }
  out +=
      "  }\n"
      "  chain through {\n"
      "    type filter hook forward priority 0; policy accept;\n"
      "    ct state established,related accept\n";
  if (!made.destinations.empty())
    line(fmt::format("iifname {} ip daddr {{ {} }} accept", gateway, join(made.destinations, ", ")));
  line(fmt::format("iifname {} drop", gateway));
  if (!made.sources.empty())
    line(fmt::format("oifname {} ip saddr {{ {} }} accept", gateway, join(made.sources, ", ")));
  line(fmt::format("oifname {} drop", gateway));
  out +=
      "  }\n"
      "  chain here {\n"
      "    type filter hook input priority 0; policy accept;\n";
  line("ct state established,related accept");
  line(fmt::format("iifname {} drop", gateway));
  line(fmt::format("ct original ip daddr {} drop", vpc_endpoint_address));
  return out + "  }\n}\n";
}

std::set<std::string> outside_addresses(const world::VpcSpec& vpc, const PublicAddresses& addresses) {
  std::set<std::string> out;
  for (const auto& [address, public_address] : served(vpc, addresses)) out.insert(public_address);
  for (const auto& subnet : vpc.subnets) {
    if (!subnet.nat_address.empty()) out.insert(subnet.nat_address);
  }
  return out;
}

Result<> ensure_internet(const Names& names) {
  const std::string space = names.internet_namespace();
  if (netns_exists(space)) return {};
  if (auto made = make_netns(space); !made) return made;
  if (auto set = set_netns_settings(space, forwarding()); !set) return set;
  return ip_batch(space, {"link set lo up", fmt::format("addr replace {}/32 dev lo", api_address)});
}

Result<> remove_internet(const Names& names) {
  return remove_netns(names.internet_namespace());
}

Result<> ensure_gateway(const Names& names, const std::string& vpc_id) {
  const std::string internet = names.internet_namespace(), vpc = names.vpc_namespace(vpc_id);
  if (has_interface(vpc, gateway)) return {};
  const std::string port = Names::internet_port(vpc_id);
  if (has_interface(internet, port)) static_cast<void>(!ip_batch(internet, {"link delete " + port}));
  if (auto set = set_netns_settings(vpc, forwarding()); !set) return set;
  if (auto made =
          ip_batch(internet, {fmt::format("link add {} type veth peer name {} netns {}", port, gateway, vpc),
                              fmt::format("addr add {}/32 dev {}", internet_side, port),
                              fmt::format("link set {} up", port)});
      !made) {
    return made;
  }
  return ip_batch(vpc, {fmt::format("addr add {}/32 dev {}", vpc_side, gateway),
                        fmt::format("addr replace {}/32 dev lo", vpc_endpoint_address),
                        fmt::format("link set {} up", gateway),
                        fmt::format("route replace default via {} dev {} onlink", internet_side, gateway)});
}

Result<> set_routes(const Names& names, const world::VpcSpec& vpc, const PublicAddresses& addresses,
                    std::set<std::string>& routed) {
  const auto translated = in_netns(names.vpc_namespace(vpc.id), [&]() -> Result<> {
    const auto done = run_checked({"nft", "-f", "-"}, {.input = routing_script(vpc, addresses)});
    return done ? Result<>() : Result<>(done.error());
  });
  if (!translated) return translated;
  const std::string port = Names::internet_port(vpc.id);
  const auto wanted = outside_addresses(vpc, addresses);
  for (const auto& address : routed) {
    if (wanted.contains(address)) continue;
    // It may be another VPC's by now.
    static_cast<void>(
        !ip_batch(names.internet_namespace(), {fmt::format("route del {}/32 dev {}", address, port)}));
  }
  std::vector<std::string> commands;
  for (const auto& address : wanted) {
    if (routed.contains(address)) continue;
    commands.push_back(fmt::format("route replace {}/32 via {} dev {} onlink", address, vpc_side, port));
  }
  if (!commands.empty()) {
    if (auto done = ip_batch(names.internet_namespace(), commands); !done) return done;
  }
  routed = wanted;
  return {};
}

}  // namespace berth::host
