#include "study/compare.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/simulate_input.h"
#include "study/pareto.h"
#include "study/result_json.h"
#include "study/scatter.h"

namespace berth::cli {
namespace {

double usd_a_day(const study::Outcome& outcome) {
  return outcome.summary.cost / (outcome.virtual_s / 86400);
}

std::string stem(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

// A generator's text, or the file's name.
std::string trace_name(const std::string& trace) {
  return sim::is_generator(trace) ? trace : stem(trace);
}

// Every template as it is and in every variant.
Result<std::vector<study::Contest>> contests_of(const RunFlags& flags, const CompareOptions& options) {
  std::vector<study::Variant> variants{{"as it is", {}}};
  for (const auto& text : options.variants) {
    auto variant = study::parse_variant(text);
    if (!variant) return variant.error();
    variants.push_back(std::move(*variant));
  }
  std::vector<study::Contest> contests;
  for (const auto& trace : options.traces) {
    for (const auto& file : options.templates) {
      const auto base = run_options(flags, file, trace);
      if (!base) return base.error();
      for (const auto& variant : variants) {
        study::Contest contest{variant.name, trace_name(trace), *base};
        if (variant.sets.empty())
          contest.policy = stem(file);
        else if (options.templates.size() > 1)
          contest.policy = stem(file) + ", " + variant.name;
        contest.options.sets.insert(contest.options.sets.end(), variant.sets.begin(), variant.sets.end());
        contests.push_back(std::move(contest));
      }
    }
  }
  return contests;
}

std::vector<std::vector<std::string>> rows_of(const std::vector<study::Outcome>& outcomes) {
  std::vector<std::vector<std::string>> rows{{"policy", "trace", "USD/day", "late %", "failed %", "p95 ms",
                                              "tasks", "actions", "reversals", "at max %"}};
  for (const auto& outcome : outcomes) {
    const auto& summary = outcome.summary;
    rows.push_back({outcome.policy, outcome.trace, fmt::format("{:.3f}", usd_a_day(outcome)),
                    fmt::format("{:.3g}", summary.late_percent),
                    fmt::format("{:.3g}", summary.failed_percent), fmt::format("{:.0f}", summary.p95_ms),
                    fmt::format("{:.2f}", summary.mean_tasks), fmt::format("{}", summary.actions),
                    fmt::format("{}", summary.reversals), fmt::format("{:.1f}", summary.at_maximum_percent)});
  }
  return rows;
}

json::object json_of(const std::vector<study::Outcome>& outcomes, const RunFlags& flags) {
  json::array results;
  for (const auto& outcome : outcomes) {
    results.push_back({{"policy", outcome.policy},
                       {"trace", outcome.trace},
                       {"usd_a_day", usd_a_day(outcome)},
                       {"missed_percent", study::missed_percent(outcome.summary)},
                       {"summary", study::summary_json(outcome.summary)},
                       {"timeline_sha256", study::timeline_sha256(study::timeline_json(outcome.timeline))}});
  }
  return {
      {"world", flags.world}, {"tier", flags.tier}, {"seed", flags.seed}, {"results", std::move(results)}};
}

// Per trace one plot, with the policies that nobody beats on both counts joined by a line.
std::string page_of(const std::vector<study::Outcome>& outcomes, const std::string& where) {
  std::vector<study::Scatter> scatters;
  for (const auto& outcome : outcomes) {
    if (scatters.empty() || scatters.back().title != outcome.trace) scatters.push_back({outcome.trace, {}});
    scatters.back().points.push_back({outcome.policy, usd_a_day(outcome),
                                      study::missed_percent(outcome.summary), study::PointKind::plain,
                                      outcome.summary.verdict});
  }
  for (auto& scatter : scatters) {
    std::vector<study::Score> scores;
    for (const auto& point : scatter.points) scores.push_back({point.cost, point.missed_percent, 0});
    for (const std::size_t index : study::pareto_front(scores))
      scatter.points[index].kind = study::PointKind::front;
  }
  return study::scatter_page("Cost against lateness", where, scatters, rows_of(outcomes));
}

}  // namespace

void print_rows(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line +=
          c == 0 ? fmt::format("  {:<{}}", row[c], widths[c]) : fmt::format("  {:>{}}", row[c], widths[c]);
    std::cout << line << "\n";
  }
}

std::function<void(std::size_t)> counter_on_terminal(std::size_t runs) {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [runs](std::size_t ended) {
    std::cerr << fmt::format("\r{} of {} runs{}", ended, runs, ended == runs ? "\r\033[K" : "") << std::flush;
  };
}

int compare(const RunFlags& flags, const CompareOptions& options) {
  const auto contests = contests_of(flags, options);
  if (!contests) return refuse(contests.error());
  const auto prices = prices_of(flags);
  if (!prices) return refuse(prices.error());
  spdlog::set_level(spdlog::level::warn);
  const auto outcomes =
      study::play_all(*contests, {*prices, options.threads, counter_on_terminal(contests->size())});
  if (!outcomes) return refuse(outcomes.error());
  const std::string where = fmt::format("world {}, tier {}, seed {}", flags.world, flags.tier, flags.seed);
  if (!options.report.empty()) {
    if (auto kept = write_output(options.report, page_of(*outcomes, where)); !kept)
      return refuse(kept.error());
  }
  if (options.json) {
    std::cout << json::serialize(json_of(*outcomes, flags)) << "\n";
  } else {
    std::cout << where << "\n\n";
    print_rows(rows_of(*outcomes));
  }
  return 0;
}

}  // namespace berth::cli
