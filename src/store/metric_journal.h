// MetricJournal: one-minute metric points in the data folder. They are written behind: a kill loses at most the
// points since the last flush, as a monitoring agent's buffer would.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/time.h"

namespace berth {

struct MetricPoint {
  std::string metric;  // the metric's identity, opaque here
  Time start{};
  std::string value;  // opaque here
};

class MetricJournal {
 public:
  virtual ~MetricJournal() = default;
  virtual Result<> write_metric_points(const std::vector<MetricPoint>& points) = 0;
  virtual Result<> erase_metric_points_before(Time time) = 0;
  virtual Result<> load_metric_points(const std::function<void(const MetricPoint&)>& each) = 0;
};

}  // namespace berth
