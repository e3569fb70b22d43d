#include "reconcile/rule_schedules.h"

#include "base/log.h"
#include "control/rule_schedule.h"
#include "services/events/publish.h"

namespace berth::reconcile {

using events::RuleRow;

namespace {

// A firing that the loop reaches later than this (a suspended machine) is a missed one.
constexpr Duration schedule_lateness_max = Duration::minutes(5);

}  // namespace

std::optional<Time> next_firing(const RuleRow& rule, Time after) {
  if (!rule.enabled || rule.schedule_expression.empty()) return std::nullopt;
  const auto schedule = control::parse_rule_schedule(rule.schedule_expression);
  if (!schedule) return std::nullopt;
  return control::next_rule_firing(*schedule, rule.scheduled_since, after);
}

RuleSchedules::RuleSchedules(Store& store, Loop& loop, const Settings& settings)
    : store_(store),
      loop_(loop),
      settings_(settings),
      watch_(store, loop, any_of<RuleRow>, [this] { follow_rules(); }) {}

RuleSchedules::~RuleSchedules() {
  loop_.cancel(timer_);
}

void RuleSchedules::start() {
  watch_.start();
}

void RuleSchedules::follow_rules() {
  const auto& rules = store_.all<RuleRow>();
  std::erase_if(next_, [&](const auto& entry) { return !rules.contains(entry.first); });
  for (const auto& [name, rule] : rules) {
    const auto known = next_.find(name);
    const bool same = known != next_.end() && known->second.version == rule.schedule_version &&
                      known->second.since == rule.scheduled_since && known->second.enabled == rule.enabled;
    if (!same) {
      next_[name] = {rule.schedule_version, rule.scheduled_since, rule.enabled,
                     next_firing(rule, loop_.now())};
    }
  }
  arm();
}

void RuleSchedules::arm() {
  loop_.cancel(timer_);
  timer_ = no_timer;
  std::optional<Time> first;
  for (const auto& [name, firing] : next_) {
    if (firing.at && (!first || *firing.at < *first)) first = firing.at;
  }
  if (first) timer_ = loop_.at(*first, [this] { run_due(); });
}

void RuleSchedules::run_due() {
  const Time now = loop_.now();
  for (auto& [name, firing] : next_) {
    if (!firing.at || *firing.at > now) continue;
    const Time due = *firing.at;
    const auto* rule = store_.find<RuleRow>(name);
    firing.at = rule ? next_firing(*rule, now) : std::nullopt;
    if (rule && rule->enabled && now - due <= schedule_lateness_max) fire(name, due);
  }
  arm();
}

void RuleSchedules::fire(const std::string& name, Time due) {
  events::NewEvent event;
  event.id = random_uuid(loop_.rng("event ids"));
  event.source = "aws.events";
  event.detail_type = "Scheduled Event";
  event.resources = {events::rule_arn(settings_, name)};
  event.detail = json::object();
  event.time = due;
  const auto done = store_.transact([&]() -> Result<> {
    events::set_off(store_, name, events::event_document(settings_, event), loop_.now());
    return {};
  });
  if (!done) log::warn("rule {}: its schedule's time passed unused: {}", name, done.error().message);
}

}  // namespace berth::reconcile
