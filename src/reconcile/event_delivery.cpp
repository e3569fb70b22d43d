#include "reconcile/event_delivery.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "control/statistics.h"
#include "reconcile/event_targets.h"
#include "services/cloudwatch/metric_store.h"
#include "services/events/target.h"

namespace berth::reconcile {

using events::InvocationRow;
using events::RuleRow;
using events::TriggerRow;

namespace {

constexpr RealDuration delivery_retry = RealDuration::seconds(1);

void put_invocations(Store& store, const RuleRow& rule, const TriggerRow& trigger) {
  for (const auto& target : rule.targets) {
    InvocationRow row;
    row.sequence = events::next_sequence<InvocationRow>(store);
    row.rule = rule.name;
    row.rule_arn = rule.arn;
    row.target = target;
    row.event = trigger.event;
    row.ingested_at = trigger.ingested_at;
    row.next_attempt = trigger.ingested_at;
    store.put(std::move(row));
  }
}

}  // namespace

EventDelivery::EventDelivery(Context context)
    : context_(std::move(context)),
      watch_(context_.store, context_.loop, any_of<TriggerRow, InvocationRow>, [this] { step(); }) {}

EventDelivery::~EventDelivery() {
  context_.loop.cancel(timer_);
}

void EventDelivery::start() {
  watch_.start();
}

void EventDelivery::step() {
  if (!fan_out() || !invoke_due()) return retry_later();
  arm();
}

bool EventDelivery::fan_out() {
  std::vector<std::string> set_off;
  const auto done = context_.store.transact([&]() -> Result<> {
    std::vector<std::string> keys;
    for (const auto& [key, trigger] : context_.store.all<TriggerRow>()) keys.push_back(key);
    for (const auto& key : keys) {
      const auto& trigger = *context_.store.find<TriggerRow>(key);
      if (const auto* rule = context_.store.find<RuleRow>(trigger.rule)) {
        put_invocations(context_.store, *rule, trigger);
        set_off.push_back(rule->name);
      }
      context_.store.erase<TriggerRow>(key);
    }
    return {};
  });
  if (!done) return false;
  for (const auto& rule : set_off) {
    count("MatchedEvents", rule);
    count("TriggeredRules", rule);
  }
  return true;
}

bool EventDelivery::invoke_due() {
  std::vector<InvocationRow> due;
  for (const auto& [key, row] : context_.store.all<InvocationRow>()) {
    if (row.next_attempt <= context_.now()) due.push_back(row);
  }
  return std::all_of(due.begin(), due.end(), [this](const auto& row) { return invoke(row); });
}

bool EventDelivery::invoke(const InvocationRow& row) {
  std::optional<Error> refused;
  const auto done = context_.store.transact([&]() -> Result<> {
    auto invoked = invoke_target(context_, row);
    if (!invoked) {
      refused = invoked.error();
      return invoked;
    }
    context_.store.erase<InvocationRow>(row.key());
    return {};
  });
  if (refused) return note_failure(row, *refused);
  if (!done) return false;
  count("Invocations", row.rule);
  return true;
}

bool EventDelivery::note_failure(const InvocationRow& row, const Error& error) {
  const int attempts = row.attempts + 1;
  auto next = control::next_event_attempt(events::retry_of(row.target), attempts, row.ingested_at,
                                          context_.now(), context_.loop.rng("event retries").uniform());
  if (error.code != target_busy) next.reset();
  const auto done = context_.store.transact([&]() -> Result<> {
    if (!next) {
      context_.store.erase<InvocationRow>(row.key());
      return {};
    }
    auto* kept = context_.store.edit<InvocationRow>(row.key());
    kept->attempts = attempts;
    kept->next_attempt = *next;
    kept->last_error = error.message;
    return {};
  });
  if (!done) return false;
  if (next) return true;
  log::warn("rule {}: target {} was not invoked: {}", row.rule, row.target.id.value_or(""), error.message);
  count("Invocations", row.rule);
  count("FailedInvocations", row.rule);
  return true;
}

void EventDelivery::arm() {
  context_.loop.cancel(timer_);
  timer_ = no_timer;
  std::optional<Time> first;
  for (const auto& [key, row] : context_.store.all<InvocationRow>()) {
    if (!first || row.next_attempt < *first) first = row.next_attempt;
  }
  if (first) timer_ = context_.loop.at(*first, [this] { step(); });
}

// The store has said why.
void EventDelivery::retry_later() {
  context_.loop.cancel(timer_);
  timer_ = context_.loop.after_real(delivery_retry, [this] { step(); });
}

void EventDelivery::count(const char* metric, const std::string& rule) {
  context_.metrics.put({"AWS/Events", metric, {{"RuleName", rule}}}, "Count", context_.now(),
                       {control::statistic_set_of(1)});
}

}  // namespace berth::reconcile
