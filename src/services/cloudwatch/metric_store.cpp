#include "services/cloudwatch/metric_store.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "store/row_codec.h"

namespace berth::cloudwatch {
namespace {

// A series with more distinct values in a minute keeps its statistic set only: memory stays bounded.
constexpr std::size_t distinct_values_max = 1024;

std::string write_identity(const MetricId& id, const std::string& unit) {
  return json::serialize(json::array{json::string(id.namespace_), json::string(id.name),
                                     row_codec::write(id.dimensions), json::string(unit)});
}

bool nearly_same(double a, double b) {
  return std::abs(a - b) <= 1e-4 * std::max(std::abs(a), std::abs(b));
}

bool nearly_same(const control::StatisticSet& a, const control::StatisticSet& b) {
  return nearly_same(a.sample_count, b.sample_count) && nearly_same(a.sum, b.sum) &&
         nearly_same(a.minimum, b.minimum) && nearly_same(a.maximum, b.maximum);
}

bool read_identity(const std::string& text, MetricId& id, std::string& unit) {
  json::value document;
  JsonError error;
  if (!parse_json(text, document, error) || !document.is_array() || document.get_array().size() != 4)
    return false;
  const auto& parts = document.get_array();
  row_codec::read(parts[0], id.namespace_);
  row_codec::read(parts[1], id.name);
  row_codec::read(parts[2], id.dimensions);
  row_codec::read(parts[3], unit);
  return true;
}

template <class Values>
std::string write_point(const control::StatisticSet& set, const Values* values) {
  json::array out{set.sample_count, set.sum, set.minimum, set.maximum};
  if (values) {
    for (const auto& [value, count] : *values) {
      out.push_back(value);
      out.push_back(count);
    }
  }
  return json::serialize(out);
}

bool read_point(const std::string& text, MetricValues& out) {
  json::value document;
  JsonError error;
  if (!parse_json(text, document, error) || !document.is_array() || document.get_array().size() < 4)
    return false;
  std::vector<double> numbers;
  for (const auto& number : document.get_array()) row_codec::read(number, numbers.emplace_back());
  out.set = {numbers[0], numbers[1], numbers[2], numbers[3]};
  for (std::size_t i = 4; i + 1 < numbers.size(); i += 2) out.values.push_back({numbers[i], numbers[i + 1]});
  return true;
}

}  // namespace

MetricStore::Point& MetricStore::point_at(std::deque<Point>& points, Time start) {
  // Points come in order nearly always, so the search begins at the new end.
  auto at = points.end();
  while (at != points.begin() && std::prev(at)->start > start) --at;
  if (at != points.begin() && std::prev(at)->start == start) return *std::prev(at);
  return *points.insert(at, Point{start, {}, nullptr});
}

void MetricStore::add(Point& point, const MetricValues& values) {
  const bool first = point.set.sample_count == 0;
  const bool known =
      (first || point.values_known()) && (!values.values.empty() || values.set.minimum == values.set.maximum);
  const control::StatisticSet before = point.set;
  control::merge(point.set, values.set);
  if (!known || point.set.minimum == point.set.maximum) {
    point.values.reset();
    return;
  }
  if (!point.values) {
    point.values = std::make_unique<WeightedValues>();
    point.values->reserve(values.values.size() + 1);
    if (!first) (*point.values)[before.minimum] = before.sample_count;
  }
  if (values.values.empty()) (*point.values)[values.set.minimum] += values.set.sample_count;
  for (const auto& weighted : values.values) (*point.values)[weighted.value] += weighted.count;
  if (point.values->size() > distinct_values_max) point.values.reset();
}

void MetricStore::put(const MetricId& id, const std::string& unit, Time time, const MetricValues& values,
                      bool high_resolution) {
  if (time < repeated_until_) return;
  if (observer_) observer_(id, unit, time, values, high_resolution);
  Series& series = metrics_[id][unit];
  if (high_resolution) add(point_at(series.seconds, floor_to(time, Duration::seconds(1))), values);
  const Time minute = floor_to_minute(time);
  add(point_at(series.minutes, minute), values);
  if (journal_) series.unsaved.insert(minute);
}

const MetricStore::Series* MetricStore::find_series(const MetricId& id, const std::string& unit) const {
  const auto metric = metrics_.find(id);
  if (metric == metrics_.end()) return nullptr;
  const auto found = unit.empty() ? metric->second.begin() : metric->second.find(unit);
  return found == metric->second.end() ? nullptr : &found->second;
}

std::string MetricStore::unit_of(const MetricId& id) const {
  const auto metric = metrics_.find(id);
  return metric == metrics_.end() ? "None" : metric->second.begin()->first;
}

std::vector<Bucket> MetricStore::query(const MetricId& id, Time start, Time end, Duration period,
                                       const std::string& unit) const {
  const Series* series = find_series(id, unit);
  if (!series) return {};
  const auto& points = period < Duration::minutes(1) ? series->seconds : series->minutes;
  auto at = std::lower_bound(points.begin(), points.end(), start,
                             [](const Point& point, Time wanted) { return point.start < wanted; });
  std::vector<Bucket> buckets;
  WeightedValues values;
  bool values_known = true;
  const auto close_bucket = [&] {
    if (buckets.empty() || !values_known) return;
    for (const auto& [value, count] : values) buckets.back().values.values.push_back({value, count});
  };
  for (; at != points.end() && at->start < end; ++at) {
    // Buckets are aligned to the start of the query, which its caller has rounded as AWS does.
    const Time bucket_start = start + (floor_to(Time{(at->start - start).us}, period) - Time{});
    if (buckets.empty() || buckets.back().start != bucket_start) {
      close_bucket();
      buckets.push_back({bucket_start, {}});
      values.clear();
      values_known = true;
    }
    control::merge(buckets.back().values.set, at->set);
    if (!at->values_known()) {
      values_known = false;
    } else if (!at->values) {
      values[at->set.minimum] += at->set.sample_count;
    } else {
      for (const auto& [value, count] : *at->values) values[value] += count;
    }
  }
  close_bucket();
  return buckets;
}

void MetricStore::query_sets(const MetricId& id, Time start, Time end, Duration period,
                             const std::string& unit, void* seer, SeeBucket see) const {
  const Series* series = find_series(id, unit);
  if (!series) return;
  const auto& points = period < Duration::minutes(1) ? series->seconds : series->minutes;
  // What is asked for lies at the new end nearly always.
  auto at = points.end();
  while (at != points.begin() && std::prev(at)->start >= start) --at;
  std::optional<Time> bucket_start;
  control::StatisticSet set;
  for (; at != points.end() && at->start < end; ++at) {
    const Time starts = start + (floor_to(Time{(at->start - start).us}, period) - Time{});
    if (bucket_start != starts) {
      if (bucket_start) see(seer, *bucket_start, set);
      bucket_start = starts;
      set = {};
    }
    control::merge(set, at->set);
  }
  if (bucket_start) see(seer, *bucket_start, set);
}

std::vector<MetricStore::Listed> MetricStore::list(Time now) const {
  std::vector<Listed> out;
  for (const auto& [id, units] : metrics_) {
    Time last{};
    for (const auto& [unit, series] : units) {
      if (!series.minutes.empty()) last = std::max(last, series.minutes.back().start);
    }
    if (now - last <= listed_after_last_point) out.push_back({id, last});
  }
  std::sort(out.begin(), out.end(), [](const Listed& a, const Listed& b) { return a.id < b.id; });
  return out;
}

bool MetricStore::level_since(Time since, Time now, Duration latest) const {
  const auto level = [&](const Series& series) {
    const auto& points = series.minutes;
    if (points.empty() || points.back().start < since) return true;
    if (!series.seconds.empty() || points.back().start < now - latest) return false;
    Time expected = points.back().start;
    for (auto point = points.rbegin(); expected >= since;
         ++point, expected = expected - Duration::minutes(1)) {
      if (point == points.rend() || point->start != expected) return false;
      if (!nearly_same(point->set, points.back().set)) return false;
    }
    return true;
  };
  for (const auto& [id, units] : metrics_) {
    for (const auto& [unit, series] : units) {
      if (!level(series)) return false;
    }
  }
  return true;
}

void MetricStore::repeat_newest(Time last, Duration kept, Time now, Duration latest) {
  repeated_until_ = last + Duration::minutes(1);
  const auto repeat = [&](std::deque<Point>& points) {
    if (points.empty() || points.back().start < now - latest) return;
    const control::StatisticSet set = points.back().set;
    const auto values = points.back().values ? *points.back().values : WeightedValues();
    for (Time at = std::max(points.back().start, floor_to_minute(last - kept)) + Duration::minutes(1);
         at <= last; at = at + Duration::minutes(1)) {
      points.push_back(
          {at, set, values.empty() ? nullptr : std::make_unique<WeightedValues>(values)});
    }
  };
  for (auto& [id, units] : metrics_) {
    for (auto& [unit, series] : units) repeat(series.minutes);
  }
}

void MetricStore::forget_old(Time now) {
  const auto forget = [now](std::deque<Point>& points, Duration retention) {
    while (!points.empty() && now - points.front().start > retention) points.pop_front();
  };
  for (auto& [id, units] : metrics_) {
    for (auto& [unit, series] : units) {
      forget(series.minutes, minute_retention);
      forget(series.seconds, second_retention);
    }
    std::erase_if(units, [](const auto& unit) { return unit.second.minutes.empty(); });
  }
  std::erase_if(metrics_, [](const auto& metric) { return metric.second.empty(); });
}

Result<> MetricStore::flush(Time now) {
  forget_old(now);
  if (!journal_) return {};
  std::vector<MetricPoint> points;
  for (auto& [id, units] : metrics_) {
    for (auto& [unit, series] : units) {
      for (const Time start : series.unsaved) {
        const Point& point = point_at(series.minutes, start);
        points.push_back({write_identity(id, unit), start, write_point(point.set, point.values.get())});
      }
    }
  }
  if (points.empty()) return {};
  if (auto written = journal_->write_metric_points(points); !written) return written;
  for (auto& [id, units] : metrics_) {
    for (auto& [unit, series] : units) series.unsaved.clear();
  }
  return journal_->erase_metric_points_before(now - minute_retention);
}

Result<> MetricStore::load(Time now) {
  if (!journal_) return {};
  return journal_->load_metric_points([&](const MetricPoint& stored) {
    MetricId id;
    std::string unit;
    MetricValues values;
    if (now - stored.start > minute_retention || !read_identity(stored.metric, id, unit) ||
        !read_point(stored.value, values)) {
      return;
    }
    add(point_at(metrics_[id][unit].minutes, stored.start), values);
  });
}

void MetricStore::clear() {
  metrics_.clear();
}

}  // namespace berth::cloudwatch
