// The queries of GetMetricData and of alarms on several metrics: statistics of metrics, and metric math with numbers,
// + - * / ^, comparisons, and the functions SUM, AVG, MIN, MAX, FILL, ABS, CEIL, FLOOR, IF and METRICS.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/cloudwatch.h"
#include "services/cloudwatch/metric_store.h"

namespace berth::cloudwatch {

struct QuerySeries {
  std::string id;
  std::string label;
  bool return_data = true;
  std::vector<std::pair<Time, double>> points;  // oldest first
};

// One series per query, in their order.
Result<std::vector<QuerySeries>> evaluate_queries(const MetricStore& metrics, const std::vector<MetricDataQuery>& queries,
                                                  Time start, Time end);

std::optional<double> value_of_bucket(const control::Statistic& statistic, const MetricValues& values);

}  // namespace berth::cloudwatch
