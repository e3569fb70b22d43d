// HaproxyBalancer: the port world::Balancer on HAProxy 2.6. It stands on the loop's thread, hands over what
// is wanted to a worker thread and gives its news to the listener. HAProxy outlives the daemon and is found
// again by its files; shutdown() ends it.
//
// Connections of 127.0.0.1 that several load balancers share are counted for none of them: HAProxy counts by
// socket.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "loop/loop.h"
#include "world/balancer.h"

namespace berth::host {

namespace haproxy {
class Worker;
}

struct HaproxyOptions {
  std::string data_dir;  // HAProxy's files lie in its subfolder "haproxy"
  std::string haproxy_path = "haproxy";
  // Name below /run/netns of the VPC's network; empty: the host's own network.
  std::function<std::string(const std::string& vpc_id)> netns_of_vpc;
};

class HaproxyBalancer final : public world::Balancer {
 public:
  HaproxyBalancer(Loop& loop, world::BalancerListener& listener, HaproxyOptions options);
  ~HaproxyBalancer() override;

  void apply(world::BalancerSpec spec) override;
  world::BalancerInfo info() override;

  // Ends HAProxy and removes its files; returns when that is done. Nothing can be applied afterwards.
  void shutdown();

 private:
  // What the worker's news need on the loop's thread; they may still be queued when the balancer is gone.
  struct Receiver;

  void report_traffic_later();

  Loop& loop_;
  HaproxyOptions options_;
  std::shared_ptr<Receiver> receiver_;
  std::unique_ptr<haproxy::Worker> worker_;
  world::BalancerSpec spec_;
  bool was_applied_ = false;
  TimerId report_timer_ = no_timer;
};

}  // namespace berth::host
