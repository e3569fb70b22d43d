#include "study/result_json.h"

#include <cmath>

#include "base/digest.h"

namespace berth::study {
namespace {

// Enough digits to read, few enough to keep the file small.
double rounded(double value, double digits = 1000) {
  return std::round(value * digits) / digits;
}

json::value or_null(const std::optional<double>& value, double digits = 1000) {
  return value ? json::value(rounded(*value, digits)) : json::value(nullptr);
}

json::object minute_json(const MinuteSeen& minute, std::size_t index, double time_scale) {
  const auto& counts = minute.traffic.counts;
  return {{"minute", index},
          {"desired", minute.desired},
          {"pending", minute.pending},
          {"running", minute.running},
          {"healthy", minute.healthy},
          {"cpu", or_null(minute.cpu)},
          {"offered_vcpu", rounded(minute.offered_vcpu, 1e6)},
          {"rps", rounded(counts.requests * time_scale / 60)},
          {"p50_ms", rounded(minute.traffic.p50_ms, 100)},
          {"p95_ms", rounded(minute.traffic.p95_ms, 100)},
          {"p99_ms", rounded(minute.traffic.p99_ms, 100)},
          {"late", rounded(counts.late)},
          {"e502", rounded(counts.failed_502)},
          {"e503", rounded(counts.failed_503)},
          {"e504", rounded(counts.failed_504)}};
}

json::object activity_json(const ActivitySeen& activity) {
  return {{"at_s", rounded(activity.at_s)},
          {"end_s", or_null(activity.end_s)},
          {"status", activity.status},
          {"description", activity.description},
          {"cause", activity.cause},
          {"message", activity.message},
          {"ordered", activity.ordered ? json::value(*activity.ordered) : json::value(nullptr)},
          {"not_scaled", activity.not_scaled},
          {"explanation", activity.explanation}};
}

json::object elasticity_json(const Elasticity& elasticity) {
  return {{"under_accuracy_percent", rounded(elasticity.under_accuracy)},
          {"over_accuracy_percent", rounded(elasticity.over_accuracy)},
          {"under_time_percent", rounded(elasticity.under_time)},
          {"over_time_percent", rounded(elasticity.over_time)},
          {"instability_percent", rounded(elasticity.instability)},
          {"jitter_per_hour", rounded(elasticity.jitter)},
          {"deviation", rounded(elasticity.deviation)}};
}

}  // namespace

json::object timeline_json(const Timeline& timeline) {
  json::array minutes, changes, activities, mails, policies;
  minutes.reserve(timeline.minutes.size());
  for (std::size_t i = 0; i < timeline.minutes.size(); ++i)
    minutes.push_back(minute_json(timeline.minutes[i], i, timeline.time_scale));
  for (const auto& change : timeline.alarm_changes) {
    changes.push_back({{"at_s", rounded(change.at_s)},
                       {"alarm", change.alarm},
                       {"from", change.from},
                       {"to", change.to},
                       {"reason", change.reason}});
  }
  for (const auto& activity : timeline.activities) activities.push_back(activity_json(activity));
  for (const auto& mail : timeline.mails) {
    mails.push_back({{"at_s", rounded(mail.at_s)}, {"to", mail.to}, {"subject", mail.subject}});
  }
  for (const auto& policy : timeline.policies) policies.push_back(policy_json(policy));
  return {{"start_unix_s", timeline.start_unix_s},
          {"time_scale", timeline.time_scale},
          {"service", timeline.service},
          {"task_vcpu", timeline.task_vcpu},
          {"task_memory_mib", timeline.task_memory_mib},
          {"minimum", timeline.minimum},
          {"maximum", timeline.maximum},
          {"policies", std::move(policies)},
          {"minutes", std::move(minutes)},
          {"alarm_transitions", std::move(changes)},
          {"activities", std::move(activities)},
          {"mails", std::move(mails)},
          {"task_seconds", rounded(timeline.task_seconds)}};
}

std::string timeline_sha256(const json::object& timeline) {
  return hex(sha256(json::serialize(timeline)));
}

json::object summary_json(const Summary& summary) {
  json::array reactions;
  for (const auto& reaction : summary.reactions) {
    reactions.push_back({{"at_s", reaction.at_s},
                         {"from", reaction.from},
                         {"wanted", reaction.wanted},
                         {"first_s", reaction.first_s},
                         {"full_s", reaction.full_s}});
  }
  return {{"verdict", summary.verdict},
          {"requests", rounded(summary.counts.requests)},
          {"failed_502", rounded(summary.counts.failed_502)},
          {"failed_503", rounded(summary.counts.failed_503)},
          {"failed_504", rounded(summary.counts.failed_504)},
          {"failed_percent", rounded(summary.failed_percent, 1e5)},
          {"late_percent", rounded(summary.late_percent, 1e5)},
          {"busy_calls", rounded(summary.counts.busy_calls)},
          {"mean_ms", rounded(summary.mean_ms)},
          {"p50_ms", rounded(summary.p50_ms)},
          {"p95_ms", rounded(summary.p95_ms)},
          {"p99_ms", rounded(summary.p99_ms)},
          {"task_hours", rounded(summary.task_hours)},
          {"cost_usd", rounded(summary.cost, 1e4)},
          {"mean_tasks", rounded(summary.mean_tasks)},
          {"most_tasks", summary.most_tasks},
          {"mean_cpu_percent", rounded(summary.mean_cpu)},
          {"actions", summary.actions},
          {"scale_outs", summary.scale_outs},
          {"scale_ins", summary.scale_ins},
          {"reversals", summary.reversals},
          {"not_scaled", summary.not_scaled},
          {"at_maximum_percent", rounded(summary.at_maximum_percent)},
          {"reactions", std::move(reactions)},
          {"elasticity_by_target", elasticity_json(summary.by_target)},
          {"elasticity_by_objective", elasticity_json(summary.by_objective)}};
}

}  // namespace berth::study
