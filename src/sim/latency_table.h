// LatencyTable: how long requests take in one task at each utilization, measured once by playing Poisson
// arrivals through a QuotaServer. The fluid tier looks response times up here instead of playing every
// request.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/app_model.h"

namespace berth::sim {

class LatencyTable {
 public:
  static constexpr int steps = 48;  // utilizations 0.02, 0.04 ... 0.96
  static constexpr double step_width = 0.02;
  static constexpr int quantiles = 400;  // kept per utilization

  LatencyTable(const AppModel& app, double vcpu, std::uint64_t seed);

  // The row for a utilization; those above the last are kept apart as backlog by the caller.
  static int row_of(double utilization);
  double mean_ms(int row) const { return rows_[static_cast<std::size_t>(row)].mean_ms; }
  // The share of requests that take longer.
  double later_than(int row, double ms) const;
  // The highest utilization at which no more than `share` of the requests take longer.
  double utilization_within(double ms, double share) const;
  // The i-th of `quantiles` equally likely response times.
  double quantile_ms(int row, int index) const {
    return rows_[static_cast<std::size_t>(row)].ms[static_cast<std::size_t>(index)];
  }

 private:
  struct Row {
    double mean_ms = 0;
    std::array<double, quantiles> ms{};  // ascending
  };
  std::vector<Row> rows_;
};

}  // namespace berth::sim
