#include "services/cloudwatch/alarm_notification.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/text.h"
#include "control/alarm.h"
#include "services/lists.h"

namespace berth::cloudwatch {

std::string region_display_name(const std::string& region) {
  static const std::map<std::string, std::string> names = {
      {"us-east-1", "US East (N. Virginia)"},
      {"us-east-2", "US East (Ohio)"},
      {"us-west-1", "US West (N. California)"},
      {"us-west-2", "US West (Oregon)"},
      {"ca-central-1", "Canada (Central)"},
      {"sa-east-1", "South America (Sao Paulo)"},
      {"eu-central-1", "EU (Frankfurt)"},
      {"eu-west-1", "EU (Ireland)"},
      {"eu-west-2", "EU (London)"},
      {"eu-west-3", "EU (Paris)"},
      {"eu-north-1", "EU (Stockholm)"},
      {"eu-south-1", "EU (Milan)"},
      {"ap-south-1", "Asia Pacific (Mumbai)"},
      {"ap-southeast-1", "Asia Pacific (Singapore)"},
      {"ap-southeast-2", "Asia Pacific (Sydney)"},
      {"ap-northeast-1", "Asia Pacific (Tokyo)"},
      {"ap-northeast-2", "Asia Pacific (Seoul)"},
      {"ap-northeast-3", "Asia Pacific (Osaka)"},
      {"ap-east-1", "Asia Pacific (Hong Kong)"},
      {"me-south-1", "Middle East (Bahrain)"},
      {"af-south-1", "Africa (Cape Town)"},
  };
  const auto found = names.find(region);
  return found == names.end() ? region : found->second;
}

namespace {

constexpr std::size_t subject_characters_max = 100;  // SNS's limit

std::string upper_snake(const std::string& statistic) {
  return statistic == "SampleCount" ? "SAMPLE_COUNT" : [&] {
    std::string out = statistic;
    for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
  }();
}

json::array strings(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& value : values) out.push_back(json::string(value));
  return out;
}

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value_from(*value) : json::value(nullptr);
}

json::object trigger_of(const MetricAlarm& alarm) {
  json::object trigger;
  if (alarm.metrics) {
    trigger["Period"] = or_null(alarm.period);
  } else {
    trigger["MetricName"] = or_null(alarm.metric_name);
    trigger["Namespace"] = or_null(alarm.namespace_);
    trigger["StatisticType"] = alarm.statistic ? "Statistic" : "ExtendedStatistic";
    if (alarm.statistic) trigger["Statistic"] = upper_snake(*alarm.statistic);
    if (alarm.extended_statistic) trigger["ExtendedStatistic"] = *alarm.extended_statistic;
    trigger["Unit"] = or_null(alarm.unit);
    json::array dimensions;
    for (const auto& dimension : alarm.dimensions.value_or(std::vector<Dimension>{})) {
      dimensions.push_back(
          json::object{{"value", or_null(dimension.value)}, {"name", or_null(dimension.name)}});
    }
    trigger["Dimensions"] = std::move(dimensions);
    trigger["Period"] = or_null(alarm.period);
  }
  trigger["EvaluationPeriods"] = or_null(alarm.evaluation_periods);
  if (alarm.datapoints_to_alarm) trigger["DatapointsToAlarm"] = *alarm.datapoints_to_alarm;
  trigger["ComparisonOperator"] = or_null(alarm.comparison_operator);
  trigger["Threshold"] = or_null(alarm.threshold);
  trigger["TreatMissingData"] = alarm.treat_missing_data.value_or("");
  trigger["EvaluateLowSampleCountPercentile"] = alarm.evaluate_low_sample_count_percentile.value_or("");
  if (alarm.metrics) {
    json::array metrics;
    for (const auto& query : *alarm.metrics) metrics.push_back(model::to_json(query));
    trigger["Metrics"] = std::move(metrics);
  }
  return trigger;
}

template <class Alarm>
json::object common_fields(const Settings& settings, const Alarm& alarm, const std::string& old_state) {
  return {{"AlarmName", or_null(alarm.alarm_name)},
          {"AlarmDescription", or_null(alarm.alarm_description)},
          {"AWSAccountId", settings.account},
          {"AlarmConfigurationUpdatedTimestamp",
           control::alarm_date(alarm.alarm_configuration_updated_timestamp.value_or(Time{}))},
          {"NewStateValue", or_null(alarm.state_value)},
          {"NewStateReason", or_null(alarm.state_reason)},
          {"StateChangeTime", control::alarm_date(alarm.state_updated_timestamp.value_or(Time{}))},
          {"Region", region_display_name(settings.region)},
          {"AlarmArn", or_null(alarm.alarm_arn)},
          {"OldStateValue", old_state},
          {"OKActions", strings(alarm.ok_actions.value_or(std::vector<std::string>{}))},
          {"AlarmActions", strings(alarm.alarm_actions.value_or(std::vector<std::string>{}))},
          {"InsufficientDataActions",
           strings(alarm.insufficient_data_actions.value_or(std::vector<std::string>{}))}};
}

std::string json_message(const Settings& settings, const AlarmRow& alarm, const std::string& old_state) {
  if (alarm.metric) {
    json::object message = common_fields(settings, *alarm.metric, old_state);
    message["Trigger"] = trigger_of(*alarm.metric);
    return json::serialize(message);
  }
  json::object message = common_fields(settings, *alarm.composite, old_state);
  message["AlarmRule"] = or_null(alarm.composite->alarm_rule);
  return json::serialize(message);
}

std::string action_lines(const std::vector<std::string>& actions) {
  if (actions.empty()) return " ";
  std::string out;
  for (const auto& action : actions) out += fmt::format("[{}] ", action);
  return out;
}

// An alarm on an expression judges it at the period of the metrics that it is made of.
std::int64_t period_s_of(const MetricAlarm& alarm) {
  if (alarm.period || !alarm.metrics) return alarm.period.value_or(60);
  std::optional<std::int64_t> longest;
  for (const auto& query : *alarm.metrics) {
    const auto period = query.metric_stat ? query.metric_stat->period : query.period;
    if (period) longest = std::max(longest.value_or(0), *period);
  }
  return longest.value_or(60);
}

std::string threshold_text(const MetricAlarm& alarm) {
  const auto comparison = control::parse_comparison(alarm.comparison_operator.value_or(""));
  const std::int64_t periods = alarm.evaluation_periods.value_or(1);
  return fmt::format(
      "- The alarm is in the ALARM state when the metric is {} {} for at least {} of the last {} period(s) "
      "of {} "
      "seconds.\n",
      comparison ? control::words_for(*comparison) : "", java_double(alarm.threshold.value_or(0)),
      alarm.datapoints_to_alarm.value_or(periods), periods, period_s_of(alarm));
}

std::string dimensions_text(const std::optional<std::vector<Dimension>>& dimensions) {
  std::string text;
  for (const auto& dimension : services::list_of(dimensions)) {
    text += fmt::format("{}[{} = {}]", text.empty() ? "" : " ", dimension.name.value_or(""),
                        dimension.value.value_or(""));
  }
  return text;
}

std::string metric_text(const MetricAlarm& alarm) {
  return fmt::format(
      "- MetricNamespace:                     {}\n"
      "- MetricName:                          {}\n"
      "- Dimensions:                          {}\n"
      "- Period:                              {} seconds\n"
      "- Statistic:                           {}\n"
      "- Unit:                                {}\n"
      "- TreatMissingData:                    {}\n",
      alarm.namespace_.value_or(""), alarm.metric_name.value_or(""), dimensions_text(alarm.dimensions),
      alarm.period.value_or(60), alarm.statistic.value_or(alarm.extended_statistic.value_or("")),
      alarm.unit.value_or("not specified"), alarm.treat_missing_data.value_or("missing"));
}

std::string query_text(const MetricAlarm& alarm, const MetricDataQuery& query) {
  if (!query.metric_stat) {
    return fmt::format(
        "- MetricExpression:                    {}\n"
        "- MetricLabel:                         {}\n",
        query.expression.value_or(""), query.label.value_or(query.id.value_or("")));
  }
  MetricAlarm alone;
  const auto& stat = *query.metric_stat;
  if (stat.metric) {
    alone.namespace_ = stat.metric->namespace_;
    alone.metric_name = stat.metric->metric_name;
    alone.dimensions = stat.metric->dimensions;
  }
  alone.period = stat.period;
  alone.statistic = stat.stat;
  alone.unit = stat.unit;
  alone.treat_missing_data = alarm.treat_missing_data;
  return metric_text(alone);
}

// What the alarm judges comes first, as on AWS, then what it is made of.
std::string queries_text(const MetricAlarm& alarm) {
  std::string judged;
  std::string others;
  for (const auto& query : *alarm.metrics) {
    auto& text = query.return_data.value_or(true) ? judged : others;
    text += query_text(alarm, query) + "\n";
  }
  return judged + others;
}

template <class Alarm>
std::string mail_body(const Settings& settings, const AlarmRow& row, const Alarm& alarm,
                      const std::string& old_state) {
  const std::string name = alarm.alarm_name.value_or("");
  const Time changed = alarm.state_updated_timestamp.value_or(Time{});
  const std::string moment = format_utc(changed, "%A %d %B, %Y %H:%M:%S UTC");
  std::string body = fmt::format(
      "You are receiving this email because your Amazon CloudWatch Alarm \"{}\" in the {} region has entered "
      "the {} "
      "state, because \"{}\" at \"{}\".\n\n"
      "View this alarm in the AWS Management Console:\n"
      "https://{}.console.aws.amazon.com/cloudwatch/deeplink.js?region={}#alarmsV2:alarm/{}\n\n"
      "Alarm Details:\n"
      "- Name:                       {}\n"
      "- Description:                {}\n"
      "- State Change:               {} -> {}\n"
      "- Reason for State Change:    {}\n"
      "- Timestamp:                  {}\n"
      "- AWS Account:                {}\n"
      "- Alarm Arn:                  {}\n\n",
      name, region_display_name(settings.region), alarm.state_value.value_or(""),
      alarm.state_reason.value_or(""), moment, settings.region, settings.region, percent_encode(name), name,
      alarm.alarm_description.value_or(""), old_state, alarm.state_value.value_or(""),
      alarm.state_reason.value_or(""), moment, settings.account, alarm.alarm_arn.value_or(""));
  if (row.metric) {
    body += "Threshold:\n" + threshold_text(*row.metric) + "\n";
    body += row.metric->metrics ? "Monitored Metrics:\n" + queries_text(*row.metric)
                                : "Monitored Metric:\n" + metric_text(*row.metric) + "\n";
  }
  body += fmt::format("State Change Actions:\n- OK:{}\n- ALARM:{}\n- INSUFFICIENT_DATA:{}\n",
                      " " + action_lines(actions_of(row, "OK")), " " + action_lines(actions_of(row, "ALARM")),
                      " " + action_lines(actions_of(row, "INSUFFICIENT_DATA")));
  return body;
}

std::string subject_of(const Settings& settings, const std::string& name, const std::string& state) {
  std::string shown;
  for (const char c : name) shown.push_back(static_cast<unsigned char>(c) < 0x80 ? c : '_');
  const std::string head = state + ": \"";
  const std::string tail = "\" in " + region_display_name(settings.region);
  const std::size_t room = subject_characters_max - head.size() - tail.size();
  if (shown.size() > room) shown = shown.substr(0, room - 3) + "...";
  return head + shown + tail;
}

}  // namespace

sns::Publication alarm_publication(const Settings& settings, const AlarmRow& alarm,
                                   const std::string& old_state, const std::string& topic_arn) {
  sns::Publication publication;
  publication.topic_arn = topic_arn;
  publication.subject = subject_of(settings, alarm.name, alarm.state());
  publication.message = json_message(settings, alarm, old_state);
  publication.by_protocol["email"] = alarm.metric ? mail_body(settings, alarm, *alarm.metric, old_state)
                                                  : mail_body(settings, alarm, *alarm.composite, old_state);
  publication.by_protocol["sms"] = publication.subject;
  return publication;
}

}  // namespace berth::cloudwatch
