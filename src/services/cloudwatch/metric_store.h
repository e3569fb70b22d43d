// MetricStore: every metric's datapoints. Recent ones are in memory; all are written behind to the journal's
// file, from which a restart reads them back. It aggregates, but knows neither alarms nor the API's shapes.
#pragma once

#include <boost/container/flat_map.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/cloudwatch/metric_sink.h"
#include "store/metric_journal.h"

namespace berth::cloudwatch {

// AWS: 15 days of one-minute points, 3 hours of those below a minute.
inline constexpr Duration minute_retention = Duration::minutes(15 * 24 * 60);
inline constexpr Duration second_retention = Duration::minutes(3 * 60);
// AWS: ListMetrics shows a metric until two weeks after its last point.
inline constexpr Duration listed_after_last_point = Duration::minutes(14 * 24 * 60);

struct Bucket {
  Time start{};
  MetricValues values;
};

class MetricStore final : public MetricSink {
 public:
  // `journal` may be null: nothing is kept across processes then.
  explicit MetricStore(MetricJournal* journal = nullptr) : journal_(journal) {}

  Result<> load(Time now);

  // Hears of every point as it is put; empty: nobody does.
  using Observer = std::function<void(const MetricId&, const std::string& unit, Time time,
                                      const MetricValues&, bool high_resolution)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  void put(const MetricId& id, const std::string& unit, Time time, const MetricValues& values,
           bool high_resolution = false) override;

  // Buckets of `period` that start in [start, end), oldest first; those without samples are absent. `unit`
  // empty: the unit that has points (the first by name).
  std::vector<Bucket> query(const MetricId& id, Time start, Time end, Duration period,
                            const std::string& unit = {}) const;
  // The same without raw values: for each bucket in turn, without allocating. Every minute, every alarm asks.
  using SeeBucket = void (*)(void* seer, Time start, const control::StatisticSet& set);
  template <class Seer>
  void query_sets(const MetricId& id, Time start, Time end, Duration period, const std::string& unit,
                  Seer seer) const {
    query_sets(id, start, end, period, unit, &seer,
               [](void* own, Time bucket, const control::StatisticSet& set) {
                 (*static_cast<Seer*>(own))(bucket, set);
               });
  }
  std::string unit_of(const MetricId& id) const;  // "None" when nothing is known of it

  struct Listed {
    MetricId id;
    Time last{};
  };
  // Metrics in order of their ids.
  std::vector<Listed> list(Time now) const;

  // For simulations that do not play minutes which would be as the last one was. Level: since then every
  // series either got no point, or the same one every minute (give or take a rounding) to within `latest`
  // before now.
  bool level_since(Time since, Time now, Duration latest) const;
  // Series with points within `latest` get the newest one for every minute up to `last` of the `kept` before
  // it. What is put for those minutes later is dropped.
  void repeat_newest(Time last, Duration kept, Time now, Duration latest);

  // Appends what changed since the last flush to the journal. Called about once a minute.
  Result<> flush(Time now);
  void clear();

 private:
  using WeightedValues = boost::container::flat_map<double, double>;
  struct Point {
    Time start{};
    control::StatisticSet set;
    // value -> count; null: all samples have the same value, or only the set is known
    std::unique_ptr<WeightedValues> values;

    bool values_known() const { return values || set.minimum == set.maximum; }
  };
  struct Series {
    std::deque<Point> minutes;  // oldest first
    std::deque<Point> seconds;
    std::set<Time> unsaved;  // starts in `minutes`
  };
  using Units = std::map<std::string, Series>;

  static Point& point_at(std::deque<Point>& points, Time start);
  static void add(Point& point, const MetricValues& values);
  void query_sets(const MetricId& id, Time start, Time end, Duration period, const std::string& unit,
                  void* seer, SeeBucket see) const;
  const Series* find_series(const MetricId& id, const std::string& unit) const;
  void forget_old(Time now);

  MetricJournal* journal_;
  Observer observer_;
  Time repeated_until_{};  // points of these minutes were repeated
  std::unordered_map<MetricId, Units, MetricIdHash> metrics_;
};

}  // namespace berth::cloudwatch
