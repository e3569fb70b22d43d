#include "reconcile/target_health.h"

#include <algorithm>

#include "base/log.h"
#include "services/elbv2/targets.h"

namespace berth::reconcile {
namespace {

constexpr RealDuration retry_after = RealDuration::seconds(1);

// The delay as real seconds: what waits for requests does not shrink with the time scale.
RealDuration real_delay(const elbv2::TargetRow& row) {
  return {(*row.drain_until - row.state_since).us};
}

struct Shown {
  const char* state;
  std::string reason;
  std::string description;
};

Shown shown(const world::TargetHealthEvent& event) {
  const auto or_else = [](const std::string& text, const char* fallback) {
    return text.empty() ? fallback : text;
  };
  switch (event.health) {
    case world::TargetHealth::healthy:
      return {"healthy", "", ""};
    case world::TargetHealth::unhealthy:
      return {"unhealthy", or_else(event.reason, "Target.FailedHealthChecks"),
              or_else(event.description, "Health checks failed")};
    case world::TargetHealth::initial:
      break;
  }
  return {"initial", or_else(event.reason, "Elb.InitialHealthChecking"),
          or_else(event.description, "Initial health checks in progress")};
}

}  // namespace

TargetHealth::TargetHealth(Store& store, Loop& loop)
    : store_(store),
      loop_(loop),
      watch_(store, loop,
             any_of<elbv2::TargetRow, elbv2::ListenerRow, elbv2::RuleRow, elbv2::LoadBalancerRow>,
             [this] { step(); }) {}

TargetHealth::~TargetHealth() {
  loop_.cancel(timer_);
}

void TargetHealth::on_health(const world::TargetHealthEvent& event) {
  events_.push_back(event);
  watch_.wake();
}

void TargetHealth::on_idle(const std::string& target_group_arn, const std::string& target_id) {
  follow_drains();
  const auto drain = drains_.find(target_group_arn + "|" + target_id);
  if (drain == drains_.end()) return;
  drain->second.idle = true;
  watch_.wake();
}

void TargetHealth::step() {
  follow_drains();
  if (auto written = write(); !written) {  // the store has said why
    loop_.cancel(timer_);
    timer_ = loop_.after_real(retry_after, [this] { step(); });
    return;
  }
  events_.clear();
  arm();
}

void TargetHealth::follow_drains() {
  const auto& rows = store_.all<elbv2::TargetRow>();
  std::erase_if(drains_, [&](const auto& entry) {
    const auto row = rows.find(entry.first);
    return row == rows.end() || !row->second.drain_until || row->second.state_since != entry.second.since;
  });
  for (const auto& [key, row] : rows) {
    if (row.drain_until) drains_.try_emplace(key, Drain{row.state_since, loop_.steady(), false});
  }
}

Result<> TargetHealth::write() {
  const auto used = elbv2::load_balancers_by_group(store_);
  std::vector<std::string> gone;
  std::vector<std::string> unused;
  for (const auto& [key, row] : store_.all<elbv2::TargetRow>()) {
    if (row.drain_until) {
      // Nothing sends requests to a group that left its load balancer.
      if (!used.contains(row.target_group_arn) || finished(row, drains_.at(key))) gone.push_back(key);
    } else if (!used.contains(row.target_group_arn) && row.state != "initial") {
      unused.push_back(key);
    }
  }
  if (gone.empty() && unused.empty() && events_.empty()) return {};
  return store_.transact([&]() -> Result<> {
    for (const auto& event : events_) write_health(event);
    for (const auto& key : unused) reset_unused(key, *store_.find<elbv2::TargetRow>(key));
    for (const auto& key : gone) store_.erase<elbv2::TargetRow>(key);
    return {};
  });
}

void TargetHealth::write_health(const world::TargetHealthEvent& event) {
  const std::string key = event.target_group_arn + "|" + event.target_id;
  const auto* present = store_.find<elbv2::TargetRow>(key);
  if (!present || present->drain_until) return;
  const Shown now_shown = shown(event);
  if (present->state == now_shown.state && present->reason == now_shown.reason &&
      present->description == now_shown.description) {
    return;
  }
  auto* row = store_.edit<elbv2::TargetRow>(key);
  if (row->state != now_shown.state) row->state_since = loop_.now();
  row->state = now_shown.state;
  row->reason = now_shown.reason;
  row->description = now_shown.description;
  row->was_healthy = row->was_healthy || event.health == world::TargetHealth::healthy;
}

// Its health is not known any more; if the group comes back into use, its checks begin anew.
void TargetHealth::reset_unused(const std::string& key, const elbv2::TargetRow& row) {
  elbv2::TargetRow fresh;
  fresh.target_group_arn = row.target_group_arn;
  fresh.address = row.address;
  fresh.port = row.port;
  fresh.registered_at = row.registered_at;
  fresh.state_since = loop_.now();
  *store_.edit<elbv2::TargetRow>(key) = std::move(fresh);
}

bool TargetHealth::finished(const elbv2::TargetRow& row, const Drain& drain) const {
  if (loop_.now() < *row.drain_until) return false;
  return drain.idle || loop_.steady() >= drain.seen_since + real_delay(row);
}

void TargetHealth::arm() {
  loop_.cancel(timer_);
  timer_ = no_timer;
  std::optional<Time> next;
  std::optional<RealDuration> next_real;
  for (const auto& [key, drain] : drains_) {
    const auto* row = store_.find<elbv2::TargetRow>(key);
    if (!row || !row->drain_until) continue;
    if (loop_.now() < *row->drain_until) {
      next = next ? std::min(*next, *row->drain_until) : *row->drain_until;
    } else {
      const RealDuration left = drain.seen_since + real_delay(*row) - loop_.steady();
      next_real = next_real ? std::min(*next_real, left) : left;
    }
  }
  // The other deadline is looked at again when the first one has passed.
  if (next && next_real) {
    const auto real_until_next = static_cast<double>((*next - loop_.now()).us) / loop_.time_scale();
    if (static_cast<double>(next_real->us) < real_until_next) {
      next.reset();
    } else {
      next_real.reset();
    }
  }
  if (next) timer_ = loop_.at(*next, [this] { step(); });
  if (next_real) timer_ = loop_.after_real(*next_real, [this] { step(); });
}

}  // namespace berth::reconcile
