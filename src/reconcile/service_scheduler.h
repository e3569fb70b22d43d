// ServiceScheduler: keeps each service's running tasks at its desired count by the rules of
// control/deployment.h, and writes down what it did as the service's events. It makes and condemns task rows;
// the task lifecycle does the rest. It looks at a service when something of it has changed, when its time has
// come, and, while it waits for a place, when there may be one.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/deployment.h"
#include "reconcile/agenda.h"
#include "services/context.h"
#include "services/ecs/new_task.h"
#include "services/ecs/rows.h"

namespace berth::reconcile {

struct ServiceLook;

class ServiceScheduler {
 public:
  ServiceScheduler(Store& store, Loop& loop, const Settings& settings)
      : store_(store), loop_(loop), settings_(settings) {}
  ~ServiceScheduler();

  void start();

  // A deleted service stays describable as INACTIVE for this long.
  static constexpr Duration inactive_services_kept = Duration::minutes(60);
  // A task that could not be placed is tried again after this time, or when anything of interest changes.
  static constexpr Duration placement_retry = Duration::seconds(30);

 private:
  using Tasks = std::vector<const ecs::TaskRow*>;

  void notice(const Changes& changes);
  void notice_task(const ecs::TaskRow* now, const ecs::TaskRow* before);
  void notice_target(const std::string& address);
  void wake();
  void pass();
  void look_at(const std::string& key);
  void look_after(const ecs::ServiceRow& service, const Tasks& tasks);
  void drain(const ecs::ServiceRow& service, const Tasks& tasks);
  void forget_inactive(const ecs::ServiceRow& service);
  void forget_deleted_task_definitions();

  void account(const ecs::ServiceRow& service, const Tasks& tasks);
  void tell_unhealthy(const ecs::ServiceRow& service, const ServiceLook& look);
  void start_tasks(const ecs::ServiceRow& service, const ServiceLook& look, const std::vector<int>& subnets);
  ecs::NewTask plan(const ecs::ServiceRow& service, const ecs::TaskDefinitionRow& definition) const;
  void stop_tasks(const ecs::ServiceRow& service, const ServiceLook& look,
                  const std::vector<control::StopOrder>& orders);
  void end_rollout(const ecs::ServiceRow& service, const control::ServiceStep& step);
  void tell_steady(const ecs::ServiceRow& service, bool steady);

  ecs::ServiceRow& edit(const ecs::ServiceRow& service) {
    return *store_.edit<ecs::ServiceRow>(service.key());
  }
  void say(const ecs::ServiceRow& service, const std::string& message);
  void say_once(const ecs::ServiceRow& service, const std::string& message);
  void look_again_at(std::optional<Time> when);
  void wait_for_place(const ecs::ServiceRow& service);

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  int watch_ = 0;
  bool awake_ = false;
  TimerId timer_ = no_timer;
  TimerId retry_timer_ = no_timer;
  std::set<std::string> changed_;              // keys of services to look at
  std::set<std::string> waiting_;              // of those that could not start a task
  std::set<std::string> deleted_definitions_;  // task definitions that go when nothing uses them any more
  Agenda next_looks_;
  std::optional<Time> next_look_;  // at the service that is looked at
  // What was posted must not run when this is gone; the loop cannot take it back.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace berth::reconcile
