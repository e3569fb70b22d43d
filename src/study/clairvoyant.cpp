#include "study/clairvoyant.h"

#include <algorithm>

namespace berth::study {
namespace {

// Beyond the first, no table of response times holds; with the second, more tasks would not help.
constexpr double fullest = 0.96, emptiest = 0.1;

double middle(const sim::SecondsRange& range) {
  return (range.least + range.most) / 2;
}

}  // namespace

// The n-th task is needed while n or more are; which one serves when does not matter, so every n can be
// decided for itself, and for one n a gap is bridged exactly when it is shorter than a start.
double least_task_seconds(const std::vector<int>& needed, double start_s) {
  const int most = needed.empty() ? 0 : *std::max_element(needed.begin(), needed.end());
  double sum = 0;
  for (int nth = 1; nth <= most; ++nth) {
    double gap_s = -1;  // since the task was last needed; negative: never yet
    for (const int count : needed) {
      if (count < nth) {
        if (gap_s >= 0) gap_s += 60;
        continue;
      }
      if (gap_s != 0) sum += gap_s < 0 ? start_s : std::min(gap_s, start_s);
      sum += 60;
      gap_s = 0;
    }
  }
  return sum;
}

Score clairvoyant(const Timeline& timeline, const sim::AppModel& app, const sim::LatencyTable& table,
                  double late_share, const sim::WorldTimes& times, const Prices& prices) {
  std::vector<int> needed;
  double late = 0, requests = 0;
  for (const auto& minute : timeline.minutes) {
    const auto late_with = [&](int count) {
      const double utilization = minute.offered_vcpu / (count * timeline.task_vcpu);
      const int row = sim::LatencyTable::row_of(utilization, static_cast<std::size_t>(count));
      return table.later_than(row, app.objective_ms);
    };
    int count = tasks_for(minute.offered_vcpu, timeline.task_vcpu, fullest);
    const int most = tasks_for(minute.offered_vcpu, timeline.task_vcpu, emptiest);
    while (count < most && late_with(count) > late_share) ++count;
    needed.push_back(count);
    late += minute.traffic.counts.requests * late_with(count);
    requests += minute.traffic.counts.requests;
  }
  const double start_s = middle(times.pull_s) + middle(times.start_s) + middle(times.first_probe_s);
  const double hours = least_task_seconds(needed, start_s) / 3600;
  const double per_hour =
      timeline.task_vcpu * prices.vcpu_hour + timeline.task_memory_mib / 1024.0 * prices.gib_hour;
  const double days = static_cast<double>(std::max<std::size_t>(needed.size(), 1)) / 1440;
  return {.usd_a_day = hours * per_hour / days,
          .missed_percent = requests > 0 ? 100 * late / requests : 0,
          .actions = 0};
}

}  // namespace berth::study
