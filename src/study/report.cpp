#include "study/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "study/report_page.h"

namespace berth::study {
namespace {

// Boost.JSON writes doubles as 1.2E1; whole numbers as integers keep ten thousand minutes small.
json::value compact(double value, double digits) {
  const double scaled = std::round(value * digits) / digits;
  if (scaled == std::trunc(scaled) && std::abs(scaled) < 1e15) return static_cast<std::int64_t>(scaled);
  return scaled;
}

template <class Read>
json::array column(const Timeline& timeline, Read read) {
  json::array out;
  out.reserve(timeline.minutes.size());
  for (const auto& minute : timeline.minutes) out.push_back(read(minute));
  return out;
}

double target_in(const Timeline& timeline) {
  for (const auto& policy : timeline.policies) {
    if (policy.metric == "ECSServiceAverageCPUUtilization" && policy.target > 0) return policy.target;
  }
  return 60;
}

void add_columns(const Timeline& timeline, json::object& out) {
  const double target = target_in(timeline);
  out["target"] = compact(target, 10);
  out["rps"] = column(timeline, [&](const auto& m) {
    return compact(m.traffic.counts.requests * timeline.time_scale / 60, 100);
  });
  out["desired"] = column(timeline, [](const auto& m) { return json::value(m.desired); });
  out["running"] = column(timeline, [](const auto& m) { return json::value(m.running); });
  out["healthy"] = column(timeline, [](const auto& m) { return json::value(m.healthy); });
  out["demand"] = column(timeline, [&](const auto& m) {
    return json::value(tasks_for(m.offered_vcpu, timeline.task_vcpu, target / 100));
  });
  out["cpu"] =
      column(timeline, [](const auto& m) { return m.cpu ? compact(*m.cpu, 10) : json::value(nullptr); });
  const auto time = [](double ms) { return ms > 0 ? compact(ms, 10) : json::value(nullptr); };
  out["p50"] = column(timeline, [&](const auto& m) { return time(m.traffic.p50_ms); });
  out["p95"] = column(timeline, [&](const auto& m) { return time(m.traffic.p95_ms); });
  out["p99"] = column(timeline, [&](const auto& m) { return time(m.traffic.p99_ms); });
  out["late"] = column(timeline, [](const auto& m) { return compact(m.traffic.counts.late, 10); });
  out["e502"] = column(timeline, [](const auto& m) { return compact(m.traffic.counts.failed_502, 10); });
  out["e503"] = column(timeline, [](const auto& m) { return compact(m.traffic.counts.failed_503, 10); });
  out["e504"] = column(timeline, [](const auto& m) { return compact(m.traffic.counts.failed_504, 10); });
}

void add_alarms(const Timeline& timeline, json::object& out) {
  json::array changes, alarms, of_policies, thresholds;
  const auto add = [&](const std::string& name) {
    if (std::find(alarms.begin(), alarms.end(), json::value(name)) == alarms.end()) alarms.emplace_back(name);
  };
  for (const auto& policy : timeline.policies) {
    for (const auto& alarm : policy.alarms) {
      add(alarm.name);
      of_policies.emplace_back(alarm.name);
      if (alarm.metric != "CPUUtilization") continue;
      thresholds.push_back({{"at", alarm.threshold},
                            {"label", alarm.comparison.starts_with("greater") ? "AlarmHigh" : "AlarmLow"}});
    }
  }
  for (const auto& change : timeline.alarm_changes) {
    add(change.alarm);
    changes.push_back({{"at_s", compact(change.at_s, 1)},
                       {"alarm", change.alarm},
                       {"from", change.from},
                       {"to", change.to},
                       {"reason", change.reason}});
  }
  out["changes"] = std::move(changes);
  out["alarms"] = std::move(alarms);
  out["policyAlarms"] = std::move(of_policies);
  out["thresholds"] = std::move(thresholds);
}

void add_activities(const Timeline& timeline, json::object& out) {
  json::array activities;
  int before = timeline.minimum;
  for (const auto& activity : timeline.activities) {
    const int direction = activity.ordered ? *activity.ordered - before : 0;
    if (activity.ordered) before = *activity.ordered;
    if (activity.at_s < 0) continue;
    activities.push_back({{"at_s", compact(activity.at_s, 1)},
                          {"description", activity.description},
                          {"explanation", activity.explanation},
                          {"not_scaled", activity.not_scaled},
                          {"direction", direction},
                          {"ordered", activity.ordered ? json::value(*activity.ordered) : nullptr}});
  }
  out["activities"] = std::move(activities);
}

json::object data_of(const Timeline& timeline, const ReportFacts& facts) {
  json::object out{{"minutes", timeline.minutes.size()},
                   {"start", static_cast<std::int64_t>(timeline.start_unix_s)},
                   {"minimum", timeline.minimum},
                   {"maximum", timeline.maximum},
                   {"objective", compact(facts.objective_ms, 10)}};
  add_columns(timeline, out);
  add_alarms(timeline, out);
  add_activities(timeline, out);
  return out;
}

std::string tile(const std::string& value, std::string_view name, std::string_view kind = {}) {
  return fmt::format("<div class=\"tile {}\"><b>{}</b><span>{}</span></div>", kind, value, name);
}

std::string tiles(const Summary& summary) {
  const auto judged = [](double percent, double fine, double poor) {
    return percent <= fine ? "good" : percent >= poor ? "bad" : "";
  };
  return tile(fmt::format("{:.0f}", summary.counts.requests), "requests") +
         tile(fmt::format("{:.2g}&nbsp;%", summary.failed_percent), "failed",
              judged(summary.failed_percent, 0.1, 1)) +
         tile(fmt::format("{:.2g}&nbsp;%", summary.late_percent), "later than the objective",
              judged(summary.late_percent, 1, 5)) +
         tile(fmt::format("{:.0f} ms", summary.p95_ms), "p95") +
         tile(fmt::format("{:.2f}", summary.mean_tasks), "tasks on average") +
         tile(fmt::format("{:.2f} USD", summary.cost), "Fargate") +
         tile(fmt::format("{} / {}", summary.scale_outs, summary.scale_ins), "scaled out / in") +
         tile(fmt::format("{:.1f} %", summary.at_maximum_percent), "of the time at the maximum",
              judged(summary.at_maximum_percent, 5, 20));
}

std::string row(std::string_view name, const std::string& value) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>", name, html_text(value));
}

std::string elasticity_row(std::string_view name, const Elasticity& of) {
  return row(name, fmt::format("a_U {:.1f}, a_O {:.1f}, t_U {:.1f}, t_O {:.1f}, k {:.1f}, jitter {:+.2f}/h, "
                               "sigma {:.1f}",
                               of.under_accuracy, of.over_accuracy, of.under_time, of.over_time,
                               of.instability, of.jitter, of.deviation));
}

std::string figures(const Summary& summary, const ReportFacts& facts) {
  const auto& counts = summary.counts;
  const auto slow = std::count_if(summary.reactions.begin(), summary.reactions.end(),
                                  [](const Reaction& one) { return one.full_s < 0 || one.full_s > 600; });
  return "<table>" +
         row("Failed",
             fmt::format("{:.0f} of {:.0f}: 502 {:.0f}, 503 {:.0f}, 504 {:.0f}", counts.failed(),
                         counts.requests, counts.failed_502, counts.failed_503, counts.failed_504)) +
         row("Later than " + fmt::format("{:.0f} ms", facts.objective_ms),
             fmt::format("{:.0f} ({:.3g} %)", counts.late, summary.late_percent)) +
         row("Response time", fmt::format("mean {:.1f} ms, p50 {:.1f}, p95 {:.1f}, p99 {:.1f}",
                                          summary.mean_ms, summary.p50_ms, summary.p95_ms, summary.p99_ms)) +
         row("Tasks", fmt::format("{:.2f} on average, {} at most; CPU {:.1f} % on average",
                                  summary.mean_tasks, summary.most_tasks, summary.mean_cpu)) +
         row("Cost", fmt::format("{:.1f} task-hours, {:.2f} USD", summary.task_hours, summary.cost)) +
         row("Scaling", fmt::format("{} actions, {} reversals, {} times not scaled", summary.actions,
                                    summary.reversals, summary.not_scaled)) +
         row("Load steps", fmt::format("{}; {} took more than ten minutes until all tasks were there",
                                       summary.reactions.size(), slow)) +
         elasticity_row("Elasticity against the target", summary.by_target) +
         elasticity_row("Elasticity against the objective", summary.by_objective) +
         row("Made up", facts.made_up.empty() ? "nothing" : join(facts.made_up, "; ")) + "</table>";
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string script_json(const json::value& document) {
  std::string out;
  for (const char c : json::serialize(document)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string report_html(const Timeline& timeline, const Summary& summary, const ReportFacts& facts) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\">";
  out += fmt::format("<title>{}: {}</title><style>{}</style></head><body>\n", html_text(timeline.service),
                     html_text(facts.trace), page::style);
  out += fmt::format("<h1>{}</h1>\n", html_text(summary.verdict));
  out += fmt::format(
      "<p class=\"where\"><b>{}</b> ({} vCPU, {} MiB, {} to {} tasks) under <b>{}</b> &middot; world "
      "<b>{}</b> &middot; tier {} &middot; seed {}</p>\n",
      html_text(timeline.service), timeline.task_vcpu, timeline.task_memory_mib, timeline.minimum,
      timeline.maximum, html_text(facts.trace), html_text(facts.world), html_text(facts.tier), facts.seed);
  out += "<div class=\"tiles\">" + tiles(summary) + "</div>\n";
  out += "<details><summary>All figures and what was made up</summary>" + figures(summary, facts) +
         "</details>\n";
  out +=
      "<div id=\"plots\"><div id=\"tip\"></div></div>\n"
      "<noscript>The plots are drawn by a script of this page, which is switched off.</noscript>"
      "<p class=\"hint\">Drag to zoom, double click for everything. Times are the run's own, UTC.</p>"
      "<h2>What happened</h2><table><tbody id=\"events\"></tbody></table>\n";
  out += "<script type=\"application/json\" id=\"data\">" + script_json(data_of(timeline, facts)) +
         "</script>\n<script>";
  out += page::script;
  out += "</script></body></html>\n";
  return out;
}

}  // namespace berth::study
