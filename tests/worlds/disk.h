// Disk: a data folder in memory. What was committed to it is there for the next process; it may be full for a
// while.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "machine.h"
#include "store/log_events.h"
#include "store/metric_journal.h"

namespace berth::worlds {

class Disk final : public Journal, public MetricJournal {
 public:
  explicit Disk(Machine& machine) : machine_(machine) {}

  Result<> commit(const std::vector<Change>& changes, const std::vector<LogEvent>& events) override;
  Result<> load(
      const std::function<void(std::string_view, std::string_view, std::string_view)>& row) override;

  Result<> write_metric_points(const std::vector<MetricPoint>& points) override;
  Result<> erase_metric_points_before(Time time) override;
  Result<> load_metric_points(const std::function<void(const MetricPoint&)>& each) override;

  LogEvents& log_events() { return log_events_; }

  bool full = false;

 private:
  Result<> write();

  Machine& machine_;
  std::map<std::pair<std::string, std::string>, std::string> rows_;  // table and key
  std::map<std::pair<std::string, Time>, std::string> points_;
  MemoryLogEvents log_events_;
};

}  // namespace berth::worlds
