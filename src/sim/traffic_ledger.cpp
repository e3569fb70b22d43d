#include "sim/traffic_ledger.h"

#include <algorithm>
#include <cmath>

namespace berth::sim {
namespace {

constexpr double first_bucket_ms = 0.1;
constexpr double growth = 1.02;
constexpr int points_per_slice = 20;

double middle_of(int bucket) {
  return first_bucket_ms * std::pow(growth, bucket + 0.5);
}

}  // namespace

void ResponseTimes::add(double ms, double weight) {
  static const double per_bucket = 1 / std::log(growth);
  const int bucket =
      ms <= first_bucket_ms
          ? 0
          : std::min(buckets - 1, static_cast<int>(std::log(ms / first_bucket_ms) * per_bucket));
  weight_[static_cast<std::size_t>(bucket)] += weight;
  count_ += weight;
  highest_ = std::max(highest_, bucket);
}

void ResponseTimes::add(const ResponseTimes& other) {
  for (int i = 0; i <= other.highest_; ++i) {
    weight_[static_cast<std::size_t>(i)] += other.weight_[static_cast<std::size_t>(i)];
  }
  count_ += other.count_;
  highest_ = std::max(highest_, other.highest_);
}

void ResponseTimes::clear() {
  std::fill_n(weight_.begin(), highest_ + 1, 0.0);
  count_ = 0;
  highest_ = -1;
}

double ResponseTimes::quantile_ms(double share) const {
  if (count_ <= 0) return 0;
  double left = share * count_;
  for (int i = 0; i <= highest_; ++i) {
    left -= weight_[static_cast<std::size_t>(i)];
    if (left <= 0) return middle_of(i);
  }
  return middle_of(highest_);
}

void TrafficCounts::add(const TrafficCounts& other) {
  requests += other.requests;
  failed_502 += other.failed_502;
  failed_503 += other.failed_503;
  failed_504 += other.failed_504;
  late += other.late;
  busy_calls += other.busy_calls;
  time_ms_sum += other.time_ms_sum;
}

void TrafficLedger::answer(int row, double wait_ms, double weight) {
  if (weight <= 0) return;
  minute_.late += weight * table_.later_than(row, app_.objective_ms - wait_ms);
  minute_.time_ms_sum += weight * (table_.mean_ms(row) + wait_ms);
  if (!slices_.empty() && slices_.back().row == row && slices_.back().wait_ms == wait_ms) {
    slices_.back().weight += weight;
  } else {
    slices_.push_back({row, wait_ms, weight});
  }
}

void TrafficLedger::answer(double in_task_ms) {
  const double ms = in_task_ms + app_.overhead_ms;
  if (ms > app_.objective_ms) minute_.late += 1;
  minute_.time_ms_sum += ms;
  minute_times_.add(ms, 1);
}

double TrafficLedger::quantile_of_row(int row, double share) const {
  const int index = static_cast<int>(share * LatencyTable::quantiles);
  return table_.quantile_ms(row, std::min(index, LatencyTable::quantiles - 1));
}

TrafficMinute TrafficLedger::close_minute() {
  TrafficMinute out{.counts = minute_};
  const bool alike = slices_.size() == 1 && minute_times_.count() == 0;
  if (alike) {
    const Slice& only = slices_.front();
    out.p50_ms = quantile_of_row(only.row, 0.5) + only.wait_ms;
    out.p95_ms = quantile_of_row(only.row, 0.95) + only.wait_ms;
    out.p99_ms = quantile_of_row(only.row, 0.99) + only.wait_ms;
  }
  if (alike && slices_.front().wait_ms == 0) {
    total_rows_[static_cast<std::size_t>(slices_.front().row)] += slices_.front().weight;
  } else {
    for (const auto& slice : slices_) {
      for (int i = 0; i < points_per_slice; ++i) {
        const int index = (2 * i + 1) * LatencyTable::quantiles / (2 * points_per_slice);
        minute_times_.add(table_.quantile_ms(slice.row, index) + slice.wait_ms,
                          slice.weight / points_per_slice);
      }
    }
    total_times_.add(minute_times_);
  }
  if (!alike) {
    out.p50_ms = minute_times_.quantile_ms(0.5);
    out.p95_ms = minute_times_.quantile_ms(0.95);
    out.p99_ms = minute_times_.quantile_ms(0.99);
  }
  describe_last(out);
  total_.add(minute_);
  minute_ = {};
  slices_.clear();
  minute_times_.clear();
  return out;
}

void TrafficLedger::describe_last(const TrafficMinute& minute) {
  last_times_.clear();
  const double answered = minute.counts.answered();
  if (answered <= 0) return;
  last_times_ = {
      {minute.p50_ms, answered * 0.9}, {minute.p95_ms, answered * 0.08}, {minute.p99_ms, answered * 0.02}};
}

ResponseTimes TrafficLedger::all_times() const {
  ResponseTimes times = total_times_;
  for (int row = 0; row < LatencyTable::rows; ++row) {
    const double weight = total_rows_[static_cast<std::size_t>(row)];
    if (weight <= 0) continue;
    for (int i = 0; i < LatencyTable::quantiles; ++i) {
      times.add(table_.quantile_ms(row, i), weight / LatencyTable::quantiles);
    }
  }
  return times;
}

}  // namespace berth::sim
