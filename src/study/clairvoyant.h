// Clairvoyant: the least that a traffic can cost by one who knows it beforehand, and starts every task early
// enough. No policy reaches it; the gap shows what is left to gain.
#pragma once

#include "sim/latency_table.h"
#include "sim/world_times.h"
#include "study/pareto.h"
#include "study/summary.h"
#include "study/timeline.h"

namespace berth::study {

// In every minute there are the fewest tasks with which no more than `late_share` of its requests come later
// than the objective. Between two minutes that need a task it is kept when that is cheaper than starting one.
Score clairvoyant(const Timeline& timeline, const sim::AppModel& app, const sim::LatencyTable& table,
                  double late_share, const sim::WorldTimes& times, const Prices& prices);

// Of each number of tasks 1, 2, ... the seconds that are billed, summed: `needed` by the minute.
double least_task_seconds(const std::vector<int>& needed, double start_s);

}  // namespace berth::study
