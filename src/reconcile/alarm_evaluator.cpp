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

std::int64_t period_of(const MetricAlarm& alarm) {
  if (alarm.period) return *alarm.period;
  for (const auto& query : alarm.metrics.value_or(std::vector<cloudwatch::MetricDataQuery>{})) {
    if (query.metric_stat) return query.metric_stat->period.value_or(60);
  }
  return 60;
}

// Values by the start of their period.
std::map<Time, control::AlarmDatapoint> measure(const cloudwatch::MetricStore& metrics,
                                                const MetricAlarm& alarm,
                                                const control::EvaluationRange& range) {
  std::map<Time, control::AlarmDatapoint> points;
  if (alarm.metrics) {
    const auto series = cloudwatch::evaluate_queries(metrics, *alarm.metrics, range.from(), range.until());
    if (!series) return points;
    for (const auto& result : *series) {
      if (!result.return_data) continue;
      for (const auto& [time, value] : result.points) points[time] = {time, value, 1};
    }
    return points;
  }
  const auto statistic =
      control::parse_statistic(alarm.statistic ? *alarm.statistic : alarm.extended_statistic.value_or(""));
  if (!statistic) return points;
  const auto id = cloudwatch::metric_id(alarm.namespace_, alarm.metric_name, alarm.dimensions);
  for (const auto& bucket :
       metrics.query(id, range.from(), range.until(), range.period, alarm.unit.value_or(""))) {
    points[bucket.start] = {bucket.start, cloudwatch::value_of_bucket(*statistic, bucket.values),
                            bucket.values.set.sample_count};
  }
  return points;
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
      watch_(store, loop, {AlarmRow::table}, [this] {
        follow_alarms();
        evaluate_composites();
      }) {}

AlarmEvaluator::~AlarmEvaluator() {
  loop_.cancel(timer_);
}

void AlarmEvaluator::start() {
  watch_.start();
  follow_alarms();
}

// Every metric alarm has one entry in due_; alarms that are gone have none.
void AlarmEvaluator::follow_alarms() {
  const auto& alarms = store_.all<AlarmRow>();
  std::erase_if(next_, [&](const auto& entry) {
    if (alarms.contains(entry.first)) return false;
    due_.erase({entry.second, entry.first});
    return true;
  });
  for (const auto& [name, alarm] : alarms) {
    if (!alarm.metric || next_.contains(name)) continue;
    const Time when = loop_.now() + first_evaluation_after;
    next_[name] = when;
    due_.emplace(when, name);
  }
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
    const std::string name = due_.begin()->second;
    due_.erase(due_.begin());
    next_.erase(name);
    const auto* alarm = store_.find<AlarmRow>(name);
    if (!alarm || !alarm->metric) continue;
    const Time following = control::next_evaluation(name, rule_of(*alarm->metric), now);
    next_[name] = following;
    due_.emplace(following, name);
    evaluate(name);
  }
  arm();
}

void AlarmEvaluator::evaluate(const std::string& name) {
  const auto& alarm = *store_.find<AlarmRow>(name)->metric;
  const control::AlarmRule rule = rule_of(alarm);
  const auto range = control::evaluation_range(rule, loop_.now());
  const auto measured = measure(metrics_, alarm, range);
  std::vector<control::AlarmDatapoint> points;
  for (int i = 0; i < range.count; ++i) {
    const auto found = measured.find(range.start_of(i));
    points.push_back(found == measured.end() ? control::AlarmDatapoint{range.start_of(i)} : found->second);
  }
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
  if (const auto* row = store_.find<AlarmRow>(name)) {
    trigger_scaling(*row, control::recent_datapoints(points, verdict), transition);
  }
}

void AlarmEvaluator::trigger_scaling(const AlarmRow& alarm, const std::vector<double>& recent,
                                     bool transition) {
  if (!alarm.actions_enabled()) return;
  const auto actions = cloudwatch::actions_of(alarm, alarm.state());
  const AlarmSignal signal{
      alarm.name, alarm.arn(), alarm.state(), recent, alarm.metric->threshold.value_or(0), transition};
  const std::string name = alarm.name;
  for (const auto& action : actions) {
    if (!action.starts_with("arn:aws:autoscaling:")) continue;
    const auto outcome = scaling_.on_alarm(action, signal);
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
  std::vector<std::string> names;
  for (const auto& [name, alarm] : store_.all<AlarmRow>()) {
    if (alarm.composite) names.push_back(name);
  }
  for (const auto& name : names) {
    const auto* row = store_.find<AlarmRow>(name);
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
