#include "sim/latency_table.h"

#include <algorithm>
#include <cmath>

#include "loop/rng.h"
#include "sim/quota_server.h"
#include "sim/request_size.h"

namespace berth::sim {
namespace {

constexpr std::size_t measured_requests = 4'000;
constexpr std::size_t warm_up_requests = 400;

std::vector<double> play(const AppModel& app, double vcpu, double utilization, Rng& rng) {
  const double per_us = utilization * vcpu / (app.cpu_ms * 1000);
  QuotaServer server(
      {.vcpu = vcpu, .threads = app.threads, .phase_us = static_cast<std::int64_t>(rng.below(100'000))});
  std::vector<QuotaServer::Completion> ended;
  ended.reserve(measured_requests + warm_up_requests);
  double at = 0;
  for (std::size_t i = 0; i < measured_requests + warm_up_requests; ++i) {
    at += -std::log(1 - rng.uniform()) / per_us;
    const auto at_us = static_cast<std::int64_t>(at);
    server.advance(at_us, ended);
    server.arrive(at_us, request_cpu_us(app, rng));
  }
  server.advance(static_cast<std::int64_t>(at) + 3600 * us_per_second, ended);
  std::vector<double> times_ms;
  for (std::size_t i = warm_up_requests; i < ended.size(); ++i) {
    times_ms.push_back(static_cast<double>(ended[i].ended_us - ended[i].arrived_us) / 1000);
  }
  std::sort(times_ms.begin(), times_ms.end());
  return times_ms;
}

}  // namespace

LatencyTable::LatencyTable(const AppModel& app, double vcpu, std::uint64_t seed) {
  Rng rng(seed ^ 0x6c6174656e637900ull);
  rows_.resize(steps);
  for (int row = 0; row < steps; ++row) {
    const auto times = play(app, vcpu, step_width * (row + 1), rng);
    Row& out = rows_[static_cast<std::size_t>(row)];
    double sum = 0;
    for (const double ms : times) sum += ms;
    out.mean_ms = sum / static_cast<double>(times.size());
    for (std::size_t i = 0; i < quantiles; ++i) {
      out.ms[i] = times[(2 * i + 1) * times.size() / (2 * quantiles)];
    }
  }
}

int LatencyTable::row_of(double utilization) {
  return std::clamp(static_cast<int>(std::lround(utilization / step_width)) - 1, 0, steps - 1);
}

double LatencyTable::utilization_within(double ms, double share) const {
  int best = 0;
  for (int row = 0; row < steps; ++row) {
    if (later_than(row, ms) <= share) best = row;
  }
  return step_width * (best + 1);
}

double LatencyTable::later_than(int row, double ms) const {
  const auto& times = rows_[static_cast<std::size_t>(row)].ms;
  const auto later = times.end() - std::upper_bound(times.begin(), times.end(), ms);
  return static_cast<double>(later) / quantiles;
}

}  // namespace berth::sim
