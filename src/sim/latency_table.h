// LatencyTable: how long requests take in one task at each utilization, measured by playing arrivals through
// a QuotaServer. The fluid tier looks response times up here instead of playing every request. A task that
// gets every n-th of the requests that come at random sees them come more evenly than alone, and answers
// sooner; hence the rows are per number of tasks. Each row is measured when it is first asked for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "sim/app_model.h"

namespace berth::sim {

class LatencyTable {
 public:
  static constexpr int steps = 48;  // utilizations 0.02, 0.04 ... 0.96
  static constexpr double step_width = 0.02;
  static constexpr std::array<int, 9> shares = {1, 2, 3,  4, 5,
                                                6, 8, 11, 16};  // numbers of tasks that are told apart
  static constexpr int rows = steps * static_cast<int>(shares.size());
  static constexpr int quantiles = 400;  // kept per row

  LatencyTable(const AppModel& app, double vcpu, std::uint64_t seed) : app_(app), vcpu_(vcpu), seed_(seed) {}

  // The row for a utilization of each of so many tasks; what is above the last utilization is kept apart as
  // backlog by the caller.
  static int row_of(double utilization, std::size_t tasks);
  double mean_ms(int row) const { return at(row).mean_ms; }
  // The share of requests that take longer.
  double later_than(int row, double ms) const;
  // The highest utilization of a task alone at which no more than `share` of the requests take longer.
  double utilization_within(double ms, double share) const;
  // The i-th of `quantiles` equally likely response times.
  double quantile_ms(int row, int index) const { return at(row).ms[static_cast<std::size_t>(index)]; }

 private:
  struct Row {
    double mean_ms = 0;
    std::array<double, quantiles> ms{};  // ascending
  };
  const Row& at(int row) const {
    auto& place = rows_[static_cast<std::size_t>(row)];
    if (!place) place = measure(row);
    return *place;
  }
  std::unique_ptr<Row> measure(int row) const;

  AppModel app_;
  double vcpu_;
  std::uint64_t seed_;
  mutable std::array<std::unique_ptr<Row>, rows> rows_;
};

}  // namespace berth::sim
