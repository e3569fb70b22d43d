#include "host/vpc_network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include "base/text.h"
#include "host/fd.h"
#include "host/firewall.h"
#include "host/netns.h"

namespace berth::host {
namespace {

constexpr std::string_view endpoint_address = "169.254.170.2";

struct Interface {
  std::string name;
  std::string mac_address;
  std::string bridge;  // it is a port of
  std::set<std::string> addresses;
};

Result<std::vector<Interface>> interfaces_of(const std::string& space) {
  const auto found = ip_interfaces(space);
  if (!found) return found.error();
  std::vector<Interface> out;
  for (const auto& entry : *found) {
    Interface one{string_or(entry, "ifname"), string_or(entry, "address"), string_or(entry, "master"), {}};
    if (const json::value* addresses = find(entry, "addr_info"); addresses != nullptr) {
      for (const auto& address : addresses->as_array()) one.addresses.insert(string_or(address, "local"));
    }
    out.push_back(std::move(one));
  }
  return out;
}

const Interface* named(const std::vector<Interface>& interfaces, const std::string& name) {
  const auto found =
      std::find_if(interfaces.begin(), interfaces.end(), [&](auto& i) { return i.name == name; });
  return found == interfaces.end() ? nullptr : &*found;
}

bool has_tasks(const std::vector<Interface>& interfaces) {
  return std::any_of(interfaces.begin(), interfaces.end(), [](auto& i) { return !i.bridge.empty(); });
}

Result<> ensure_vpc(const std::string& space) {
  if (auto made = make_netns(space); !made) return made;
  const auto interfaces = interfaces_of(space);
  if (!interfaces) return interfaces.error();
  const Interface* loopback = named(*interfaces, "lo");
  if (loopback != nullptr && loopback->addresses.contains(std::string(endpoint_address))) return {};
  // Tasks of one subnet talk to each other through the gateway, which need not tell them of a shorter way.
  // IPv6 is off in VPCs by default on AWS too.
  if (auto set = set_netns_settings(space, {{"ipv4/ip_forward", "1"},
                                            {"ipv4/conf/all/send_redirects", "0"},
                                            {"ipv4/conf/default/send_redirects", "0"},
                                            {"ipv6/conf/all/disable_ipv6", "1"},
                                            {"ipv6/conf/default/disable_ipv6", "1"}});
      !set) {
    return set;
  }
  return ip_batch(space, {"link set lo up", "addr replace " + std::string(endpoint_address) + "/32 dev lo"});
}

Result<> ensure_subnet(const std::string& space, const std::string& subnet_id, const std::string& cidr) {
  const auto gateway = subnet_gateway(cidr);
  if (!gateway) return gateway.error();
  const auto interfaces = interfaces_of(space);
  if (!interfaces) return interfaces.error();
  const std::string bridge = Names::bridge(subnet_id);
  const Interface* existing = named(*interfaces, bridge);
  if (existing != nullptr && existing->addresses.contains(gateway->address) &&
      existing->mac_address == gateway->mac_address) {
    return {};
  }
  std::vector<std::string> commands;
  if (existing == nullptr) {
    commands.push_back("link add " + bridge + " address " + gateway->mac_address +
                       " type bridge forward_delay 0");
  } else {
    // Made by a release that left the bridge its ports' addresses: tasks that know the old one are told.
    if (auto set = set_netns_settings(space, {{"ipv4/conf/" + bridge + "/arp_notify", "1"}}); !set)
      return set;
    commands.push_back("link set " + bridge + " address " + gateway->mac_address);
  }
  commands.push_back("addr replace " + gateway->address + "/" + std::to_string(gateway->prefix_length) +
                     " dev " + bridge);
  commands.push_back("link set " + bridge + " up");
  return ip_batch(space, commands);
}

// Addresses that berth itself has in the VPC. A load balancer's connections come from its own, not from the gateway's;
// the resolver has one.
Result<> set_own_addresses(const std::string& space, const world::VpcSpec& vpc) {
  auto wanted = vpc.balancer_addresses;
  if (!vpc.resolver_address.empty()) wanted.push_back(vpc.resolver_address);
  const auto interfaces = interfaces_of(space);
  if (!interfaces) return interfaces.error();
  const Interface* loopback = named(*interfaces, "lo");
  const auto present = loopback ? loopback->addresses : std::set<std::string>();
  std::vector<std::string> commands;
  for (const auto& address : wanted) {
    if (!present.contains(address)) commands.push_back("addr replace " + address + "/32 dev lo");
  }
  for (const auto& address : present) {
    const bool other = address == endpoint_address || address == vpc_endpoint_address ||
                       address == "127.0.0.1" || address.find(':') != std::string::npos ||
                       std::find(wanted.begin(), wanted.end(), address) != wanted.end();
    if (!other) commands.push_back("addr del " + address + "/32 dev lo");
  }
  return commands.empty() ? Result<>() : ip_batch(space, commands);
}

Result<> remove_unwanted_subnets(const std::string& space, const world::VpcSpec& vpc) {
  std::set<std::string> wanted;
  for (const auto& subnet : vpc.subnets) wanted.insert(Names::bridge(subnet.id));
  const auto interfaces = interfaces_of(space);
  if (!interfaces) return interfaces.error();
  for (const auto& one : *interfaces) {
    const bool has_ports = std::any_of(interfaces->begin(), interfaces->end(),
                                       [&](auto& other) { return other.bridge == one.name; });
    if (!one.name.starts_with("br") || wanted.contains(one.name) || has_ports) continue;
    if (auto removed = ip_batch(space, {"link delete " + one.name}); !removed) return removed;
  }
  return {};
}

// True when one had to stay because tasks are in it.
Result<bool> remove_unwanted_vpcs(const Names& names, const std::vector<world::VpcSpec>& vpcs) {
  std::set<std::string> wanted;
  for (const auto& vpc : vpcs) wanted.insert(names.vpc_namespace(vpc.id));
  bool some_stay = false;
  for (const auto& space : netns_names(names.vpc_prefix())) {
    if (wanted.contains(space)) continue;
    const auto interfaces = interfaces_of(space);
    if (interfaces && has_tasks(*interfaces)) {
      some_stay = true;
    } else if (auto removed = remove_netns(space); !removed) {
      return removed.error();
    }
  }
  return some_stay;
}

Result<bool> make_equal_to(const Names& names, const std::vector<world::VpcSpec>& vpcs) {
  if (!vpcs.empty()) {
    if (auto made = ensure_internet(names); !made) return made.error();
  }
  for (const auto& vpc : vpcs) {
    const std::string space = names.vpc_namespace(vpc.id);
    if (auto made = ensure_vpc(space); !made) return made.error();
    for (const auto& subnet : vpc.subnets) {
      if (auto made = ensure_subnet(space, subnet.id, subnet.cidr); !made) return made.error();
    }
    if (auto set = set_own_addresses(space, vpc); !set) return set.error();
    if (auto removed = remove_unwanted_subnets(space, vpc); !removed) return removed.error();
    if (auto made = ensure_gateway(names, vpc.id); !made) return made.error();
  }
  const auto some_stay = remove_unwanted_vpcs(names, vpcs);
  if (vpcs.empty()) {
    if (auto removed = remove_internet(names); !removed) return removed.error();
  }
  return some_stay;
}

Result<> make_task_interface(const std::string& task_space, const std::string& vpc_space,
                             const std::string& port, const world::InterfaceSpec& interface) {
  const auto gateway = subnet_gateway(interface.subnet_cidr);
  if (!gateway) return gateway.error();
  const std::string address = interface.address + "/" + std::to_string(gateway->prefix_length);
  const std::string bridge = Names::bridge(interface.subnet_id);
  // The address may have been another task's a moment ago: neighbours are told (arp_notify), the gateway is
  // set. Nor does the task ask for the gateway: while its port comes up, on a busy machine, the question
  // could be lost so often that the task's first connection fails. Ports below 1024 are free for every user,
  // as in Docker's and Fargate's containers.
  if (auto set = set_netns_settings(task_space, {{"ipv4/conf/default/arp_notify", "1"},
                                                 {"ipv4/ip_unprivileged_port_start", "0"},
                                                 {"ipv6/conf/all/disable_ipv6", "1"},
                                                 {"ipv6/conf/default/disable_ipv6", "1"}});
      !set) {
    return set;
  }
  if (auto joined = ip_batch(
          vpc_space, {"link add " + port + " master " + bridge + " up type veth peer name eth0 address " +
                          interface.mac_address + " netns " + task_space,
                      "neigh replace " + interface.address + " lladdr " + interface.mac_address + " dev " +
                          bridge + " nud permanent"});
      !joined) {
    return joined;
  }
  return ip_batch(
      task_space,
      {"link set lo up", "addr add " + address + " dev eth0 noprefixroute", "link set eth0 up",
       "neigh replace " + gateway->address + " lladdr " + gateway->mac_address + " dev eth0 nud permanent",
       "route add " + gateway->address + " dev eth0 scope link",
       "route add default via " + gateway->address + " src " + interface.address});
}

using Firewall = std::optional<world::FirewallSpec>;

Result<> attach_task(const std::string& task_space, const std::string& vpc_space, const std::string& port,
                     const world::InterfaceSpec& interface, const Firewall& firewall) {
  if (netns_exists(task_space)) {
    const auto interfaces = interfaces_of(task_space);
    const Interface* eth0 = interfaces ? named(*interfaces, "eth0") : nullptr;
    if (eth0 != nullptr && eth0->addresses.contains(interface.address)) {
      return firewall ? set_firewall(task_space, *firewall) : Result<>();
    }
    // Half made by a process that was killed.
    if (auto removed = remove_netns(task_space); !removed) return removed;
    static_cast<void>(!ip_batch(vpc_space, {"link delete " + port}));
  }
  if (auto made = make_netns(task_space); !made) return made;
  if (auto set = set_firewall(task_space, firewall.value_or(world::FirewallSpec{})); !set) return set;
  return make_task_interface(task_space, vpc_space, port, interface);
}

// `ready` keeps which subnets have been seen, so that a task's start need not look again.
Result<> attach_in_subnet(const std::string& task_space, const std::string& vpc_space,
                          const world::InterfaceSpec& interface, const Firewall& firewall,
                          std::set<std::string>& ready) {
  const std::string port = Names::task_port(task_space);
  const std::string subnet = vpc_space + "/" + interface.subnet_id;
  if (ready.contains(subnet) && attach_task(task_space, vpc_space, port, interface, firewall)) return {};
  if (auto made = ensure_vpc(vpc_space); !made) return made;
  if (auto made = ensure_subnet(vpc_space, interface.subnet_id, interface.subnet_cidr); !made) return made;
  ready.insert(subnet);
  return attach_task(task_space, vpc_space, port, interface, firewall);
}

}  // namespace

bool contains_address(const std::string& cidr, const std::string& address) {
  const auto gateway = subnet_gateway(cidr);
  const auto other =
      gateway ? subnet_gateway(address + "/" + std::to_string(gateway->prefix_length)) : gateway;
  return other && other->address == gateway->address;
}

Result<SubnetGateway> subnet_gateway(const std::string& cidr) {
  const auto slash = cidr.find('/');
  const auto length = slash == std::string::npos ? std::nullopt : parse_integer(cidr.substr(slash + 1));
  in_addr address{};
  if (!length || *length < 0 || *length > 30 ||
      inet_pton(AF_INET, cidr.substr(0, slash).c_str(), &address) != 1) {
    return Error{"SystemError", cidr + " is not a CIDR block of IPv4 addresses"};
  }
  const std::uint32_t mask = *length == 0 ? 0 : ~std::uint32_t{0} << (32 - *length);
  const std::uint32_t host_order = (ntohl(address.s_addr) & mask) + 1;
  address.s_addr = htonl(host_order);
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address, text, sizeof text);
  const std::string mac_address =
      fmt::format("06:00:{:02x}:{:02x}:{:02x}:{:02x}", host_order >> 24, host_order >> 16 & 0xff,
                  host_order >> 8 & 0xff, host_order & 0xff);
  return SubnetGateway{text, mac_address, static_cast<int>(*length)};
}

// What the VPCs' routes were last made of.
struct VpcNetwork::Routing {
  struct Vpc {
    world::VpcSpec spec;
    PublicAddresses addresses;
    std::set<std::string> routed;
  };
  std::map<std::string, Vpc> vpcs;

  // Only what has changed.
  Result<> set(const Names& names, const world::VpcSpec& spec, const PublicAddresses& addresses) {
    const auto known = vpcs.find(spec.id);
    if (known != vpcs.end() && known->second.spec == spec && known->second.addresses == addresses) return {};
    Vpc next{spec, addresses, known == vpcs.end() ? std::set<std::string>() : known->second.routed};
    if (auto done = set_routes(names, spec, addresses, next.routed); !done) {
      vpcs.erase(spec.id);
      return done;
    }
    vpcs[spec.id] = std::move(next);
    return {};
  }
};

VpcNetwork::VpcNetwork(Loop& loop, const std::string& data_dir)
    : loop_(loop), names_(data_dir), routing_(std::make_shared<Routing>()) {}

VpcNetwork::~VpcNetwork() = default;

std::map<std::string, PublicAddresses> VpcNetwork::public_addresses() const {
  std::map<std::string, PublicAddresses> out;
  for (const auto& [task, firewall] : firewalls_) {
    if (!firewall.public_address.empty()) out[firewall.vpc_id][firewall.address] = firewall.public_address;
  }
  return out;
}

void VpcNetwork::enqueue(std::function<Callback()> work) {
  queue_.push_back(std::move(work));
  if (!working_) work_on_next();
}

void VpcNetwork::work_on_next() {
  if (queue_.empty()) return;
  working_ = true;
  auto report = std::make_shared<Callback>();
  loop_.offload([work = std::move(queue_.front()), report] { *report = work(); },
                alive_.guard([this, report] {
                  working_ = false;
                  (*report)();
                  if (!working_) work_on_next();
                }));
  queue_.pop_front();
}

void VpcNetwork::apply(std::vector<world::VpcSpec> vpcs, std::function<void(Result<>)> done) {
  wanted_ = vpcs;
  removals_wait_ = false;
  enqueue([this, names = names_, vpcs = std::move(vpcs), ready = ready_, routing = routing_,
           addresses = public_addresses(), done = std::move(done)]() mutable -> Callback {
    ready->clear();
    auto some_stay = make_equal_to(names, vpcs);
    std::set<std::string> wanted;
    for (const auto& vpc : vpcs) {
      wanted.insert(vpc.id);
      if (!some_stay) break;
      if (auto set = routing->set(names, vpc, addresses[vpc.id]); !set) some_stay = set.error();
    }
    std::erase_if(routing->vpcs, [&](const auto& entry) { return !wanted.contains(entry.first); });
    return [this, some_stay, done] {
      removals_wait_ = removals_wait_ || (some_stay && *some_stay);
      done(some_stay ? Result<>() : Result<>(some_stay.error()));
    };
  });
}

void VpcNetwork::finish_removals() {
  if (removals_wait_) apply(wanted_, [](Result<>) {});
}

void VpcNetwork::protect(Firewalls firewalls, std::function<void(Result<>)> done) {
  std::map<std::string, world::FirewallSpec> by_space;
  for (auto& [task, firewall] : firewalls) {
    if (firewall) {
      by_space[names_.task_namespace(task)] = *firewall;
      firewalls_[task] = std::move(*firewall);
    } else {
      firewalls_.erase(task);
    }
  }
  enqueue([names = names_, by_space = std::move(by_space), vpcs = wanted_, addresses = public_addresses(),
           routing = routing_, done = std::move(done)]() mutable -> Callback {
    Result<> result;
    for (const auto& vpc : vpcs) {
      if (!routing->vpcs.contains(vpc.id)) continue;  // apply() does it
      if (auto set = routing->set(names, vpc, addresses[vpc.id]); !set && result) result = set;
    }
    for (const auto& [space, firewall] : by_space) {
      if (!netns_exists(space)) continue;  // attach() does it
      if (auto set = set_firewall(space, firewall); !set && result) result = set;
    }
    return [done, result] { done(result); };
  });
}

void VpcNetwork::listen_in_vpc(const std::string& vpc_id, const std::string& address, int port,
                               Done<int> done) {
  enqueue([space = names_.vpc_namespace(vpc_id), address, port, done = std::move(done)]() -> Callback {
    return [done, listener = listen_in_netns(space, address, port)] { done(listener); };
  });
}

void VpcNetwork::bind_in_vpc(const std::string& vpc_id, const std::string& address, int port, Done<int> done) {
  enqueue([space = names_.vpc_namespace(vpc_id), address, port, done = std::move(done)]() -> Callback {
    return [done, bound = bind_in_netns(space, address, port)] { done(bound); };
  });
}

void VpcNetwork::listen_in_internet(Done<int> done) {
  enqueue([space = names_.internet_namespace(), done = std::move(done)]() -> Callback {
    return [done, listener = listen_in_netns(space, api_address, api_port)] { done(listener); };
  });
}

void VpcNetwork::attach(const std::string& task_id, const world::InterfaceSpec& interface,
                        Done<std::string> done) {
  const auto known = firewalls_.find(task_id);
  const Firewall firewall = known == firewalls_.end() ? std::nullopt : Firewall(known->second);
  enqueue([task_space = names_.task_namespace(task_id), vpc_space = names_.vpc_namespace(interface.vpc_id),
           interface, firewall, ready = ready_, done = std::move(done)]() -> Callback {
    const auto attached = attach_in_subnet(task_space, vpc_space, interface, firewall, *ready);
    return [done, attached, task_space] {
      done(attached ? Result<std::string>(netns_path(task_space)) : Result<std::string>(attached.error()));
    };
  });
}

void VpcNetwork::detach(const std::string& task_id, Done<> done) {
  enqueue([this, space = names_.task_namespace(task_id), done = std::move(done)]() -> Callback {
    // The kernel takes a namespace apart some time later; without its interface the address is free at once.
    if (netns_exists(space)) static_cast<void>(!ip_batch(space, {"link delete eth0"}));
    const auto removed = remove_netns(space);
    return [this, done, removed] {
      done(removed);
      finish_removals();
    };
  });
}

std::vector<std::string> VpcNetwork::tasks() const {
  std::vector<std::string> tasks = netns_names(names_.task_prefix());
  for (auto& task : tasks) task.erase(0, names_.task_prefix().size());
  return tasks;
}

}  // namespace berth::host
