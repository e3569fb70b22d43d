#include "study/summary.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>

namespace berth::study {
namespace {

constexpr double price_max = 1e6;
constexpr double cpu_metric_target_default = 60;  // percent, when no policy names one

double target_of(const Timeline& timeline) {
  for (const auto& policy : timeline.policies) {
    if (policy.metric == "ECSServiceAverageCPUUtilization" && policy.target > 0) return policy.target;
  }
  return cpu_metric_target_default;
}

int sign(int value) {
  return (value > 0) - (value < 0);
}

Elasticity elasticity_of(const Timeline& timeline, double utilization) {
  Elasticity out;
  const auto& minutes = timeline.minutes;
  if (minutes.size() < 2) return out;
  int supply_before = 0, demand_before = 0, supply_moves = 0, demand_moves = 0;
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    const int supply = minutes[i].healthy;
    const int demand = tasks_for(minutes[i].offered_vcpu, timeline.task_vcpu, utilization);
    const double gap = demand - supply;
    out.under_accuracy += std::max(gap, 0.0) / demand;
    out.over_accuracy += std::max(-gap, 0.0) / demand;
    out.under_time += supply < demand;
    out.over_time += supply > demand;
    if (i > 0) {
      const int supply_move = sign(supply - supply_before), demand_move = sign(demand - demand_before);
      out.instability += std::min(1, std::max(0, supply_move - demand_move));
      supply_moves += supply_move != 0;
      demand_moves += demand_move != 0;
    }
    supply_before = supply;
    demand_before = demand;
  }
  const auto count = static_cast<double>(minutes.size());
  for (double* share : {&out.under_accuracy, &out.over_accuracy, &out.under_time, &out.over_time})
    *share *= 100 / count;
  out.instability *= 100 / (count - 1);
  out.jitter = (supply_moves - demand_moves) / (count / 60);
  const double parts[] = {out.under_accuracy, out.over_accuracy, out.under_time, out.over_time,
                          out.instability};
  double sum = 0;
  for (const double part : parts) sum += std::pow(part, 5);
  out.deviation = std::pow(sum, 0.2);
  return out;
}

// One reaction per rise of the demand above the supply; it ends when the supply has caught up or the demand
// is gone.
std::vector<Reaction> reactions_of(const Timeline& timeline, double utilization) {
  std::vector<Reaction> out;
  std::optional<Reaction> open;
  for (std::size_t i = 0; i < timeline.minutes.size(); ++i) {
    const auto& minute = timeline.minutes[i];
    const int wanted = std::min(tasks_for(minute.offered_vcpu, timeline.task_vcpu, utilization),
                                std::max(timeline.maximum, 1));
    const double at_s = 60.0 * static_cast<double>(i);
    if (!open && minute.healthy < wanted)
      open = Reaction{.at_s = at_s, .from = minute.healthy, .wanted = wanted};
    if (!open) continue;
    open->wanted = std::max(open->wanted, wanted);
    if (open->first_s < 0 && minute.healthy > open->from) open->first_s = at_s + 60 - open->at_s;
    if (minute.healthy < wanted) continue;
    if (open->first_s >= 0) {
      open->full_s = at_s + 60 - open->at_s;
      out.push_back(*open);
    }
    open.reset();
  }
  if (open) out.push_back(*open);
  return out;
}

void count_actions(const Timeline& timeline, Summary& out) {
  std::optional<int> before;
  int last_direction = 0;
  for (const auto& activity : timeline.activities) {
    if (activity.at_s < 0) {
      if (activity.ordered) before = activity.ordered;
      continue;
    }
    if (!activity.not_scaled.empty()) {
      ++out.not_scaled;
      continue;
    }
    if (!activity.ordered) continue;
    ++out.actions;
    const int direction = sign(*activity.ordered - before.value_or(timeline.minimum));
    before = activity.ordered;
    if (direction > 0) ++out.scale_outs;
    if (direction < 0) ++out.scale_ins;
    if (direction != 0 && last_direction == -direction) ++out.reversals;
    if (direction != 0) last_direction = direction;
  }
}

std::string verdict_of(const Summary& summary, const Timeline& timeline, const sim::AppModel& app) {
  const char* quality = summary.failed_percent >= 1    ? "Not good enough"
                        : summary.late_percent >= 5    ? "Too slow at times"
                        : summary.failed_percent > 0.1 ? "Nearly"
                        : summary.late_percent >= 1    ? "Mostly in time"
                                                       : "It keeps up";
  std::string text = fmt::format(
      "{}: {:.3g} % of the requests failed, {:.3g} % took longer than {:.0f} ms; {:.1f} tasks on average",
      quality, summary.failed_percent, summary.late_percent, app.objective_ms, summary.mean_tasks);
  if (summary.at_maximum_percent >= 1) {
    text += fmt::format(", at the maximum of {} for {:.0f} % of the time", timeline.maximum,
                        summary.at_maximum_percent);
  }
  return text + ".";
}

}  // namespace

int tasks_for(double offered_vcpu, double task_vcpu, double utilization) {
  constexpr double rounding = 1e-9;
  if (task_vcpu <= 0 || utilization <= 0) return 1;
  return std::max(1, static_cast<int>(std::ceil(offered_vcpu / (task_vcpu * utilization) - rounding)));
}

Summary summarize(const Timeline& timeline, const sim::AppModel& app, const Prices& prices,
                  double best_utilization) {
  Summary out;
  out.counts = timeline.total;
  const double requests = std::max(timeline.total.requests, 1e-9);
  out.failed_percent = 100 * timeline.total.failed() / requests;
  out.late_percent = 100 * timeline.total.late / requests;
  if (timeline.total.answered() > 0) out.mean_ms = timeline.total.time_ms_sum / timeline.total.answered();
  out.p50_ms = timeline.times.quantile_ms(0.5);
  out.p95_ms = timeline.times.quantile_ms(0.95);
  out.p99_ms = timeline.times.quantile_ms(0.99);
  out.task_hours = timeline.task_seconds / 3600;
  out.cost = out.task_hours *
             (timeline.task_vcpu * prices.vcpu_hour + timeline.task_memory_mib / 1024.0 * prices.gib_hour);
  double tasks = 0, cpu = 0, cpu_minutes = 0, at_maximum = 0;
  for (const auto& minute : timeline.minutes) {
    tasks += minute.running;
    out.most_tasks = std::max(out.most_tasks, minute.running);
    if (timeline.maximum > 0 && minute.desired >= timeline.maximum) ++at_maximum;
    if (minute.cpu) {
      cpu += *minute.cpu;
      ++cpu_minutes;
    }
  }
  const auto count = std::max<double>(1, static_cast<double>(timeline.minutes.size()));
  out.mean_tasks = tasks / count;
  out.at_maximum_percent = 100 * at_maximum / count;
  if (cpu_minutes > 0) out.mean_cpu = cpu / cpu_minutes;
  count_actions(timeline, out);
  const double target = target_of(timeline) / 100;
  out.reactions = reactions_of(timeline, target);
  out.by_target = elasticity_of(timeline, target);
  out.by_objective = elasticity_of(timeline, best_utilization);
  out.verdict = verdict_of(out, timeline, app);
  return out;
}

Result<Prices> parse_prices(const std::string& toml_text, const std::string& name) {
  Prices prices;
  toml::table table;
  try {
    table = toml::parse(toml_text);
  } catch (const toml::parse_error& error) {
    return Error{"UsageError",
                 fmt::format("{}: line {}: {}", name, error.source().begin.line, error.description())};
  }
  for (const auto& [key, node] : table) {
    const auto number = node.value<double>();
    double* place = key.str() == "vcpu_hour"  ? &prices.vcpu_hour
                    : key.str() == "gib_hour" ? &prices.gib_hour
                                              : nullptr;
    if (!place || !number || !(*number >= 0 && *number <= price_max)) {
      return Error{"UsageError",
                   fmt::format("{}: {} is not vcpu_hour or gib_hour with a number", name, key.str())};
    }
    *place = *number;
  }
  return prices;
}

}  // namespace berth::study
