// Network: VPCs, subnets and what their security groups let through. The whole of what is wanted is handed over at
// every change; the implementation makes the world equal to it and may be called again at any time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth::world {

struct SubnetSpec {
  std::string id;    // subnet-...
  std::string cidr;  // "10.0.1.0/24"; the first address is the gateway's, as on AWS
  bool routes_to_internet = false;
  bool operator==(const SubnetSpec&) const = default;
};

struct VpcSpec {
  std::string id;    // vpc-...
  std::string cidr;  // may repeat between VPCs
  std::vector<SubnetSpec> subnets;
  bool operator==(const VpcSpec&) const = default;
};

class Network {
 public:
  virtual ~Network() = default;

  // Makes exactly these VPCs exist; those not named are removed when no task is left in them. `done` gets the
  // first error, and the call may then be repeated.
  virtual void apply(std::vector<VpcSpec> vpcs, std::function<void(Result<>)> done) = 0;
};

}  // namespace berth::world
