// Network: VPCs, subnets and what their security groups let through. The whole of what is wanted is handed
// over at every change; the implementation makes the world equal to it and may be called again at any time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth::world {

struct SubnetSpec {
  std::string id;    // subnet-...
  std::string cidr;  // "10.0.1.0/24"; the first address is the gateway's, as on AWS
  // Where its default route leads: to an internet gateway, which lets interfaces with a public address
  // through, or to a NAT gateway with this public address. Neither: nowhere outside the VPC.
  bool routes_to_internet = false;
  std::string nat_address{};
  bool operator==(const SubnetSpec&) const = default;
};

struct VpcSpec {
  std::string id;    // vpc-...
  std::string cidr;  // may repeat between VPCs
  std::vector<SubnetSpec> subnets;
  std::vector<std::string> balancer_addresses{};  // of load balancers, which reach their targets from there
  std::string resolver_address{};                 // where DNS questions are answered; empty: nowhere
  bool has_endpoints = false;                     // a way to AWS's API that needs no route to the internet
  bool operator==(const VpcSpec&) const = default;
};

// Traffic that is let through, with one of the peers. Answers to it pass as well.
struct TrafficRule {
  std::string protocol = "-1";  // -1: any; tcp, udp, icmp, or a number
  int from_port = -1;           // icmp: the type, and the code in `to_port`; -1: any
  int to_port = -1;
  std::vector<std::string> peers;  // CIDR blocks
  bool operator==(const TrafficRule&) const = default;
};

// What passes an interface besides its own task's metadata and credentials and its VPC's resolver; all else is
// dropped.
struct FirewallSpec {
  std::vector<TrafficRule> ingress, egress;
  // Of an interface with a public address: what its own address stands for outside the VPC.
  std::string vpc_id{}, address{}, public_address{};
  std::string resolver_address{};  // of the VPC, which everybody may ask; empty: there is none
  bool operator==(const FirewallSpec&) const = default;
};

class Network {
 public:
  virtual ~Network() = default;

  // Makes exactly these VPCs exist; those not named are removed when no task is left in them. `done` gets the
  // first error, and the call may then be repeated.
  virtual void apply(std::vector<VpcSpec> vpcs, std::function<void(Result<>)> done) = 0;

  // Whether what passes an interface can be told at all; where not, protect() need not be called.
  virtual bool filters() const { return true; }
  // From now on the interfaces of these tasks let through what is said here, also those that are made later;
  // until it is said, nothing. nullopt: the task has ended. Tasks that are not named stay as they are.
  using Firewalls = std::map<std::string, std::optional<FirewallSpec>>;  // by task id
  virtual void protect(Firewalls firewalls, std::function<void(Result<>)> done) = 0;
};

}  // namespace berth::world
