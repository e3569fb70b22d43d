// Summary: a run in a handful of numbers, the way autoscalers are compared in the literature: what the
// requests got, what it cost, and how well the supply of tasks followed the demand for them.
#pragma once

#include <string>
#include <vector>

#include "sim/app_model.h"
#include "study/timeline.h"

namespace berth::study {

// Fargate, per hour. `examples/prices.toml` is the table that ships.
struct Prices {
  double vcpu_hour = 0.04048;
  double gib_hour = 0.004445;
};
Result<Prices> parse_prices(const std::string& toml_text, const std::string& name);

// SPEC RG's elasticity metrics: demand d against supply s, over the whole run.
struct Elasticity {
  double under_accuracy = 0;  // a_U: 100/T sum max(d-s,0)/d dt
  double over_accuracy = 0;   // a_O
  double under_time = 0;      // t_U: share of time with s < d, in %
  double over_time = 0;       // t_O
  double instability = 0;     // k: share of time in which supply and demand move apart, in %
  double jitter = 0;          // adaptations of supply minus those of demand, per hour
  double deviation = 0;       // sigma: distance of the first five from the ideal
};

// From the minute when the load first asked for more tasks than there were.
struct Reaction {
  double at_s = 0;
  int from = 0;
  int wanted = 0;
  double first_s = -1;  // until one more served; -1: never
  double full_s = -1;   // until all that were wanted served; -1: never
};

struct Summary {
  std::string verdict;
  sim::TrafficCounts counts;
  double failed_percent = 0, late_percent = 0;
  double mean_ms = 0, p50_ms = 0, p95_ms = 0, p99_ms = 0;
  double task_hours = 0, cost = 0, mean_tasks = 0;
  int most_tasks = 0;
  int actions = 0, scale_outs = 0, scale_ins = 0, reversals = 0, not_scaled = 0;
  double at_maximum_percent = 0;
  double mean_cpu = 0;
  std::vector<Reaction> reactions;
  Elasticity by_target;     // demand: tasks that bring the utilization to the policy's target
  Elasticity by_objective;  // demand: the fewest tasks whose p95 meets the objective
};

// `best_utilization`: the highest at which the p95 still meets the objective.
Summary summarize(const Timeline& timeline, const sim::AppModel& app, const Prices& prices,
                  double best_utilization);

// The fewest tasks for that much CPU at that utilization; at least one.
int tasks_for(double offered_vcpu, double task_vcpu, double utilization);

}  // namespace berth::study
