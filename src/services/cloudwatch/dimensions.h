// Between the API's lists of dimensions and a metric's identity.
#pragma once

#include <optional>
#include <vector>

#include "model/cloudwatch.h"
#include "services/cloudwatch/metric_sink.h"

namespace berth::cloudwatch {

inline MetricId metric_id(const std::optional<std::string>& namespace_, const std::optional<std::string>& name,
                          const std::optional<std::vector<Dimension>>& dimensions) {
  MetricId id{namespace_.value_or(""), name.value_or(""), {}};
  if (!dimensions) return id;
  for (const auto& dimension : *dimensions) id.dimensions[dimension.name.value_or("")] = dimension.value.value_or("");
  return id;
}

inline std::vector<Dimension> dimension_list(const MetricId& id) {
  std::vector<Dimension> list;
  for (const auto& [name, value] : id.dimensions) list.push_back({name, value});
  return list;
}

}  // namespace berth::cloudwatch
