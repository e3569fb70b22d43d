#include "control/statistics.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace berth::control {

namespace {

using Kind = Statistic::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 5> basic_names{{{"SampleCount", Kind::SampleCount},
                                                                        {"Sum", Kind::Sum},
                                                                        {"Average", Kind::Average},
                                                                        {"Minimum", Kind::Minimum},
                                                                        {"Maximum", Kind::Maximum}}};

constexpr std::array<std::pair<std::string_view, Kind>, 5> extended_names{{{"tm", Kind::TrimmedMean},
                                                                           {"wm", Kind::WinsorizedMean},
                                                                           {"tc", Kind::TrimmedCount},
                                                                           {"ts", Kind::TrimmedSum},
                                                                           {"pr", Kind::PercentileRank}}};

std::optional<double> percent(std::string_view text) {
  const auto value = parse_number(text);
  if (!value || *value < 0 || *value > 100) return std::nullopt;
  return value;
}

// One side of "a:b". False when it is malformed or mixes percent with values.
bool read_bound(std::string_view text, std::optional<double>& bound, std::optional<bool>& is_percent) {
  text = trim(text);
  if (text.empty()) return true;
  const bool with_percent = text.back() == '%';
  if (is_percent && *is_percent != with_percent) return false;
  is_percent = with_percent;
  bound = with_percent ? percent(trim(text.substr(0, text.size() - 1))) : parse_number(text);
  return bound.has_value();
}

std::optional<Statistic> parse_range(Kind kind, std::string_view inside) {
  const std::size_t colon = inside.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Statistic statistic{kind};
  std::optional<bool> is_percent;
  if (!read_bound(inside.substr(0, colon), statistic.lower, is_percent) ||
      !read_bound(inside.substr(colon + 1), statistic.upper, is_percent) || !is_percent) {
    return std::nullopt;
  }
  statistic.bounds_are_values = !*is_percent;
  if (kind == Kind::PercentileRank && !statistic.bounds_are_values) return std::nullopt;
  if (statistic.lower && statistic.upper && *statistic.lower >= *statistic.upper) return std::nullopt;
  return statistic;
}

double total_count(const std::vector<WeightedValue>& values) {
  double total = 0;
  for (const auto& each : values) total += each.count;
  return total;
}

// Nearest rank: the smallest value that at least `p` percent of the samples do not exceed. `values` is
// sorted.
double percentile(const std::vector<WeightedValue>& values, double p) {
  const double wanted = total_count(values) * p / 100;
  double seen = 0;
  for (const auto& each : values) {
    seen += each.count;
    if (seen >= wanted) return each.value;
  }
  return values.back().value;
}

// What the bounds leave of sorted `values`. By percent a value may stay in part; by value the lower bound is
// exclusive and the upper inclusive, as AWS defines them.
std::vector<WeightedValue> trimmed(const Statistic& statistic, const std::vector<WeightedValue>& values) {
  std::vector<WeightedValue> kept;
  if (statistic.bounds_are_values) {
    for (const auto& each : values) {
      if (statistic.lower && each.value <= *statistic.lower) continue;
      if (statistic.upper && each.value > *statistic.upper) continue;
      kept.push_back(each);
    }
    return kept;
  }
  const double total = total_count(values);
  const double from = total * statistic.lower.value_or(0) / 100;
  const double to = total * statistic.upper.value_or(100) / 100;
  double seen = 0;
  for (const auto& each : values) {
    const double count = std::min(to, seen + each.count) - std::max(from, seen);
    if (count > 0) kept.push_back({each.value, count});
    seen += each.count;
  }
  return kept;
}

StatisticSet combined(const std::vector<WeightedValue>& values) {
  StatisticSet set;
  for (const auto& each : values) merge(set, statistic_set_of(each.value, each.count));
  return set;
}

// Like trimmed(), but what lies outside counts as the bound's value.
std::vector<WeightedValue> winsorized(const Statistic& statistic, std::vector<WeightedValue> values) {
  std::optional<double> low = statistic.lower, high = statistic.upper;
  if (!statistic.bounds_are_values) {
    if (low) low = percentile(values, *low);
    if (high) high = percentile(values, *high);
  }
  for (auto& each : values) {
    if (low) each.value = std::max(each.value, *low);
    if (high) each.value = std::min(each.value, *high);
  }
  return values;
}

}  // namespace

StatisticSet statistic_set_of(double value, double count) {
  return {count, value * count, value, value};
}

void merge(StatisticSet& into, const StatisticSet& other) {
  if (other.sample_count <= 0) return;
  if (into.sample_count <= 0) {
    into = other;
    return;
  }
  into.sample_count += other.sample_count;
  into.sum += other.sum;
  into.minimum = std::min(into.minimum, other.minimum);
  into.maximum = std::max(into.maximum, other.maximum);
}

std::optional<WeightedValue> as_weighted_value(const StatisticSet& set) {
  if (set.sample_count <= 0 || set.minimum != set.maximum) return std::nullopt;
  if (set.sum != set.minimum * set.sample_count) return std::nullopt;
  return WeightedValue{set.minimum, set.sample_count};
}

std::optional<Statistic> parse_statistic(std::string_view text) {
  for (const auto& [name, kind] : basic_names) {
    if (text == name) return Statistic{kind};
  }
  const std::string name = lower(text);
  if (name == "iqm") return Statistic{Kind::InterquartileMean, 25, 75};
  if (name.size() < 2) return std::nullopt;
  for (const auto& [prefix, kind] : extended_names) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    if (rest.size() > 2 && rest.front() == '(' && rest.back() == ')') {
      return parse_range(kind, rest.substr(1, rest.size() - 2));
    }
    const auto upper = percent(rest);
    if (!upper || kind == Kind::PercentileRank) return std::nullopt;
    return Statistic{kind, std::nullopt, upper};
  }
  if (name.front() != 'p') return std::nullopt;
  const auto upper = percent(std::string_view(name).substr(1));
  return upper ? std::optional(Statistic{Kind::Percentile, std::nullopt, upper}) : std::nullopt;
}

std::optional<double> value_of(const Statistic& statistic, const StatisticSet& set) {
  if (set.sample_count <= 0) return std::nullopt;
  switch (statistic.kind) {
    case Kind::SampleCount:
      return set.sample_count;
    case Kind::Sum:
      return set.sum;
    case Kind::Average:
      return set.sum / set.sample_count;
    case Kind::Minimum:
      return set.minimum;
    case Kind::Maximum:
      return set.maximum;
    default:
      return std::nullopt;
  }
}

std::optional<double> value_of(const Statistic& statistic, std::vector<WeightedValue> values) {
  std::erase_if(values, [](const WeightedValue& each) { return each.count <= 0; });
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end(),
            [](const WeightedValue& a, const WeightedValue& b) { return a.value < b.value; });
  if (!statistic.needs_values()) return value_of(statistic, combined(values));
  if (values.front().value < 0) return std::nullopt;
  switch (statistic.kind) {
    case Kind::Percentile:
      return percentile(values, statistic.upper.value_or(50));
    case Kind::WinsorizedMean:
      return value_of(Statistic{Kind::Average}, combined(winsorized(statistic, std::move(values))));
    case Kind::TrimmedCount:
      return combined(trimmed(statistic, values)).sample_count;
    case Kind::TrimmedSum:
      return combined(trimmed(statistic, values)).sum;
    case Kind::PercentileRank:
      return 100 * combined(trimmed(statistic, values)).sample_count / total_count(values);
    default:
      return value_of(Statistic{Kind::Average}, combined(trimmed(statistic, values)));
  }
}

}  // namespace berth::control
