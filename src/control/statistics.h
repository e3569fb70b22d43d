// CloudWatch's arithmetic on metric values: statistic sets, their merging, and every statistic that an alarm
// or a query can name. It keeps no points and knows no time: which values belong to a period is the caller's
// matter.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace berth::control {

// What a period keeps of its values. `sample_count` 0 means that there is no datapoint.
struct StatisticSet {
  double sample_count = 0;
  double sum = 0;
  double minimum = 0;
  double maximum = 0;

  bool operator==(const StatisticSet&) const = default;
};

// A value and how often it occurred, as in PutMetricData's Values and Counts.
struct WeightedValue {
  double value = 0;
  double count = 1;
};

StatisticSet statistic_set_of(double value, double count = 1);
void merge(StatisticSet& into, const StatisticSet& other);

// A set whose raw values are known after all: one value, or equal ones. Only those take part in percentiles.
std::optional<WeightedValue> as_weighted_value(const StatisticSet& set);

struct Statistic {
  enum class Kind {
    SampleCount,
    Sum,
    Average,
    Minimum,
    Maximum,     // from a StatisticSet
    Percentile,  // pNN: `upper` is the percentile
    TrimmedMean,
    WinsorizedMean,
    TrimmedCount,
    TrimmedSum,
    InterquartileMean,
    PercentileRank,  // PR(a:b): bounds are values
  };
  Kind kind = Kind::Average;
  // Percent of the samples, or metric values when `bounds_are_values`. An absent bound is open.
  std::optional<double> lower{};
  std::optional<double> upper{};
  bool bounds_are_values = false;

  bool needs_values() const { return kind > Kind::Maximum; }
};

// "Average", "p99.9", "tm90", "TM(10%:90%)", "WM(:95%)", "TC(0.1:0.5)", "PR(:300)", "IQM", ...
std::optional<Statistic> parse_statistic(std::string_view text);

// Of a period without samples, or of a statistic that needs the values: nullopt.
std::optional<double> value_of(const Statistic& statistic, const StatisticSet& set);
// `values` in any order. Percentiles have no answer when a value is negative.
std::optional<double> value_of(const Statistic& statistic, std::vector<WeightedValue> values);

}  // namespace berth::control
