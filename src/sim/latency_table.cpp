#include "sim/latency_table.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "loop/rng.h"
#include "sim/quota_server.h"
#include "sim/request_size.h"
#include "sim/shared_cores.h"

namespace berth::sim {
namespace {

constexpr std::size_t measured_requests = 8'000;
constexpr std::size_t warm_up_requests = 400;

struct Load {
  double utilization = 0;
  int tasks = 1;  // who get the requests in turn
};

// One task stands for all, and what goes to the others in between only spaces its arrivals; where all share
// the machine's cores, each is played.
std::vector<double> play(const AppModel& app, double vcpu, const Load& load, Rng& rng) {
  const double gap_us = app.cpu_ms * 1000 / (load.utilization * vcpu * load.tasks);
  const RequestSizes sizes(app);
  SharedCores cores(app, measured_requests);
  const int played = cores.shared() ? load.tasks : 1;
  std::deque<QuotaServer> servers;
  for (int i = 0; i < played; ++i) {
    cores.add(servers.emplace_back(QuotaSettings{.vcpu = vcpu,
                                                 .threads = app.threads_at_once(),
                                                 .phase_us = static_cast<std::int64_t>(rng.below(100'000))}));
  }
  std::vector<QuotaServer::Completion> ended;
  ended.reserve(measured_requests + warm_up_requests);
  double at = 0;
  for (std::size_t i = 0; i < measured_requests + warm_up_requests; ++i) {
    double chance = 1;
    for (int turn = 0; turn < load.tasks / played; ++turn) chance *= 1 - rng.uniform();
    at += -std::log(chance) * gap_us;
    const auto at_us = static_cast<std::int64_t>(at);
    QuotaServer& server = servers[i % servers.size()];
    server.advance(at_us, ended);
    const std::int64_t cpu_us = sizes.cpu_us(rng);
    server.arrive(at_us, cpu_us, cores.begin(server, at_us, cpu_us, ended));
  }
  for (auto& server : servers) {
    const double left_us = server.backlog_us() / std::min<double>(vcpu, app.threads_at_once());
    server.advance(static_cast<std::int64_t>(at + 2 * left_us) + us_per_minute, ended);
  }
  std::vector<double> times_ms;
  for (std::size_t i = warm_up_requests; i < ended.size(); ++i) {
    times_ms.push_back(static_cast<double>(ended[i].ended_us - ended[i].arrived_us) / 1000);
  }
  std::sort(times_ms.begin(), times_ms.end());
  return times_ms;
}

}  // namespace

std::unique_ptr<LatencyTable::Row> LatencyTable::measure(int row) const {
  const auto share = static_cast<std::size_t>(row / steps);
  const Load load{.utilization = step_width * (row % steps + 1), .tasks = shares[share]};
  // All rows of a share have the same arrivals at another speed, so that times grow with utilization.
  Rng rng(seed_ ^ (0x6c6174656e637900ull + share));
  const auto times = play(app_, vcpu_, load, rng);
  auto out = std::make_unique<Row>();
  double sum = 0;
  for (const double ms : times) sum += ms;
  out->mean_ms = sum / static_cast<double>(times.size()) + app_.overhead_ms;
  for (std::size_t i = 0; i < quantiles; ++i) {
    out->ms[i] = times[(2 * i + 1) * times.size() / (2 * quantiles)] + app_.overhead_ms;
  }
  return out;
}

int LatencyTable::row_of(double utilization, std::size_t tasks) {
  std::size_t share = 0;
  while (share + 1 < shares.size() && tasks >= static_cast<std::size_t>(shares[share + 1])) ++share;
  const int step = std::clamp(static_cast<int>(std::lround(utilization / step_width)) - 1, 0, steps - 1);
  return static_cast<int>(share) * steps + step;
}

double LatencyTable::utilization_within(double ms, double share) const {
  int best = 0;
  for (int beyond = steps; beyond - best > 1;) {
    const int middle = (best + beyond) / 2;
    (later_than(middle, ms) <= share ? best : beyond) = middle;
  }
  return step_width * (best + 1);
}

double LatencyTable::later_than(int row, double ms) const {
  const auto& times = at(row).ms;
  const auto later = times.end() - std::upper_bound(times.begin(), times.end(), ms);
  return static_cast<double>(later) / quantiles;
}

}  // namespace berth::sim
