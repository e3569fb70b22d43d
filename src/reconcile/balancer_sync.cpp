#include "reconcile/balancer_sync.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "reconcile/balancer_spec.h"
#include "reconcile/target_health.h"
#include "reconcile/traffic_metrics.h"
#include "services/elbv2/rows.h"

namespace berth::reconcile {
namespace {

constexpr RealDuration first_look_after = RealDuration::ms(50);
constexpr RealDuration look_interval_most = RealDuration::seconds(2);

bool is_provisioning(const elbv2::LoadBalancerRow& row) {
  return row.description.state && row.description.state->code == "provisioning";
}

}  // namespace

BalancerSync::BalancerSync(Store& store, Loop& loop, world::Balancer& balancer)
    : store_(store),
      loop_(loop),
      balancer_(balancer),
      watch_(store, loop,
             any_of<elbv2::LoadBalancerRow, elbv2::ListenerRow, elbv2::RuleRow, elbv2::TargetGroupRow,
                    elbv2::TargetRow>,
             [this] { step(); }) {}

BalancerSync::~BalancerSync() {
  loop_.cancel(poll_);
}

void BalancerSync::step() {
  auto wanted = balancer_spec(store_);
  if (applied_ != wanted) {
    applied_ = wanted;
    balancer_.apply(std::move(wanted));
    poll_delay_ = first_look_after;
  }
  follow_provisioning();
}

// The balancer tells nobody when it has taken a change in, so whoever waits for it looks again.
void BalancerSync::follow_provisioning() {
  const auto& rows = store_.all<elbv2::LoadBalancerRow>();
  const bool waiting =
      std::any_of(rows.begin(), rows.end(), [](const auto& entry) { return is_provisioning(entry.second); });
  loop_.cancel(poll_);
  poll_ = no_timer;
  if (!waiting) return;
  poll_ = loop_.after_real(poll_delay_, [this] {
    poll_delay_ = std::min(poll_delay_ * 2, look_interval_most);
    static_cast<void>(
        !write_state(balancer_.info()));  // the store has said why, and the next look tries again
    follow_provisioning();
  });
}

Result<> BalancerSync::write_state(const world::BalancerInfo& info) {
  std::vector<std::string> waiting;
  std::set<std::string> listening;
  for (const auto& [arn, row] : store_.all<elbv2::LoadBalancerRow>()) {
    if (is_provisioning(row)) waiting.push_back(arn);
  }
  for (const auto& balancer : applied_->load_balancers) {
    if (!balancer.listeners.empty()) listening.insert(balancer.arn);
  }
  // A URL is enough: one of several addresses may be somebody else's. Without a listener anywhere there is
  // nothing that the program could run for.
  const auto is_ready = [&](const std::string& arn) {
    if (listening.contains(arn)) return info.running && info.urls.contains(arn);
    return info.running || (info.problem.empty() && listening.empty());
  };
  const std::optional<std::string> reason = info.problem.empty() ? std::nullopt : std::optional(info.problem);
  return store_.transact([&]() -> Result<> {
    for (const auto& arn : waiting) {
      if (is_ready(arn)) {
        store_.edit<elbv2::LoadBalancerRow>(arn)->description.state = {"active", std::nullopt};
      } else if (store_.find<elbv2::LoadBalancerRow>(arn)->description.state->reason != reason) {
        store_.edit<elbv2::LoadBalancerRow>(arn)->description.state->reason = reason;
      }
    }
    return {};
  });
}

void BalancerEvents::on_target_health(const world::TargetHealthEvent& event) {
  health_.on_health(event);
}

void BalancerEvents::on_traffic(const std::vector<world::TrafficReport>& reports) {
  traffic_.on_traffic(reports);
}

void BalancerEvents::on_target_idle(const std::string& target_group_arn, const std::string& target_id) {
  health_.on_idle(target_group_arn, target_id);
}

}  // namespace berth::reconcile
