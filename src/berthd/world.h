// World: the real ports of src/host and the reconcilers that act on them. It begins where the store stands
// and is told nothing else.
#pragma once

#include <memory>
#include <optional>

#include "berthd/options.h"
#include "berthd/vpc_listeners.h"
#include "berthd/vpc_resolvers.h"
#include "gateway/gateway.h"
#include "host/container_runtime.h"
#include "host/docker_registry.h"
#include "host/haproxy_balancer.h"
#include "host/mailbox.h"
#include "host/vpc_network.h"
#include "services/cloudwatch/metric_store.h"
#include "services/context.h"

namespace berth {

class World {
 public:
  World(Context context, AsioLoop& loop, const Options& options, gateway::Gateway& gateway);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Result<> start();

  world::RuntimeInfo runtime_info() const;
  // What a running task has used so far.
  std::optional<world::Usage> usage(const std::string& task_id);
  world::BalancerInfo balancer_info();
  std::string network_problem() const;
  const world::RegistryInfo& registry_info() const;
  // Null when a relay takes the mails.
  const host::Mailbox* mailbox() const { return mailbox_; }

  // Before the daemon ends: nothing is left that only it needs. Tasks and load balancers go on.
  void leave(Callback done);

  // Takes away every task, load balancer and network; `done` runs when nothing is left. Without a container
  // engine nothing is begun; when it goes away meanwhile, the rest waits for it. `delayed` tells either,
  // once.
  void take_down(std::function<void(const Error&)> delayed, Callback done);

 private:
  struct Parts;

  using Delayed = std::function<void(const Error&)>;

  Result<> make_mailer();
  void when_engine_answers(SteadyTime deadline, std::function<void(Result<>)> then);
  void remove_everything(const Delayed& delayed, Callback done);
  void reset_store();
  void watch_engine(SteadyTime answered, std::shared_ptr<bool> finished, Delayed delayed);

  Context context_;
  AsioLoop& loop_;
  const Options& options_;
  gateway::Gateway& gateway_;
  std::unique_ptr<world::Mailer> mailer_;
  host::Mailbox* mailbox_ = nullptr;
  std::unique_ptr<Parts> parts_;
};

}  // namespace berth
