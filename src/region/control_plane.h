// ControlPlane: every reconciler of a region, put together over the ports of a world. berthd gives it the
// real ones of src/host, the simulator those of src/sim; which they are makes no difference here.
#pragma once

#include <memory>
#include <string>

#include "services/cloudwatch/metric_store.h"
#include "services/context.h"
#include "world/balancer.h"
#include "world/mailer.h"
#include "world/network.h"
#include "world/runtime.h"
#include "world/web_poster.h"

namespace berth {

struct Ports {
  world::Network& network;
  world::Runtime& runtime;
  world::Balancer& balancer;
  world::Mailer& mailer;
  world::WebPoster& poster;
};

class ControlPlane {
 public:
  // `metric_lag`: how long after a minute's end its metrics appear.
  ControlPlane(Context context, Duration metric_lag);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // What the runtime and the balancer are made with.
  world::RuntimeListener& runtime_listener();
  world::BalancerListener& balancer_listener();

  // It begins where the store stands. The ports outlive it.
  void start(const Ports& ports);
  // Why the networks are not as they should be; empty when they are.
  std::string network_problem() const;
  // The clock was put forward over time in which everything stays as it is.
  void pass_over(Duration span);
  // Before a world is taken down: nothing is started again of what goes.
  void stop_making();
  // Acts no more; what the ports still say is heard.
  void stop();

 private:
  struct Listeners;
  struct Reconcilers;

  Context context_;
  Duration metric_lag_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<Reconcilers> reconcilers_;
};

}  // namespace berth
