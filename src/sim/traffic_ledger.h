// TrafficLedger: what became of the requests, minute by minute and over the whole run: how many, how many
// failed and by whom, how long the rest took. Counts are fractions of requests in the fluid tier.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/latency_table.h"

namespace berth::sim {

// Response times in buckets that grow by 2 %, from 0.1 ms to some 150 s.
class ResponseTimes {
 public:
  static constexpr int buckets = 720;
  void add(double ms, double weight);
  void add(const ResponseTimes& other);
  void clear();
  double count() const { return count_; }
  // 0 when there are none.
  double quantile_ms(double share) const;

 private:
  std::array<double, buckets> weight_{};
  double count_ = 0;
  int highest_ = -1;
};

struct TrafficCounts {
  double requests = 0;
  double failed_502 = 0;  // the task went away, or refused
  double failed_503 = 0;  // no target to send it to
  double failed_504 = 0;  // took longer than the load balancer waits
  double late = 0;        // answered, but later than the objective
  double busy_calls = 0;  // calls of clients that burn CPU for a fixed time; not counted as requests
  double time_ms_sum = 0;

  double failed() const { return failed_502 + failed_503 + failed_504; }
  double answered() const { return requests - failed(); }
  void add(const TrafficCounts& other);
};

struct TrafficMinute {
  TrafficCounts counts;
  double p50_ms = 0, p95_ms = 0, p99_ms = 0;
};

class TrafficLedger {
 public:
  TrafficLedger(const AppModel& app, const LatencyTable& table) : app_(app), table_(table) {}

  // Answered requests whose times are those of the table's row, and `wait_ms` more.
  void answer(int row, double wait_ms, double weight);
  void answer(double in_task_ms);
  TrafficCounts& now() { return minute_; }

  // Ends the minute under way.
  TrafficMinute close_minute();

  const TrafficCounts& total() const { return total_; }
  ResponseTimes all_times() const;
  // Response times as a few weighted points, of the minute closed last; for the load balancer's metrics.
  struct TimePoint {
    double ms = 0;
    double weight = 0;
  };
  const std::vector<TimePoint>& last_times() const { return last_times_; }

 private:
  struct Slice {
    int row = 0;
    double wait_ms = 0;
    double weight = 0;
  };

  double quantile_of_row(int row, double share) const;
  void describe_last(const TrafficMinute& minute);

  const AppModel& app_;
  const LatencyTable& table_;
  TrafficCounts minute_, total_;
  std::vector<Slice> slices_;   // of the minute, fluid
  ResponseTimes minute_times_;  // of the minute, events
  ResponseTimes total_times_;
  std::array<double, LatencyTable::rows> total_rows_{};  // requests without a wait
  std::vector<TimePoint> last_times_;
};

}  // namespace berth::sim
