#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/simulate_input.h"
#include "study/report.h"
#include "study/result_json.h"

namespace berth::cli {
namespace {

void show_progress(double share) {
  constexpr int width = 40;
  const int filled = static_cast<int>(share * width);
  std::cerr << fmt::format("\r[{}{}] {:3.0f} %", std::string(static_cast<std::size_t>(filled), '#'),
                           std::string(static_cast<std::size_t>(width - filled), '.'), share * 100)
            << std::flush;
}

std::string duration_text(double seconds) {
  if (seconds < 0) return "never";
  const auto whole = static_cast<long>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

void line(std::string_view name, const std::string& value) {
  std::cout << fmt::format("  {:<26} {}\n", name, value);
}

void print_elasticity(std::string_view name, const study::Elasticity& of) {
  line(name,
       fmt::format("a_U {:.1f}  a_O {:.1f}  t_U {:.1f}  t_O {:.1f}  k {:.1f}  jitter {:+.2f}/h  sigma {:.1f}",
                   of.under_accuracy, of.over_accuracy, of.under_time, of.over_time, of.instability,
                   of.jitter, of.deviation));
}

void print_reactions(const std::vector<study::Reaction>& reactions) {
  if (reactions.empty()) return;
  constexpr std::size_t shown_most = 5;
  std::vector<study::Reaction> slowest = reactions;
  std::stable_sort(slowest.begin(), slowest.end(), [](const auto& a, const auto& b) {
    const auto cost = [](const auto& one) { return one.full_s < 0 ? 1e18 : one.full_s; };
    return cost(a) > cost(b);
  });
  line("load steps", fmt::format("{}; the slowest:", reactions.size()));
  for (std::size_t i = 0; i < std::min(shown_most, slowest.size()); ++i) {
    const auto& one = slowest[i];
    line("", fmt::format("at {}: {} -> {} tasks; first after {}, all after {}", duration_text(one.at_s),
                         one.from, one.wanted, duration_text(one.first_s), duration_text(one.full_s)));
  }
}

void print_table(const study::RunResult& result, const study::Summary& summary, const RunFlags& flags) {
  const auto& counts = summary.counts;
  std::cout << summary.verdict << "\n\n";
  line("world", fmt::format("{} (tier {}, seed {})", flags.world, flags.tier, flags.seed));
  for (std::size_t i = 0; i < result.made_up.size(); ++i) line(i == 0 ? "made up" : "", result.made_up[i]);
  line("requests", fmt::format("{:.0f}", counts.requests));
  line("failed",
       fmt::format("{:.0f} ({:.4f} %): 502 {:.0f}, 503 {:.0f}, 504 {:.0f}", counts.failed(),
                   summary.failed_percent, counts.failed_502, counts.failed_503, counts.failed_504));
  line("later than the objective", fmt::format("{:.0f} ({:.3f} %)", counts.late, summary.late_percent));
  line("mean, p50, p95, p99", fmt::format("{:.1f}, {:.1f}, {:.1f}, {:.1f} ms", summary.mean_ms,
                                          summary.p50_ms, summary.p95_ms, summary.p99_ms));
  line("tasks", fmt::format("{:.2f} on average, {} at most; CPU {:.1f} % on average", summary.mean_tasks,
                            summary.most_tasks, summary.mean_cpu));
  line("task-hours, cost", fmt::format("{:.1f} h, {:.2f} USD", summary.task_hours, summary.cost));
  line("scaling",
       fmt::format("{} actions ({} out, {} in), {} reversals, {} times not scaled", summary.actions,
                   summary.scale_outs, summary.scale_ins, summary.reversals, summary.not_scaled));
  line("time at the maximum", fmt::format("{:.1f} %", summary.at_maximum_percent));
  print_reactions(summary.reactions);
  print_elasticity("elasticity (target)", summary.by_target);
  print_elasticity("elasticity (objective)", summary.by_objective);
}

}  // namespace

int simulate(const RunFlags& flags, const SimulateOptions& options) {
  auto run = run_options(flags, flags.template_file, flags.trace);
  if (!run) return refuse(run.error());
  const auto prices = prices_of(flags);
  if (!prices) return refuse(prices.error());
  spdlog::set_level(spdlog::level::warn);  // what the control code says of its decisions is in the timeline
  const bool watched = isatty(STDERR_FILENO) != 0;
  if (watched) {
    run->progress = [](double share) {
      show_progress(share);
      return true;
    };
  }
  const auto began = std::chrono::steady_clock::now();
  const auto result = study::play(*run);
  const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (watched) std::cerr << "\r\033[K";
  if (!result) return refuse(result.error());
  const auto& timeline = result->timeline;
  const auto summary = study::summarize(timeline, run->app, *prices, result->best_utilization);
  const double virtual_s = static_cast<double>(run->traffic.duration_us) / 1e6;
  const double days_per_s = virtual_s / 86400 / wall_s;
  if (!options.report.empty()) {
    const study::ReportFacts facts{run->traffic.name, flags.world,     flags.tier,
                                   flags.seed,        result->made_up, run->app.objective_ms};
    if (auto kept = write_output(options.report, study::report_html(timeline, summary, facts)); !kept)
      return refuse(kept.error());
  }
  if (!options.json) {
    print_table(*result, summary, flags);
    line("played", fmt::format("{:.2f} days in {:.3f} s: {:.0f} virtual days/s", virtual_s / 86400, wall_s,
                               days_per_s));
    if (result->quiet_minutes > 0)
      line("", fmt::format("{:.2f} days of it were quiet: each minute as the one before",
                           static_cast<double>(result->quiet_minutes) / 1440));
    return 0;
  }
  auto document = study::timeline_json(timeline);
  const std::string digest = study::timeline_sha256(document);
  json::array made_up(result->made_up.begin(), result->made_up.end());
  const json::object out{{"world", flags.world},
                         {"tier", flags.tier},
                         {"seed", flags.seed},
                         {"trace", run->traffic.name},
                         {"made_up", std::move(made_up)},
                         {"summary", study::summary_json(summary)},
                         {"timeline", std::move(document)},
                         {"timeline_sha256", digest},
                         {"virtual_s", virtual_s},
                         {"quiet_minutes", result->quiet_minutes},
                         {"wall_s", wall_s},
                         {"virtual_days_per_s", days_per_s}};
  std::cout << json::serialize(out) << "\n";
  return 0;
}

}  // namespace berth::cli
