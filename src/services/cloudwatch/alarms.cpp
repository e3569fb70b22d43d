// CloudWatch alarms: their configuration, state and history. The alarm evaluator in src/reconcile judges
// them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "control/alarm.h"
#include "control/composite_alarm.h"
#include "handlers/cloudwatch.h"
#include "services/cloudwatch/alarm_state.h"
#include "services/cloudwatch/dimensions.h"
#include "services/cloudwatch/rows.h"
#include "services/lists.h"
#include "services/paging.h"
#include "services/tags.h"

namespace berth::cloudwatch {
namespace {

constexpr std::int64_t alarms_per_page_max = 100;
constexpr std::size_t actions_per_state_max = 5;
constexpr std::size_t name_characters_max = 255;
constexpr std::size_t composites_deleted_max = 1;
constexpr std::int64_t short_period_range_s_max = 86'400;
constexpr std::int64_t long_period_range_s_max = 604'800;

Error invalid(std::string message) {
  return {"ValidationError", std::move(message)};
}
Error missing(std::string_view name) {
  return {"ValidationError", fmt::format("The parameter {} is required.", name)};
}

Result<> check_action(const std::string& arn) {
  if (!arn.starts_with("arn:")) return invalid("Invalid arn syntax: " + arn);
  if (arn.starts_with("arn:aws:sns:") || arn.starts_with("arn:aws:autoscaling:")) return {};
  return Error{"NotImplemented", "berth does not implement the alarm action " + arn +
                                     "; it knows SNS topics and scaling policies."};
}

Result<> check_common(const std::optional<std::string>& name, const std::optional<std::string>& description,
                      std::initializer_list<const std::optional<std::vector<std::string>>*> action_lists) {
  if (name.value_or("").empty()) return missing("AlarmName");
  if (name->size() > name_characters_max) {
    return invalid(
        "1 validation error detected: Value at 'alarmName' failed to satisfy constraint: Member must have "
        "length less than or equal to 255");
  }
  if (description && description->size() > 1024) {
    return invalid(
        "1 validation error detected: Value at 'alarmDescription' failed to satisfy constraint: Member must "
        "have length less than or equal to 1024");
  }
  for (const auto* list : action_lists) {
    if (*list && (*list)->size() > actions_per_state_max) {
      return invalid(
          "1 validation error detected: Value at 'alarmActions' failed to satisfy constraint: Member must "
          "have length less than or equal to 5");
    }
    for (const auto& arn : list->value_or(std::vector<std::string>{})) {
      if (auto checked = check_action(arn); !checked) return checked;
    }
  }
  return {};
}

Result<> check_window(std::int64_t period_s, std::int64_t evaluation_periods) {
  const bool sub_minute = period_s == 10 || period_s == 20 || period_s == 30;
  if (!sub_minute && (period_s < 60 || period_s % 60 != 0)) {
    return invalid("The parameter Period must be equal to 10, 20, 30 or a multiple of 60.");
  }
  if (evaluation_periods < 1)
    return invalid("The parameter EvaluationPeriods must be greater than or equal to 1.");
  const std::int64_t range_s_max = period_s < 3600 ? short_period_range_s_max : long_period_range_s_max;
  if (period_s * evaluation_periods > range_s_max) {
    return invalid(
        range_s_max == short_period_range_s_max
            ? "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= "
              "86400)."
            : "Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= "
              "604800).");
  }
  return {};
}

Result<> check_metric_alarm(const PutMetricAlarmInput& input) {
  auto common = check_common(input.alarm_name, input.alarm_description,
                             {&input.ok_actions, &input.alarm_actions, &input.insufficient_data_actions});
  if (!common) return common;
  if (input.evaluation_criteria || input.threshold_metric_id || input.evaluation_window ||
      input.warm_up_configuration) {
    return Error{"NotImplemented",
                 "PutMetricAlarm: berth does not implement PromQL criteria, anomaly detection bands, "
                 "evaluation windows and warm-up."};
  }
  if (input.metrics && input.metric_name)
    return invalid("Metrics list and MetricName cannot be specified at the same time.");
  if (!input.evaluation_periods) return missing("EvaluationPeriods");
  if (!input.threshold) return missing("Threshold");
  if (!input.comparison_operator || !control::parse_comparison(*input.comparison_operator)) {
    return invalid(
        fmt::format("The value {} for parameter ComparisonOperator is not implemented by berth or not valid.",
                    input.comparison_operator.value_or("")));
  }
  if (input.treat_missing_data && !control::parse_missing_data(*input.treat_missing_data)) {
    return invalid(
        fmt::format("The value {} is unsupported for TreatMissingData parameter. Supported values are "
                    "[breaching, notBreaching, ignore, missing].",
                    *input.treat_missing_data));
  }
  if (input.datapoints_to_alarm && *input.datapoints_to_alarm > *input.evaluation_periods) {
    return invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods.");
  }
  std::int64_t period_s = input.period.value_or(60);
  if (input.metrics) {
    int returned = 0;
    for (const auto& query : *input.metrics) {
      if (query.metric_stat) period_s = query.metric_stat->period.value_or(60);
      if (query.return_data.value_or(true)) ++returned;
    }
    // AWS: an alarm watches one of the list's results.
    if (returned != 1) return invalid("Exactly one element of the metrics list should return data.");
  } else {
    if (!input.metric_name) return missing("MetricName");
    if (!input.namespace_) return missing("Namespace");
    if (!input.period) return missing("Period");
    if (input.statistic.has_value() == input.extended_statistic.has_value()) {
      return invalid(
          input.statistic
              ? "Statistic and ExtendedStatistic cannot both be specified."
              : "At least one of the parameters Statistic and ExtendedStatistic must be specified.");
    }
    if (!control::parse_statistic(input.statistic ? *input.statistic : *input.extended_statistic)) {
      return invalid("The value for parameter ExtendedStatistic is not valid.");
    }
  }
  return check_window(period_s, *input.evaluation_periods);
}

MetricAlarm metric_alarm_of(const PutMetricAlarmInput& input) {
  MetricAlarm alarm;
  alarm.alarm_name = input.alarm_name;
  alarm.alarm_description = input.alarm_description;
  alarm.actions_enabled = input.actions_enabled.value_or(true);
  alarm.ok_actions = input.ok_actions.value_or(std::vector<std::string>{});
  alarm.alarm_actions = input.alarm_actions.value_or(std::vector<std::string>{});
  alarm.insufficient_data_actions = input.insufficient_data_actions.value_or(std::vector<std::string>{});
  alarm.metric_name = input.metric_name;
  alarm.namespace_ = input.namespace_;
  alarm.statistic = input.statistic;
  alarm.extended_statistic = input.extended_statistic;
  alarm.dimensions = input.dimensions.value_or(std::vector<Dimension>{});
  alarm.period = input.period;
  alarm.unit = input.unit;
  alarm.evaluation_periods = input.evaluation_periods;
  alarm.datapoints_to_alarm = input.datapoints_to_alarm;
  alarm.threshold = input.threshold;
  alarm.comparison_operator = input.comparison_operator;
  alarm.treat_missing_data = input.treat_missing_data;
  alarm.evaluate_low_sample_count_percentile = input.evaluate_low_sample_count_percentile;
  alarm.metrics = input.metrics;
  return alarm;
}

// Puts a new or changed configuration in place; state and its times stay when the alarm exists already.
template <class Alarm>
void configure(Context& context, Alarm alarm, std::optional<Alarm> AlarmRow::*kind,
               const std::vector<Tag>& tags) {
  const std::string name = *alarm.alarm_name;
  const auto* existing = context.store.find<AlarmRow>(name);
  alarm.alarm_arn = context.settings.arn("cloudwatch", "alarm:" + name);
  alarm.alarm_configuration_updated_timestamp = context.now();
  if (existing) {
    const auto& old = *(existing->*kind);
    alarm.state_value = old.state_value;
    alarm.state_reason = old.state_reason;
    alarm.state_reason_data = old.state_reason_data;
    alarm.state_updated_timestamp = old.state_updated_timestamp;
    alarm.state_transitioned_timestamp = old.state_transitioned_timestamp;
  } else {
    alarm.state_value = "INSUFFICIENT_DATA";
    alarm.state_reason = std::string(control::initial_state_reason);
    alarm.state_updated_timestamp = context.now();
    alarm.state_transitioned_timestamp = context.now();
  }
  AlarmRow row;
  row.name = name;
  row.*kind = std::move(alarm);
  row.tags = existing ? existing->tags : tags;  // AWS: tags of an update are ignored
  const json::object data{
      {"version", "1.0"},
      {"type", existing ? "Update" : "Create"},
      {std::string(existing ? "updatedAlarm" : "createdAlarm"), model::to_json(*(row.*kind))}};
  add_history(context.store, row, "ConfigurationUpdate",
              fmt::format("Alarm \"{}\" {}", name, existing ? "updated" : "created"), json::serialize(data),
              context.now());
  context.store.put(std::move(row));
}

Result<> set_actions_enabled(Context& context, const std::vector<std::string>& names, bool enabled) {
  for (const auto& name : names) {
    auto* row = context.store.edit<AlarmRow>(name);
    if (!row) continue;
    if (row->metric) row->metric->actions_enabled = enabled;
    if (row->composite) row->composite->actions_enabled = enabled;
  }
  return {};
}

bool selected(const AlarmRow& row, const DescribeAlarmsInput& input) {
  if (input.alarm_names) {
    const auto& names = *input.alarm_names;
    if (std::find(names.begin(), names.end(), row.name) == names.end()) return false;
  }
  if (input.alarm_name_prefix && !row.name.starts_with(*input.alarm_name_prefix)) return false;
  if (input.state_value && row.state() != *input.state_value) return false;
  const auto types = input.alarm_types.value_or(std::vector<std::string>{"MetricAlarm"});
  if (std::find(types.begin(), types.end(), row.metric ? "MetricAlarm" : "CompositeAlarm") == types.end())
    return false;
  if (!input.action_prefix) return true;
  for (const char* state : {"ALARM", "OK", "INSUFFICIENT_DATA"}) {
    for (const auto& action : actions_of(row, state)) {
      if (action.starts_with(*input.action_prefix)) return true;
    }
  }
  return false;
}

// Of the rule's children, which are named by name or ARN.
std::vector<std::string> child_names(const Context& context, const control::CompositeRule& rule) {
  const std::string prefix = context.settings.arn("cloudwatch", "alarm:");
  std::vector<std::string> names;
  for (const auto& child : rule.children()) {
    names.push_back(child.starts_with(prefix) ? child.substr(prefix.size()) : child);
  }
  return names;
}

Result<> check_children(const Context& context, const std::string& name, const control::CompositeRule& rule) {
  std::vector<std::string> unknown;
  for (const auto& child : child_names(context, rule)) {
    if (child == name || !context.store.find<AlarmRow>(child)) unknown.push_back(child);
  }
  if (unknown.empty()) return {};
  return invalid(
      fmt::format("Could not save the composite alarm as alarms [{}] in the alarm rule do not exist",
                  join(unknown, ", ")));
}

bool is_child_of_another(const Context& context, const std::string& name) {
  for (const auto& [other, row] : context.store.all<AlarmRow>()) {
    if (!row.composite) continue;
    const auto rule = control::parse_composite_rule(row.composite->alarm_rule.value_or(""));
    if (!rule) continue;
    const auto names = child_names(context, *rule);
    if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  }
  return false;
}

// An alarm's name is unique among the metric and the composite alarms of a region.
template <class Other>
Result<> check_name_is_free(const Context& context, const std::string& name,
                            std::optional<Other> AlarmRow::*other_kind, const char* other) {
  const auto* row = context.store.find<AlarmRow>(name);
  if (!row || !(row->*other_kind)) return {};
  return invalid(fmt::format("The alarm name {} is in use by a {} alarm.", name, other));
}

Result<> check_deletable(const Context& context, const std::vector<std::string>& names) {
  std::set<std::string> composites;
  for (const auto& name : names) {
    const auto* row = context.store.find<AlarmRow>(name);
    if (row && row->composite) composites.insert(name);
    if (is_child_of_another(context, name)) {
      return invalid(fmt::format("Cannot delete {} as there are composite alarm(s) depending on it.", name));
    }
  }
  if (composites.size() <= composites_deleted_max) return {};
  return invalid("A request to delete alarms can include no more than one composite alarm.");
}

Result<AlarmRow*> tagged_alarm(Context& context, const std::optional<std::string>& arn) {
  const std::string prefix = context.settings.arn("cloudwatch", "alarm:");
  auto* row =
      arn && arn->starts_with(prefix) ? context.store.edit<AlarmRow>(arn->substr(prefix.size())) : nullptr;
  if (!row) return Error{"ResourceNotFoundException", "Unknown"};
  return row;
}

}  // namespace

Result<PutMetricAlarmOutput> put_metric_alarm(Context& context, const PutMetricAlarmInput& input) {
  if (auto checked = check_metric_alarm(input); !checked) return checked.error();
  auto free = check_name_is_free(context, *input.alarm_name, &AlarmRow::composite, "composite");
  if (!free) return free.error();
  configure(context, metric_alarm_of(input), &AlarmRow::metric, input.tags.value_or(std::vector<Tag>{}));
  return PutMetricAlarmOutput{};
}

Result<PutCompositeAlarmOutput> put_composite_alarm(Context& context, const PutCompositeAlarmInput& input) {
  auto common = check_common(input.alarm_name, input.alarm_description,
                             {&input.ok_actions, &input.alarm_actions, &input.insufficient_data_actions});
  if (!common) return common.error();
  auto free = check_name_is_free(context, *input.alarm_name, &AlarmRow::metric, "metric");
  if (!free) return free.error();
  if (input.actions_suppressor) {
    return Error{"NotImplemented", "PutCompositeAlarm: berth does not implement ActionsSuppressor."};
  }
  auto rule = control::parse_composite_rule(input.alarm_rule.value_or(""));
  if (!rule) return rule.error();
  if (auto checked = check_children(context, input.alarm_name.value_or(""), *rule); !checked)
    return checked.error();
  CompositeAlarm alarm;
  alarm.alarm_name = input.alarm_name;
  alarm.alarm_description = input.alarm_description;
  alarm.alarm_rule = input.alarm_rule;
  alarm.actions_enabled = input.actions_enabled.value_or(true);
  alarm.ok_actions = input.ok_actions.value_or(std::vector<std::string>{});
  alarm.alarm_actions = input.alarm_actions.value_or(std::vector<std::string>{});
  alarm.insufficient_data_actions = input.insufficient_data_actions.value_or(std::vector<std::string>{});
  configure(context, std::move(alarm), &AlarmRow::composite, input.tags.value_or(std::vector<Tag>{}));
  return PutCompositeAlarmOutput{};
}

// AWS: nothing is deleted when one of them is a child of a composite alarm that stays.
Result<DeleteAlarmsOutput> delete_alarms(Context& context, const DeleteAlarmsInput& input) {
  const auto names = services::list_of(input.alarm_names);
  if (auto checked = check_deletable(context, names); !checked) return checked.error();
  for (const auto& name : names) erase_alarm(context.store, name, context.now());
  return DeleteAlarmsOutput{};
}

Result<DescribeAlarmsOutput> describe_alarms(Context& context, const DescribeAlarmsInput& input) {
  std::vector<const AlarmRow*> found;
  for (const auto& [name, row] : context.store.all<AlarmRow>()) {
    if (selected(row, input)) found.push_back(&row);
  }
  const std::int64_t records_max = std::min(alarms_per_page_max, input.max_records.value_or(50));
  auto page = services::page_of(
      std::move(found), input.next_token, records_max, [](const AlarmRow* row) { return row->name; },
      services::invalid_next_token);
  if (!page) return page.error();
  DescribeAlarmsOutput output;
  output.metric_alarms.emplace();
  output.composite_alarms.emplace();
  for (const auto* row : page->items) {
    if (row->metric) output.metric_alarms->push_back(*row->metric);
    if (row->composite) output.composite_alarms->push_back(*row->composite);
  }
  output.next_token = std::move(page->next_token);
  return output;
}

Result<DescribeAlarmsForMetricOutput> describe_alarms_for_metric(Context& context,
                                                                 const DescribeAlarmsForMetricInput& input) {
  const MetricId wanted = metric_id(input.namespace_, input.metric_name, input.dimensions);
  DescribeAlarmsForMetricOutput output;
  output.metric_alarms.emplace();
  for (const auto& [name, row] : context.store.all<AlarmRow>()) {
    if (!row.metric || !row.metric->metric_name) continue;
    const auto& alarm = *row.metric;
    if (metric_id(alarm.namespace_, alarm.metric_name, alarm.dimensions) != wanted) continue;
    if (input.statistic && input.statistic != alarm.statistic) continue;
    if (input.period && input.period != alarm.period) continue;
    if (input.unit && input.unit != alarm.unit) continue;
    output.metric_alarms->push_back(alarm);
  }
  return output;
}

Result<DescribeAlarmHistoryOutput> describe_alarm_history(Context& context,
                                                          const DescribeAlarmHistoryInput& input) {
  std::vector<const AlarmHistoryRow*> found;
  const auto types = input.alarm_types.value_or(std::vector<std::string>{"MetricAlarm"});
  for (const auto& [key, row] : context.store.all<AlarmHistoryRow>()) {
    if (input.alarm_name && row.alarm != *input.alarm_name) continue;
    if (input.history_item_type && row.type != *input.history_item_type) continue;
    if (input.start_date && row.time < *input.start_date) continue;
    if (input.end_date && row.time > *input.end_date) continue;
    if (std::find(types.begin(), types.end(), row.alarm_type) == types.end()) continue;
    found.push_back(&row);
  }
  if (input.scan_by != "TimestampAscending") std::reverse(found.begin(), found.end());
  const std::int64_t records_max = std::min(alarms_per_page_max, input.max_records.value_or(100));
  auto page = services::page_of(
      std::move(found), input.next_token, records_max, [](const AlarmHistoryRow* row) { return row->key(); },
      services::invalid_next_token);
  if (!page) return page.error();
  DescribeAlarmHistoryOutput output;
  output.alarm_history_items.emplace();
  for (const auto* row : page->items) {
    AlarmHistoryItem item;
    item.alarm_name = row->alarm;
    item.alarm_type = row->alarm_type;
    item.timestamp = row->time;
    item.history_item_type = row->type;
    item.history_summary = row->summary;
    item.history_data = row->data;
    output.alarm_history_items->push_back(std::move(item));
  }
  output.next_token = std::move(page->next_token);
  return output;
}

Result<SetAlarmStateOutput> set_alarm_state(Context& context, const SetAlarmStateInput& input) {
  const std::string name = input.alarm_name.value_or("");
  const auto* row = context.store.find<AlarmRow>(name);
  if (!row) return Error{"ResourceNotFound", fmt::format("Unknown alarm {}", name)};
  json::value parsed;
  JsonError problem;
  if (input.state_reason_data && !parse_json(*input.state_reason_data, parsed, problem)) {
    return Error{"InvalidFormatFault", "Data was not syntactically valid JSON."};
  }
  change_state(context.store, context.loop, context.settings, name, input.state_value.value_or(""),
               input.state_reason.value_or(""), input.state_reason_data.value_or(""));
  return SetAlarmStateOutput{};
}

Result<EnableAlarmActionsOutput> enable_alarm_actions(Context& context,
                                                      const EnableAlarmActionsInput& input) {
  auto set = set_actions_enabled(context, input.alarm_names.value_or(std::vector<std::string>{}), true);
  if (!set) return set.error();
  return EnableAlarmActionsOutput{};
}

Result<DisableAlarmActionsOutput> disable_alarm_actions(Context& context,
                                                        const DisableAlarmActionsInput& input) {
  auto set = set_actions_enabled(context, input.alarm_names.value_or(std::vector<std::string>{}), false);
  if (!set) return set.error();
  return DisableAlarmActionsOutput{};
}

Result<TagResourceOutput> tag_resource(Context& context, const TagResourceInput& input) {
  auto row = tagged_alarm(context, input.resource_arn);
  if (!row) return row.error();
  services::merge_tags((*row)->tags, input.tags.value_or(std::vector<Tag>{}));
  return TagResourceOutput{};
}

Result<UntagResourceOutput> untag_resource(Context& context, const UntagResourceInput& input) {
  auto row = tagged_alarm(context, input.resource_arn);
  if (!row) return row.error();
  services::remove_tags((*row)->tags, input.tag_keys.value_or(std::vector<std::string>{}));
  return UntagResourceOutput{};
}

Result<ListTagsForResourceOutput> list_tags_for_resource(Context& context,
                                                         const ListTagsForResourceInput& input) {
  auto row = tagged_alarm(context, input.resource_arn);
  if (!row) return row.error();
  return ListTagsForResourceOutput{(*row)->tags};
}

}  // namespace berth::cloudwatch
