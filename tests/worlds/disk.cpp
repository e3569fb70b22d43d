#include "disk.h"

namespace berth::worlds {

Result<> Disk::write() {
  if (full) return Error{"ServiceUnavailable", "the disk is full", 503};
  if (!machine_.step()) return Error{"ServiceUnavailable", "this process is dead", 503};
  return {};
}

Result<> Disk::commit(const std::vector<Change>& changes, const std::vector<LogEvent>& events) {
  if (auto written = write(); !written) return written;
  for (const auto& change : changes) {
    if (change.value) {
      rows_[{change.table, change.key}] = *change.value;
    } else {
      rows_.erase({change.table, change.key});
    }
  }
  return log_events_.commit({}, events);
}

Result<> Disk::load(const std::function<void(std::string_view, std::string_view, std::string_view)>& row) {
  for (const auto& [place, value] : rows_) row(place.first, place.second, value);
  return {};
}

Result<> Disk::write_metric_points(const std::vector<MetricPoint>& points) {
  if (auto written = write(); !written) return written;
  for (const auto& point : points) points_[{point.metric, point.start}] = point.value;
  return {};
}

Result<> Disk::erase_metric_points_before(Time time) {
  std::erase_if(points_, [&](const auto& entry) { return entry.first.second < time; });
  return {};
}

Result<> Disk::load_metric_points(const std::function<void(const MetricPoint&)>& each) {
  for (const auto& [place, value] : points_) each({place.first, place.second, value});
  return {};
}

}  // namespace berth::worlds
