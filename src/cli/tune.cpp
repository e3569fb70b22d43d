#include "study/tune.h"

#include <fmt/format.h>

#include <iostream>

#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/simulate_input.h"
#include "study/scatter.h"

namespace berth::cli {
namespace {

std::string days(double seconds) {
  return seconds < 86400 ? fmt::format("{:.1f} hours", seconds / 3600)
                         : fmt::format("{:.1f} days", seconds / 86400);
}

std::string where_of(const RunFlags& flags, const study::Tuning& tuning) {
  return fmt::format("world {}, tier {}, seed {}; tuned on the first {}, judged on the {} after; {} runs",
                     flags.world, flags.tier, flags.seed, days(tuning.tuned_s), days(tuning.judged_s),
                     tuning.runs);
}

std::vector<std::string> row_of(const std::string& name, const study::Candidate& candidate, bool settings) {
  const auto& knobs = candidate.knobs;
  const auto number = [&](int value) { return settings ? fmt::format("{}", value) : std::string("-"); };
  return {name,
          number(knobs.target),
          number(knobs.scale_out_cooldown_s),
          number(knobs.scale_in_cooldown_s),
          number(knobs.minimum),
          number(knobs.maximum),
          number(knobs.resolution_s),
          fmt::format("{:.3f}", candidate.tuned.usd_a_day),
          fmt::format("{:.3g}", candidate.tuned.missed_percent),
          number(candidate.tuned.actions),
          fmt::format("{:.3f}", candidate.judged.usd_a_day),
          fmt::format("{:.3g}", candidate.judged.missed_percent),
          settings && study::is_overfit(candidate) ? "much worse" : ""};
}

std::string ideal_name(std::size_t index) {
  return fmt::format("clairvoyant, {:g} % late", 100 * study::ideal_late_shares[index]);
}

std::vector<std::vector<std::string>> rows_of(const study::Tuning& tuning) {
  std::vector<std::vector<std::string>> rows{{"policy", "target", "out s", "in s", "min", "max", "metric s",
                                              "USD/day", "missed %", "actions", "then USD/day",
                                              "then missed %", ""}};
  rows.push_back(row_of("yours", tuning.current, true));
  for (std::size_t i = 0; i < tuning.front.size(); ++i) {
    const auto& candidate = tuning.front[i];
    std::string name = candidate.knobs == tuning.current.knobs ? "yours" : fmt::format("{}", i + 1);
    if (i == tuning.chosen) name += " (proposed)";
    rows.push_back(row_of(name, candidate, true));
  }
  for (std::size_t i = 0; i < tuning.ideal.size(); ++i)
    rows.push_back(row_of(ideal_name(i), tuning.ideal[i], false));
  return rows;
}

std::string page_of(const study::Tuning& tuning, const std::string& where) {
  using study::PointKind;
  const auto note = [](const study::Knobs& knobs) {
    return fmt::format("target {}, cooldowns {} and {} s, {} to {} tasks, metrics of {} s", knobs.target,
                       knobs.scale_out_cooldown_s, knobs.scale_in_cooldown_s, knobs.minimum, knobs.maximum,
                       knobs.resolution_s);
  };
  const auto add = [](study::Scatter& scatter, const std::string& name, const study::Score& score,
                      PointKind kind, const std::string& text) {
    scatter.points.push_back({name, score.usd_a_day, score.missed_percent, kind, text});
  };
  study::Scatter tuned{"On the part that was tuned", {}}, judged{"On the rest", {}};
  for (const auto& score : tuning.others) add(tuned, "", score, PointKind::plain, "");
  for (std::size_t i = 0; i < tuning.front.size(); ++i) {
    const auto& one = tuning.front[i];
    const auto kind = i == tuning.chosen ? PointKind::chosen : PointKind::front;
    const std::string name = i == tuning.chosen ? "proposed" : fmt::format("{}", i + 1);
    add(tuned, name, one.tuned, kind, note(one.knobs));
    // On the rest these need be no front: no line between them.
    add(judged, name, one.judged, i == tuning.chosen ? kind : PointKind::plain, note(one.knobs));
  }
  for (auto* scatter : {&tuned, &judged}) {
    const bool first = scatter == &tuned;
    for (std::size_t i = 0; i < tuning.ideal.size(); ++i) {
      const auto& ideal = tuning.ideal[i];
      add(*scatter, i == 0 ? "clairvoyant" : "", first ? ideal.tuned : ideal.judged, PointKind::ideal,
          ideal_name(i));
    }
    add(*scatter, "yours", first ? tuning.current.tuned : tuning.current.judged, PointKind::current,
        note(tuning.current.knobs));
  }
  return study::scatter_page("Cost against lateness of what was tried", where, {tuned, judged},
                             rows_of(tuning));
}

// The changes as options for simulate and as the part of the template that they stand in.
std::string patch_of(const study::Tuning& tuning, const std::string& where) {
  const auto& knobs = tuning.front[tuning.chosen].knobs;
  std::string out = "# berth tune: " + where + "\n";
  for (const auto& set : study::sets_of(tuning, knobs)) out += "# --set " + set + "\n";
  out += fmt::format("Resources:\n  {}:\n    Properties:\n      MinCapacity: {}\n      MaxCapacity: {}\n",
                     tuning.target_resource, knobs.minimum, knobs.maximum);
  out += fmt::format(
      "  {}:\n    Properties:\n      TargetTrackingScalingPolicyConfiguration:\n        TargetValue: {}\n"
      "        ScaleOutCooldown: {}\n        ScaleInCooldown: {}\n",
      tuning.policy_resource, knobs.target, knobs.scale_out_cooldown_s, knobs.scale_in_cooldown_s);
  if (knobs.resolution_s == tuning.current.knobs.resolution_s) return out;
  const bool high = knobs.resolution_s < 60;
  out += fmt::format(
      "        PredefinedMetricSpecification:\n          PredefinedMetricType: "
      "ECSServiceAverageCPUUtilization{}\n"
      "  {}:\n    Properties:\n      Monitoring:\n        MetricConfigurations:\n"
      "          - MetricNames: [CPUUtilization]\n            ResolutionSeconds: {}\n",
      high ? "HighResolution" : "", tuning.service_resource, knobs.resolution_s);
  return out;
}

json::object candidate_json(const study::Candidate& candidate) {
  const auto score = [](const study::Score& of) {
    return json::object{
        {"usd_a_day", of.usd_a_day}, {"missed_percent", of.missed_percent}, {"actions", of.actions}};
  };
  return {{"target", candidate.knobs.target},
          {"scale_out_cooldown_s", candidate.knobs.scale_out_cooldown_s},
          {"scale_in_cooldown_s", candidate.knobs.scale_in_cooldown_s},
          {"minimum", candidate.knobs.minimum},
          {"maximum", candidate.knobs.maximum},
          {"resolution_s", candidate.knobs.resolution_s},
          {"tuned", score(candidate.tuned)},
          {"judged", score(candidate.judged)},
          {"overfit", study::is_overfit(candidate)}};
}

json::object json_of(const study::Tuning& tuning, const RunFlags& flags) {
  json::array front, ideal, sets;
  for (const auto& one : tuning.front) front.push_back(candidate_json(one));
  for (const auto& one : tuning.ideal) {
    ideal.push_back({{"tuned_usd_a_day", one.tuned.usd_a_day},
                     {"tuned_missed_percent", one.tuned.missed_percent},
                     {"judged_usd_a_day", one.judged.usd_a_day},
                     {"judged_missed_percent", one.judged.missed_percent}});
  }
  for (const auto& set : study::sets_of(tuning, tuning.front[tuning.chosen].knobs)) sets.emplace_back(set);
  return {{"world", flags.world},
          {"tier", flags.tier},
          {"seed", flags.seed},
          {"runs", tuning.runs},
          {"tuned_s", tuning.tuned_s},
          {"judged_s", tuning.judged_s},
          {"current", candidate_json(tuning.current)},
          {"front", std::move(front)},
          {"proposed", tuning.chosen},
          {"clairvoyant", std::move(ideal)},
          {"set", std::move(sets)}};
}

void print(const study::Tuning& tuning, const std::string& where, double allowed_percent) {
  std::cout << where << "\n\n";
  print_rows(rows_of(tuning));
  const auto& proposed = tuning.front[tuning.chosen];
  const auto sets = study::sets_of(tuning, proposed.knobs);
  std::cout << "\n";
  if (proposed.tuned.missed_percent > allowed_percent)
    std::cout << fmt::format("Nothing that was tried keeps within {:g} % of missed requests.\n",
                             allowed_percent);
  if (sets.empty()) {
    std::cout << "Yours is the one to keep.\n";
  } else {
    std::cout << fmt::format("Proposed: {:+.0f} % cost, {:.3g} % instead of {:.3g} % missed on the rest:\n",
                             100 * (proposed.judged.usd_a_day / tuning.current.judged.usd_a_day - 1),
                             proposed.judged.missed_percent, tuning.current.judged.missed_percent);
    for (const auto& set : sets) std::cout << "  --set " << set << "\n";
  }
  if (study::is_overfit(proposed)) {
    std::cout << "Beware: on the rest of the trace it does much worse than where it was tuned; the two parts "
                 "differ.\nTune on a longer trace, or choose one that costs more.\n";
  }
}

}  // namespace

int tune(const RunFlags& flags, const TuneFlags& options) {
  auto run = run_options(flags, flags.template_file, flags.trace);
  if (!run) return refuse(run.error());
  const auto prices = prices_of(flags);
  if (!prices) return refuse(prices.error());
  spdlog::set_level(spdlog::level::warn);
  study::TuneOptions settings{.run = std::move(*run),
                              .prices = *prices,
                              .threads = options.threads,
                              .candidates = options.candidates,
                              .tuned_share = options.tuned_share,
                              .allowed_percent = options.allowed_percent,
                              .progress = [](const std::string& stage) { std::cerr << stage << "\n"; }};
  const auto tuning = study::tune(settings);
  if (!tuning) return refuse(tuning.error());
  const std::string where = where_of(flags, *tuning);
  if (!options.patch.empty()) {
    if (auto kept = write_output(options.patch, patch_of(*tuning, where)); !kept) return refuse(kept.error());
  }
  if (!options.report.empty()) {
    if (auto kept = write_output(options.report, page_of(*tuning, where)); !kept) return refuse(kept.error());
  }
  if (options.json) {
    std::cout << json::serialize(json_of(*tuning, flags)) << "\n";
  } else {
    print(*tuning, where, options.allowed_percent);
  }
  return 0;
}

}  // namespace berth::cli
