#include "region/control_plane.h"

#include <optional>

#include "cloudformation/stack_engine.h"
#include "cloudformation/types/types.h"
#include "reconcile/alarm_evaluator.h"
#include "reconcile/balancer_sync.h"
#include "reconcile/discovery_sync.h"
#include "reconcile/event_delivery.h"
#include "reconcile/event_recorder.h"
#include "reconcile/firewall_sync.h"
#include "reconcile/image_expiry.h"
#include "reconcile/log_collector.h"
#include "reconcile/log_retention.h"
#include "reconcile/network_sync.h"
#include "reconcile/notifications.h"
#include "reconcile/rule_schedules.h"
#include "reconcile/scaling.h"
#include "reconcile/scheduled_scaling.h"
#include "reconcile/service_metrics.h"
#include "reconcile/service_scheduler.h"
#include "reconcile/target_health.h"
#include "reconcile/task_lifecycle.h"
#include "reconcile/traffic_metrics.h"
#include "services/elbv2/nodes.h"

namespace berth {

// What hears of the world.
struct ControlPlane::Listeners {
  Listeners(Context& context, Duration metric_lag)
      : lifecycle(context.store, context.loop, context.settings),
        target_health(context.store, context.loop),
        traffic(context.store, context.loop, context.metrics, metric_lag),
        balancer_events(target_health, traffic),
        events(context.store, context.loop, context.settings) {}

  reconcile::TaskLifecycle lifecycle;
  reconcile::TargetHealth target_health;
  reconcile::TrafficMetrics traffic;
  reconcile::BalancerEvents balancer_events;
  reconcile::EventRecorder events;
};

// What acts on it, in order of what holds what.
struct ControlPlane::Reconcilers {
  Reconcilers(Context& context, const Ports& ports, Duration metric_lag)
      : network_sync(std::in_place, context.store, context.loop, ports.network),
        balancer_sync(context.store, context.loop, ports.balancer),
        collector(context.store, context.loop, context.log_events, ports.runtime),
        retention(context.store, context.loop, context.log_events),
        scheduler(std::in_place, context.store, context.loop, context.settings),
        discovery_sync(context.store, context.loop, context.settings),
        service_metrics(context.store, context.loop, context.settings, ports.runtime, context.metrics,
                        metric_lag),
        scaling(context.store, context.loop),
        scheduled_scaling(context.store, context.loop),
        image_expiry(context.store, context.loop),
        alarms(context.store, context.loop, context.settings, context.metrics, scaling),
        rule_schedules(context.store, context.loop, context.settings),
        event_delivery(context),
        notifications(context.store, context.loop, ports.mailer, ports.poster),
        stacks(context) {}

  std::optional<reconcile::NetworkSync> network_sync;
  std::optional<reconcile::FirewallSync> firewall_sync;
  reconcile::BalancerSync balancer_sync;
  reconcile::LogCollector collector;
  reconcile::LogRetention retention;
  std::optional<reconcile::ServiceScheduler> scheduler;
  reconcile::DiscoverySync discovery_sync;
  reconcile::ServiceMetrics service_metrics;
  reconcile::Scaling scaling;
  reconcile::ScheduledScaling scheduled_scaling;
  reconcile::ImageExpiry image_expiry;
  reconcile::AlarmEvaluator alarms;
  reconcile::RuleSchedules rule_schedules;
  reconcile::EventDelivery event_delivery;
  reconcile::Notifications notifications;
  cloudformation::StackEngine stacks;
};

ControlPlane::ControlPlane(Context context, Duration metric_lag)
    : context_(std::move(context)),
      metric_lag_(metric_lag),
      listeners_(std::make_unique<Listeners>(context_, metric_lag)) {
  cfn::types::add_all();
}

ControlPlane::~ControlPlane() {
  stop();
}

world::RuntimeListener& ControlPlane::runtime_listener() {
  return listeners_->lifecycle;
}

world::BalancerListener& ControlPlane::balancer_listener() {
  return listeners_->balancer_events;
}

void ControlPlane::start(const Ports& ports) {
  reconcilers_ = std::make_unique<Reconcilers>(context_, ports, metric_lag_);
  static_cast<void>(!context_.store.transact([&]() -> Result<> {
    elbv2::claim_missing_nodes(context_.store);
    return {};
  }));
  // A task's rules are told before the task is run: who watches first is called first.
  reconcilers_->network_sync->start();
  if (ports.network.filters()) {
    reconcilers_->firewall_sync.emplace(context_.store, context_.loop, ports.network);
    reconcilers_->firewall_sync->start();
  }
  listeners_->lifecycle.start(ports.runtime, reconcilers_->collector);
  reconcilers_->collector.start();
  listeners_->target_health.start();
  reconcilers_->balancer_sync.start();
  listeners_->traffic.start();
  reconcilers_->scheduler->start();
  reconcilers_->discovery_sync.start();
  reconcilers_->service_metrics.start();
  reconcilers_->scaling.start();
  reconcilers_->scheduled_scaling.start();
  reconcilers_->image_expiry.start();
  reconcilers_->alarms.start();
  reconcilers_->rule_schedules.start();
  reconcilers_->event_delivery.start();
  reconcilers_->notifications.start();
  reconcilers_->retention.start();
  reconcilers_->stacks.start();
}

std::string ControlPlane::network_problem() const {
  if (!reconcilers_ || !reconcilers_->network_sync) return "";
  const std::string& network = reconcilers_->network_sync->problem();
  return network.empty() && reconcilers_->firewall_sync ? reconcilers_->firewall_sync->problem() : network;
}

void ControlPlane::pass_over(Duration span) {
  reconcilers_->scaling.pass_over(span);
}

void ControlPlane::stop_making() {
  if (!reconcilers_) return;
  reconcilers_->scheduler.reset();
  reconcilers_->firewall_sync.reset();
  reconcilers_->network_sync.reset();
}

void ControlPlane::stop() {
  reconcilers_.reset();
}

}  // namespace berth
