// CloudWatch metrics: putting them and asking for their statistics.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "handlers/cloudwatch.h"
#include "services/cloudwatch/dimensions.h"
#include "services/cloudwatch/metric_math.h"
#include "services/cloudwatch/metric_store.h"
#include "services/paging.h"

namespace berth::cloudwatch {
namespace {

// AWS's limits of PutMetricData and of the queries.
constexpr std::size_t metrics_per_call_max = 1000;
constexpr std::size_t values_per_metric_max = 150;
constexpr std::size_t dimensions_max = 30;
constexpr std::size_t queries_max = 500;
constexpr std::int64_t statistics_points_max = 1440;
constexpr std::int64_t data_points_max = 100800;
constexpr Duration oldest_point = Duration::minutes(14 * 24 * 60);
constexpr Duration newest_point = Duration::minutes(2 * 60);
constexpr std::size_t listed_per_page = 500;
const double value_max = std::ldexp(1.0, 360);

Error invalid_value(std::string message) {
  return {"InvalidParameterValueException", std::move(message)};
}
Error invalid_combination(std::string message) {
  return {"InvalidParameterCombinationException", std::move(message)};
}

bool acceptable(double value) {
  return std::isfinite(value) && std::abs(value) <= value_max;
}

Result<MetricValues> read_values(const MetricDatum& datum, std::size_t number) {
  const std::string name = fmt::format("MetricData.member.{}", number);
  const auto both = [&](const char* a, const char* b) {
    return invalid_combination(
        fmt::format("The parameters {}.{} and {}.{} are mutually exclusive and you have "
                    "specified both.",
                    name, a, name, b));
  };
  if (datum.value && datum.values) return both("Value", "Values");
  if (datum.value && datum.statistic_values) return both("Value", "StatisticValues");
  if (datum.statistic_values && datum.values) return both("StatisticValues", "Values");
  MetricValues out;
  if (datum.value) {
    out.set = control::statistic_set_of(*datum.value);
    out.values = {{*datum.value, 1}};
  } else if (datum.values) {
    if (datum.counts && datum.counts->size() != datum.values->size()) {
      return invalid_value(
          fmt::format("The parameters {}.Values and {}.Counts must be of the same size.", name, name));
    }
    if (datum.values->size() > values_per_metric_max) {
      return invalid_value(fmt::format("The parameter {}.Values must not have more than {} members.", name,
                                       values_per_metric_max));
    }
    for (std::size_t i = 0; i < datum.values->size(); ++i) {
      const double count = datum.counts ? (*datum.counts)[i] : 1;
      if (!acceptable((*datum.values)[i]) || !(count > 0)) {
        return invalid_value(fmt::format("The value {} for parameter {}.Values.member.{} is invalid.",
                                         (*datum.values)[i], name, i + 1));
      }
      control::merge(out.set, control::statistic_set_of((*datum.values)[i], count));
      out.values.push_back({(*datum.values)[i], count});
    }
  } else if (datum.statistic_values) {
    const auto& set = *datum.statistic_values;
    out.set = {set.sample_count.value_or(0), set.sum.value_or(0), set.minimum.value_or(0),
               set.maximum.value_or(0)};
    if (!(out.set.sample_count > 0)) {
      return invalid_value(
          fmt::format("The value {} for parameter {}.StatisticValues.SampleCount is invalid.",
                      out.set.sample_count, name));
    }
  } else {
    return Error{
        "MissingParameter",
        fmt::format("At least one of the parameters {}.Value, {}.Values or {}.StatisticValues must be "
                    "specified.",
                    name, name, name)};
  }
  for (const double value : {out.set.sum, out.set.minimum, out.set.maximum}) {
    if (!acceptable(value))
      return invalid_value(fmt::format("The value {} for parameter {}.Value is invalid.", value, name));
  }
  return out;
}

Result<> put_datum(Context& context, const std::string& namespace_, const MetricDatum& datum,
                   std::size_t number) {
  const std::string name = fmt::format("MetricData.member.{}", number);
  auto values = read_values(datum, number);
  if (!values) return values.error();
  if (datum.metric_name.value_or("").empty()) {
    return Error{"MissingParameter", fmt::format("The parameter {}.MetricName is required.", name)};
  }
  if (datum.dimensions && datum.dimensions->size() > dimensions_max) {
    return invalid_value(fmt::format("The collection {}.Dimensions must not have a size greater than {}.",
                                     name, dimensions_max));
  }
  const std::int64_t resolution_s = datum.storage_resolution.value_or(60);
  if (resolution_s != 1 && resolution_s != 60) {
    return invalid_value(
        fmt::format("The value {} for parameter {}.StorageResolution must be 1 or 60.", resolution_s, name));
  }
  const Time time = datum.timestamp.value_or(context.now());
  if (context.now() - time > oldest_point || time - context.now() > newest_point) {
    return invalid_value(
        fmt::format("The parameter {}.Timestamp must specify a time no more than two weeks in the "
                    "past and no more than two hours in the future.",
                    name));
  }
  context.metrics.put(metric_id(namespace_, datum.metric_name, datum.dimensions), datum.unit.value_or("None"),
                      time, *values, resolution_s == 1);
  return {};
}

Result<> check_period(std::int64_t period_s) {
  if (period_s == 1 || period_s == 5 || period_s == 10 || period_s == 20 || period_s == 30) return {};
  if (period_s > 0 && period_s % 60 == 0) return {};
  return invalid_value("The parameter Period must be equal to 1, 5, 10, 20, 30 or a multiple of 60.");
}

// Berth's clock may run ahead of the caller's: an end within 5 s of the real now means berth's now.
Time query_end(const Context& context, Time end) {
  constexpr std::int64_t slack_us = 5 * us_per_second;
  const std::int64_t distance_us = std::abs((end - context.loop.real_now()).us);
  return distance_us <= slack_us && context.now() > end ? context.now() + Duration::seconds(1) : end;
}

}  // namespace

Result<PutMetricDataOutput> put_metric_data(Context& context, const PutMetricDataInput& input) {
  const std::string namespace_ = input.namespace_.value_or("");
  if (namespace_.empty()) return Error{"MissingParameter", "The parameter Namespace is required."};
  if (namespace_.starts_with("AWS/")) {
    return invalid_value("The value AWS/ for parameter Namespace is invalid.");
  }
  if (input.entity_metric_data) {
    return Error{"NotImplemented", "PutMetricData: berth does not implement EntityMetricData."};
  }
  const auto data = input.metric_data.value_or(std::vector<MetricDatum>{});
  if (data.empty()) return Error{"MissingParameter", "The parameter MetricData is required."};
  if (data.size() > metrics_per_call_max) {
    return invalid_value(
        fmt::format("The collection MetricData must not have a size greater than {}.", metrics_per_call_max));
  }
  // Checked before the first is put: a refused call changes nothing.
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (auto values = read_values(data[i], i + 1); !values) return values.error();
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (auto put = put_datum(context, namespace_, data[i], i + 1); !put) return put.error();
  }
  return PutMetricDataOutput{};
}

Result<ListMetricsOutput> list_metrics(Context& context, const ListMetricsInput& input) {
  constexpr Duration recently = Duration::minutes(3 * 60);
  std::vector<Metric> metrics;
  for (const auto& [id, last] : context.metrics.list(context.now())) {
    if (input.namespace_ && id.namespace_ != *input.namespace_) continue;
    if (input.metric_name && id.name != *input.metric_name) continue;
    if (input.recently_active && context.now() - last > recently) continue;
    const auto filters = input.dimensions.value_or(std::vector<DimensionFilter>{});
    const bool fits = std::all_of(
        filters.begin(), filters.end(), [&dimensions = id.dimensions](const DimensionFilter& filter) {
          const auto found = dimensions.find(filter.name.value_or(""));
          return found != dimensions.end() && (!filter.value || found->second == *filter.value);
        });
    if (fits) metrics.push_back({id.namespace_, id.name, dimension_list(id)});
  }
  auto page = services::page_of(
      std::move(metrics), input.next_token, listed_per_page,
      [](const Metric& metric) { return model::to_json_text(metric); }, services::invalid_next_token);
  if (!page) return page.error();
  ListMetricsOutput output;
  output.metrics = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return output;
}

Result<GetMetricStatisticsOutput> get_metric_statistics(Context& context,
                                                        const GetMetricStatisticsInput& input) {
  const Time end = query_end(context, input.end_time.value_or(Time{}));
  const Time asked = input.start_time.value_or(Time{});
  const std::int64_t period_s = input.period.value_or(60);
  if (asked >= end) return invalid_value("The parameter StartTime must be less than the parameter EndTime.");
  if (auto checked = check_period(period_s); !checked) return checked.error();
  if (!input.statistics && !input.extended_statistics) {
    return Error{"MissingParameter",
                 "At least one of the parameters Statistics and ExtendedStatistics must be specified."};
  }
  const Duration period = Duration::seconds(static_cast<double>(period_s));
  const Time start = floor_to(asked, period_s < 60 ? period : Duration::minutes(1));
  const std::int64_t points = (end - start).us / period.us;
  if (points > statistics_points_max) {
    return invalid_combination(
        fmt::format("You have requested up to {} datapoints, which exceeds the limit of {}. You "
                    "may reduce the datapoints requested by increasing Period, or decreasing "
                    "the time range.",
                    points, statistics_points_max));
  }
  const MetricId id = metric_id(input.namespace_, input.metric_name, input.dimensions);
  const std::string unit = input.unit.value_or(context.metrics.unit_of(id));
  GetMetricStatisticsOutput output;
  output.label = id.name;
  output.datapoints.emplace();
  for (const auto& bucket : context.metrics.query(id, start, end, period, unit)) {
    Datapoint point;
    point.timestamp = bucket.start;
    point.unit = unit;
    for (const auto& name : input.statistics.value_or(std::vector<std::string>{})) {
      const auto statistic = control::parse_statistic(name);
      if (!statistic || statistic->needs_values()) {
        return invalid_value(fmt::format("The value {} for parameter Statistics is not valid.", name));
      }
      auto& target = name == "Average"   ? point.average
                     : name == "Sum"     ? point.sum
                     : name == "Minimum" ? point.minimum
                     : name == "Maximum" ? point.maximum
                                         : point.sample_count;
      target = control::value_of(*statistic, bucket.values.set);
    }
    for (const auto& name : input.extended_statistics.value_or(std::vector<std::string>{})) {
      const auto statistic = control::parse_statistic(name);
      if (!statistic)
        return invalid_value(
            fmt::format("The value {} for parameter ExtendedStatistics is not valid.", name));
      const auto value = value_of_bucket(*statistic, bucket.values);
      if (value) {
        if (!point.extended_statistics) point.extended_statistics.emplace();
        (*point.extended_statistics)[name] = *value;
      }
    }
    output.datapoints->push_back(std::move(point));
  }
  return output;
}

Result<GetMetricDataOutput> get_metric_data(Context& context, const GetMetricDataInput& input) {
  const auto queries = input.metric_data_queries.value_or(std::vector<MetricDataQuery>{});
  const Time end = query_end(context, input.end_time.value_or(Time{}));
  const Time start = input.start_time.value_or(Time{});
  if (start >= end)
    return Error{"ValidationError", "The parameter StartTime must be less than the parameter EndTime."};
  if (queries.empty()) return Error{"ValidationError", "The parameter MetricDataQueries is required."};
  if (queries.size() > queries_max) {
    return Error{
        "ValidationError",
        fmt::format("The collection MetricDataQueries must not have a size greater than {}.", queries_max)};
  }
  for (const auto& query : queries) {
    const std::int64_t period_s =
        query.metric_stat ? query.metric_stat->period.value_or(60) : query.period.value_or(60);
    if (auto checked = check_period(period_s); !checked) return checked.error();
    if ((end - start).us / (period_s * us_per_second) > data_points_max) {
      return Error{"ValidationError",
                   fmt::format("You have requested more than {} datapoints.", data_points_max)};
    }
  }
  auto series = evaluate_queries(context.metrics, queries, start, end);
  if (!series) return series.error();
  GetMetricDataOutput output;
  output.metric_data_results.emplace();
  output.messages.emplace();
  const bool oldest_first = input.scan_by == "TimestampAscending";
  for (auto& result : *series) {
    if (!result.return_data) continue;
    MetricDataResult entry;
    entry.id = result.id;
    entry.label = result.label;
    entry.status_code = "Complete";
    entry.timestamps.emplace();
    entry.values.emplace();
    if (!oldest_first) std::reverse(result.points.begin(), result.points.end());
    for (const auto& [time, value] : result.points) {
      entry.timestamps->push_back(time);
      entry.values->push_back(value);
    }
    output.metric_data_results->push_back(std::move(entry));
  }
  return output;
}

}  // namespace berth::cloudwatch
