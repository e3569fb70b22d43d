// VpcNetwork: the Network port in network namespaces. A VPC is a namespace with a bridge per subnet, whose
// address is the subnet's gateway; a task is a namespace of its own with a veth into its subnet's bridge, and
// with its security groups' rules (host/firewall.h). All traffic of a task goes through the gateway.
// Nothing is added to the host's own network: what tasks reach of the daemon are sockets that it opens inside
// the VPC's namespace and in the one that stands for the internet (host/vpc_routes.h), which is all that
// there is outside of VPCs.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "host/alive.h"
#include "host/names.h"
#include "host/vpc_routes.h"
#include "loop/loop.h"
#include "world/network.h"
#include "world/runtime.h"

namespace berth::host {

class VpcNetwork final : public world::Network {
 public:
  template <class T = void>
  using Done = std::function<void(Result<T>)>;

  // `data_dir` is absolute; the names of all that is made derive from it.
  VpcNetwork(Loop& loop, const std::string& data_dir);
  ~VpcNetwork() override;

  void apply(std::vector<world::VpcSpec> vpcs, std::function<void(Result<>)> done) override;
  void protect(Firewalls firewalls, std::function<void(Result<>)> done) override;

  // The VPC's namespace as HAProxy's `namespace` and `ip netns` call it.
  std::string vpc_namespace(const std::string& vpc_id) const { return names_.vpc_namespace(vpc_id); }

  // Opens a listening socket inside an existing VPC, on its gateways or on 169.254.170.2, where every VPC has
  // the metadata and credentials endpoints. The caller owns it and closes it before the VPC is taken away.
  void listen_in_vpc(const std::string& vpc_id, const std::string& address, int port, Done<int> done);

  // Opens a socket for datagrams inside an existing VPC; likewise.
  void bind_in_vpc(const std::string& vpc_id, const std::string& address, int port, Done<int> done);

  // Opens the socket of AWS's API in the internet, as long as there is a VPC.
  void listen_in_internet(Done<int> done);

  // Makes the task's namespace with its interface, and its VPC and subnet where they are missing; yields its
  // path.
  void attach(const std::string& task_id, const world::InterfaceSpec& interface, Done<std::string> done);
  void detach(const std::string& task_id, Done<> done);
  // Tasks that have a namespace.
  std::vector<std::string> tasks() const;

 private:
  std::map<std::string, PublicAddresses> public_addresses() const;  // by VPC
  // One piece of work at a time, in order: they change the same things.
  void enqueue(std::function<Callback()> work);
  void work_on_next();
  void finish_removals();

  Loop& loop_;
  Names names_;
  std::deque<std::function<Callback()>> queue_;
  std::shared_ptr<std::set<std::string>> ready_ =
      std::make_shared<std::set<std::string>>();  // the queued work's
  bool working_ = false;
  std::vector<world::VpcSpec> wanted_;
  std::map<std::string, world::FirewallSpec> firewalls_;  // by task
  struct Routing;
  std::shared_ptr<Routing> routing_;  // the queued work's
  bool removals_wait_ = false;        // VPCs that are not wanted any longer still had tasks
  Alive alive_;
};

// "10.0.1.0/24" -> "10.0.1.1", "06:00:0a:00:01:01" and 24. The hardware address is made of the other one: by
// itself a bridge takes its lowest port's, and tasks would lose the gateway whenever that port's task ends.
struct SubnetGateway {
  std::string address;
  std::string mac_address;
  int prefix_length = 0;
};
Result<SubnetGateway> subnet_gateway(const std::string& cidr);

}  // namespace berth::host
