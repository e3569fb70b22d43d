#include "reconcile/alarm_evaluator.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "control/composite_alarm.h"
#include "services/cloudwatch/alarm_state.h"
#include "services/cloudwatch/dimensions.h"
#include "services/cloudwatch/metric_math.h"

namespace berth::reconcile {

using cloudwatch::AlarmRow;
using cloudwatch::MetricAlarm;

namespace {

// How long a new alarm waits for its first evaluation: AWS looks at it within seconds.
constexpr Duration first_evaluation_after = Duration::seconds(2);

constexpr std::string_view scaling_action = "arn:aws:autoscaling:";

bool asks_for_scaling(const AlarmRow& alarm) {
  if (!alarm.actions_enabled()) return false;
  const auto& actions = cloudwatch::actions_in_state(*alarm.metric, alarm.state());
  return actions && std::any_of(actions->begin(), actions->end(),
                                [](const auto& action) { return action.starts_with(scaling_action); });
}

std::int64_t period_of(const MetricAlarm& alarm) {
  if (alarm.period) return *alarm.period;
  for (const auto& query : alarm.metrics.value_or(std::vector<cloudwatch::MetricDataQuery>{})) {
    if (query.metric_stat) return query.metric_stat->period.value_or(60);
  }
  return 60;
}

}  // namespace

control::AlarmRule rule_of(const MetricAlarm& alarm) {
  control::AlarmRule rule;
  rule.comparison = control::parse_comparison(alarm.comparison_operator.value_or(""))
                        .value_or(control::Comparison::GreaterThan);
  rule.threshold = alarm.threshold.value_or(0);
  rule.period_s = static_cast<int>(period_of(alarm));
  rule.evaluation_periods = static_cast<int>(alarm.evaluation_periods.value_or(1));
  if (alarm.datapoints_to_alarm) rule.datapoints_to_alarm = static_cast<int>(*alarm.datapoints_to_alarm);
  rule.treat_missing_data = control::parse_missing_data(alarm.treat_missing_data.value_or(""))
                                .value_or(control::MissingData::Missing);
  rule.statistic = alarm.statistic.value_or(alarm.extended_statistic.value_or(""));
  rule.unit = alarm.unit.value_or("");
  if (alarm.evaluate_low_sample_count_percentile == "ignore" && rule.statistic.starts_with('p')) {
    rule.ignore_low_samples_percentile = parse_number(std::string_view(rule.statistic).substr(1));
  }
  return rule;
}

AlarmEvaluator::AlarmEvaluator(Store& store, Loop& loop, const Settings& settings,
                               const cloudwatch::MetricStore& metrics, ScalingTrigger& scaling)
    : store_(store),
      loop_(loop),
      settings_(settings),
      metrics_(metrics),
      scaling_(scaling),
      watch_(
          store, loop, [this](const Changes& changes) { return notice(changes); },
          [this] {
            follow_alarms();
            evaluate_composites();
          }) {}

AlarmEvaluator::~AlarmEvaluator() {
  loop_.cancel(timer_);
}

void AlarmEvaluator::start() {
  for (const auto& [name, alarm] : store_.all<AlarmRow>()) changed_.insert(name);
  watch_.start();
  follow_alarms();
}

bool AlarmEvaluator::notice(const Changes& changes) {
  for (const auto& [name, before] : changes.rows<AlarmRow>()) changed_.insert(name);
  return changes.touched<AlarmRow>();
}

// Every metric alarm has one entry in due_; alarms that are gone have none.
void AlarmEvaluator::follow_alarms() {
  for (const auto& name : changed_) {
    const auto* alarm = store_.find<AlarmRow>(name);
    const auto followed = followed_.find(name);
    if (alarm && alarm->composite) {
      composites_.insert(name);
    } else {
      composites_.erase(name);
    }
    if (!alarm && followed != followed_.end()) {
      due_.erase({followed->second.next, name});
      followed_.erase(followed);
    } else if (alarm && alarm->metric && followed == followed_.end()) {
      const Time when = loop_.now() + first_evaluation_after;
      followed_[name].next = when;
      due_.emplace(when, name);
    }
  }
  changed_.clear();
  arm();
}

void AlarmEvaluator::arm() {
  loop_.cancel(timer_);
  timer_ = due_.empty() ? no_timer : loop_.at(due_.begin()->first, [this] { run_due(); });
}

void AlarmEvaluator::run_due() {
  timer_ = no_timer;
  const Time now = loop_.now();
  while (!due_.empty() && due_.begin()->first <= now) {
    auto due = due_.extract(due_.begin());
    const std::string& name = due.value().second;
    const auto followed = followed_.find(name);
    const auto* alarm = store_.find<AlarmRow>(name);
    if (followed == followed_.end()) continue;
    if (!alarm || !alarm->metric) {
      followed_.erase(followed);
      continue;
    }
    read_configuration(*alarm->metric, followed->second);
    followed->second.next = control::next_evaluation(name, followed->second.rule, now);
    evaluate(followed->first, followed->second);
    due.value().first = followed->second.next;
    due_.insert(std::move(due));
  }
  arm();
}

void AlarmEvaluator::read_configuration(const MetricAlarm& alarm, Followed& followed) {
  if (followed.configured_at && followed.configured_at == alarm.alarm_configuration_updated_timestamp) return;
  followed.configured_at = alarm.alarm_configuration_updated_timestamp;
  followed.rule = rule_of(alarm);
  followed.metric = cloudwatch::metric_id(alarm.namespace_, alarm.metric_name, alarm.dimensions);
  followed.statistic =
      control::parse_statistic(alarm.statistic ? *alarm.statistic : alarm.extended_statistic.value_or(""));
  followed.unit = alarm.unit.value_or("");
}

// Fills points_.
void AlarmEvaluator::measure(const MetricAlarm& alarm, const Followed& followed,
                             const control::EvaluationRange& range) {
  points_.clear();
  for (int i = 0; i < range.count; ++i) points_.push_back({range.start_of(i)});
  const auto note = [&](Time start, std::optional<double> value, double samples) {
    const auto index = (range.newest - start).us / range.period.us;
    if (index < 0 || index >= range.count) return;
    auto& point = points_[static_cast<std::size_t>(index)];
    if (point.timestamp == start) point = {start, value, samples};
  };
  if (alarm.metrics) {
    const auto series = cloudwatch::evaluate_queries(metrics_, *alarm.metrics, range.from(), range.until());
    if (!series) return;
    for (const auto& result : *series) {
      if (!result.return_data) continue;
      for (const auto& [time, value] : result.points) note(time, value, 1);
    }
    return;
  }
  if (!followed.statistic) return;
  if (!followed.statistic->needs_values()) {
    metrics_.query_sets(followed.metric, range.from(), range.until(), range.period, followed.unit,
                        [&](Time start, const control::StatisticSet& set) {
                          note(start, control::value_of(*followed.statistic, set), set.sample_count);
                        });
    return;
  }
  for (const auto& bucket :
       metrics_.query(followed.metric, range.from(), range.until(), range.period, followed.unit)) {
    note(bucket.start, cloudwatch::value_of_bucket(*followed.statistic, bucket.values),
         bucket.values.set.sample_count);
  }
}

void AlarmEvaluator::evaluate(const std::string& name, Followed& followed) {
  const auto& alarm = *store_.find<AlarmRow>(name)->metric;
  const control::AlarmRule& rule = followed.rule;
  const auto range = control::evaluation_range(rule, loop_.now());
  measure(alarm, followed, range);
  const auto& points = points_;
  const auto current =
      control::parse_alarm_state(*alarm.state_value).value_or(control::AlarmState::InsufficientData);
  const auto verdict = control::judge(rule, points, current);
  const bool initial = alarm.state_reason == control::initial_state_reason;
  const bool transition = !verdict.kept && (verdict.state != current || initial);
  if (transition) {
    const auto changed = store_.transact([&]() -> Result<> {
      cloudwatch::change_state(store_, loop_, settings_, name, std::string(control::name_of(verdict.state)),
                               control::state_reason(rule, points, verdict),
                               control::state_reason_data(rule, points, verdict, loop_.now()));
      return {};
    });
    if (!changed) return log::warn("alarm {}: {}", name, changed.error().message);
  }
  const auto* row = store_.find<AlarmRow>(name);
  if (row && asks_for_scaling(*row)) {
    trigger_scaling(name, control::recent_datapoints(points, verdict), transition);
  }
}

void AlarmEvaluator::trigger_scaling(const std::string& name, std::span<const double> recent,
                                     bool transition) {
  const auto& alarm = *store_.find<AlarmRow>(name);
  // A copy, since what an action does may change the alarm, into what the last one left.
  const auto& actions = cloudwatch::actions_in_state(*alarm.metric, alarm.state());
  actions_.assign(actions->begin(), actions->end());
  for (const auto& action : actions_) {
    if (!action.starts_with(scaling_action)) continue;
    const auto outcome = scaling_.on_alarm(action, name, recent);
    if (!transition) continue;
    const auto recorded = store_.transact([&]() -> Result<> {
      if (const auto* row = store_.find<AlarmRow>(name)) {
        cloudwatch::record_action(store_, *row, action, outcome, loop_.now());
      }
      return {};
    });
    if (!recorded) log::warn("alarm {}: {}", name, recorded.error().message);
  }
}

void AlarmEvaluator::evaluate_composites() {
  for (const auto& name : composites_) {
    const auto* row = store_.find<AlarmRow>(name);
    if (!row || !row->composite) continue;
    const auto rule = control::parse_composite_rule(row->composite->alarm_rule.value_or(""));
    if (!rule) continue;
    std::string changed_child;
    Time changed_at{};
    const auto child_row = [&](std::string_view child) {
      const auto at = child.rfind(":alarm:");
      return store_.find<AlarmRow>(at == std::string_view::npos ? child : child.substr(at + 7));
    };
    for (const auto& child : rule->children()) {
      const auto* alarm = child_row(child);
      const Time updated = !alarm          ? Time{}
                           : alarm->metric ? alarm->metric->state_updated_timestamp.value_or(Time{})
                                           : alarm->composite->state_updated_timestamp.value_or(Time{});
      if (alarm && updated >= changed_at) {
        changed_child = alarm->arn();
        changed_at = updated;
      }
    }
    const auto state = rule->evaluate([&](std::string_view child) -> std::optional<control::AlarmState> {
      const auto* alarm = child_row(child);
      return alarm ? control::parse_alarm_state(alarm->state()) : std::nullopt;
    });
    if (row->state() == control::name_of(state)) continue;
    const auto* child = child_row(changed_child);
    const auto child_state = child ? control::parse_alarm_state(child->state()) : std::nullopt;
    const auto reason = control::composite_state_reason(
        changed_child, child_state.value_or(control::AlarmState::InsufficientData), changed_at);
    const auto changed = store_.transact([&]() -> Result<> {
      cloudwatch::change_state(store_, loop_, settings_, name, std::string(control::name_of(state)), reason,
                               "");
      return {};
    });
    if (!changed) log::warn("alarm {}: {}", name, changed.error().message);
  }
}

}  // namespace berth::reconcile
