// The HAProxy configuration as a pure function of what is wanted: load balancers, the slots of their target
// groups and where things lie on this machine. The same input gives the same text, so a changed structure can
// be told from a target that merely came or went.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/haproxy_slots.h"
#include "world/balancer.h"

namespace berth::host::haproxy {

struct Netns {
  std::string name;      // below /run/netns; empty: the host's own network
  std::string identity;  // changes when a namespace of that name is made anew
  bool exists = true;
};

struct ConfigInput {
  const world::BalancerSpec* spec = nullptr;
  const SlotTable* slots = nullptr;
  const std::map<std::string, Netns>* netns_of_vpc = nullptr;  // a VPC that is not named: the host's network
  const std::set<std::string>* unbindable = nullptr;           // "address:port" that somebody else holds
  std::string socket_path;
  std::string state_path;
  int log_fd = 3;
  int threads = 1;
  double time_scale = 1;
};

// A "127.x.y.z:port" or "127.0.0.1:port" that the configuration would like to listen on.
std::vector<std::string> wanted_binds(const world::BalancerSpec& spec);
// Those that a configuration text listens on.
std::set<std::string> binds_in(std::string_view config);

// Target groups that a listener forwards to; the others are not in use, as AWS calls it, and are left alone.
std::set<std::string> used_target_groups(const world::BalancerSpec& spec);

std::string load_balancer_key(std::string_view arn);
std::string backend_name(std::string_view target_group_arn);
std::string frontend_name(std::string_view load_balancer_arn, int port);
std::string shared_frontend_name(int port);

// Everything but the targets: as long as this stays the same, targets come and go without a reload.
std::string config_structure(const ConfigInput& input);
// The running HAProxy tells its structure as this variable of its environment.
inline constexpr const char* structure_variable = "BERTH_STRUCTURE";

std::string render_config(const ConfigInput& input);

}  // namespace berth::host::haproxy
