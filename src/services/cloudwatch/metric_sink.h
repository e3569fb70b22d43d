// MetricSink: where berth's own parts publish metrics (AWS/ECS, AWS/ApplicationELB, ...).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "control/statistics.h"
#include "loop/time.h"

namespace berth::cloudwatch {

struct MetricId {
  std::string namespace_;
  std::string name;
  std::map<std::string, std::string> dimensions;

  auto operator<=>(const MetricId&) const = default;
};

struct MetricIdHash {
  std::size_t operator()(const MetricId& id) const {
    constexpr std::hash<std::string> hash;
    std::size_t sum = hash(id.name);
    for (const auto& [name, value] : id.dimensions) sum = sum * 31 + hash(value);
    return sum;
  }
};

struct MetricValues {
  control::StatisticSet set;
  // Raw values, for percentiles; empty when only the set is known.
  std::vector<control::WeightedValue> values{};
};

class MetricSink {
 public:
  virtual ~MetricSink() = default;
  // `time` lies in the period that the values belong to. `high_resolution`: kept by the second, else by the minute.
  virtual void put(const MetricId& id, const std::string& unit, Time time, const MetricValues& values,
                   bool high_resolution = false) = 0;
};

}  // namespace berth::cloudwatch
