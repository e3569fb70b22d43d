#include "study/recorder.h"

#include <algorithm>

#include "region/scaling_settings.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"
#include "services/ecs/service_view.h"
#include "services/elbv2/rows.h"

namespace berth::study {
namespace {

constexpr double shortest_bill_s = 60;      // AWS: Fargate bills a minute at least
constexpr std::size_t cpu_fill_limit = 15;  // minutes after which a missing point counts as none

std::string state_in(const json::value& data, std::string_view which, std::string_view member) {
  const auto* state = find(data, which);
  return state ? string_or(*state, member) : "";
}

}  // namespace

Recorder::Recorder(SimulatedRegion& region, const ecs::ServiceRow& service, Time origin)
    : region_(region),
      service_key_(service.key()),
      target_group_(
          service.load_balancers.empty() ? "" : service.load_balancers.front().target_group_arn.value_or("")),
      cpu_{"AWS/ECS", "CPUUtilization", {{"ClusterName", service.cluster}, {"ServiceName", service.name}}},
      origin_(origin) {
  timeline_.start_unix_s = static_cast<double>(unix_seconds(origin));
  timeline_.time_scale = region.loop().time_scale();
  timeline_.service = service.name;
  watch_ = region_.store().watch([this](const Changes& changes) {
    if (changes.touched<ecs::TaskRow, ecs::ServiceRow>()) tasks_changed_ = true;
    if (changes.touched<cloudwatch::AlarmHistoryRow>()) history_changed_ = true;
    if (changes.touched<elbv2::TargetRow>()) targets_changed_ = true;
  });
}

Recorder::~Recorder() {
  region_.store().stop_watching(watch_);
}

void Recorder::close_minute(const sim::TrafficMinute& traffic, double offered_vcpu) {
  if (tasks_changed_) look_at_tasks();
  if (history_changed_) look_at_history();
  if (targets_changed_) {
    counts_.healthy = 0;
    for (const auto& [key, target] : region_.store().all<elbv2::TargetRow>()) {
      if (target.target_group_arn == target_group_ && target.state == "healthy") ++counts_.healthy;
    }
    targets_changed_ = false;
  }
  MinuteSeen minute = counts_;
  minute.traffic = traffic;
  minute.offered_vcpu = offered_vcpu;
  timeline_.minutes.push_back(minute);
  fill_cpu();
}

void Recorder::repeat_minute(std::int64_t times) {
  auto& minutes = timeline_.minutes;
  minutes.insert(minutes.end(), static_cast<std::size_t>(times), MinuteSeen(minutes.back()));
  // Some points are still on their way; they are as the newest one.
  if (next_without_cpu_ == 0) return;
  const auto cpu = minutes[next_without_cpu_ - 1].cpu;
  while (next_without_cpu_ < minutes.size()) minutes[next_without_cpu_++].cpu = cpu;
}

void Recorder::look_at_tasks() {
  tasks_changed_ = false;
  const auto* service = region_.store().find<ecs::ServiceRow>(service_key_);
  if (!service) return;
  const auto counts = ecs::service_counts(region_.store(), *service);
  counts_.desired = service->desired_count;
  counts_.running = counts.running;
  counts_.pending = counts.pending;
  for (const auto& [id, task] : region_.store().all<ecs::TaskRow>()) {
    if (task.cluster + "/" + task.service != service_key_) continue;
    timeline_.task_vcpu = task.cpu_vcpu;
    timeline_.task_memory_mib = task.memory_mib;
    auto& bill = bills_[id];
    bill.from = task.pull_started_at.value_or(task.created_at);
    if (task.stopped_at) bill.to = task.stopped_at;
  }
}

void Recorder::look_at_history() {
  history_changed_ = false;
  const auto& rows = region_.store().all<cloudwatch::AlarmHistoryRow>();
  for (auto row = rows.upper_bound(last_history_key_); row != rows.end(); ++row) {
    last_history_key_ = row->first;
    if (row->second.type != "StateUpdate") continue;
    json::value data;
    JsonError error;
    if (!parse_json(row->second.data, data, error)) continue;
    timeline_.alarm_changes.push_back(
        {seconds(row->second.time), row->second.alarm, state_in(data, "oldState", "stateValue"),
         state_in(data, "newState", "stateValue"), state_in(data, "newState", "stateReason")});
  }
}

// Points come some minutes after their time; those that are not there after a quarter of an hour never come.
void Recorder::fill_cpu() {
  while (next_without_cpu_ < timeline_.minutes.size()) {
    const Time start = origin_ + Duration::minutes(1) * static_cast<std::int64_t>(next_without_cpu_);
    auto& cpu = timeline_.minutes[next_without_cpu_].cpu;
    region_.metrics().query_sets(
        cpu_, start, start + Duration::minutes(1), Duration::minutes(1), {},
        [&cpu](Time, const control::StatisticSet& set) { cpu = set.sum / set.sample_count; });
    if (!cpu && timeline_.minutes.size() - next_without_cpu_ < cpu_fill_limit) return;
    ++next_without_cpu_;
  }
}

void Recorder::describe_policies() {
  auto settings = scaling_settings(region_.store(), service_key_);
  timeline_.minimum = settings.minimum;
  timeline_.maximum = settings.maximum;
  timeline_.policies = std::move(settings.policies);
}

void Recorder::add_activities() {
  for (const auto& [key, row] : region_.store().all<autoscaling::ScalingActivityRow>()) {
    const auto& activity = row.description;
    if (autoscaling::service_key(activity.resource_id.value_or("")) != service_key_) continue;
    ActivitySeen seen{.at_s = seconds(activity.start_time.value_or(origin_)),
                      .description = activity.description.value_or(""),
                      .cause = activity.cause.value_or(""),
                      .status = activity.status_code.value_or(""),
                      .message = activity.status_message.value_or(""),
                      .ordered = row.ordered,
                      .explanation = row.explanation};
    if (activity.end_time) seen.end_s = seconds(*activity.end_time);
    if (activity.not_scaled_reasons && !activity.not_scaled_reasons->empty()) {
      seen.not_scaled = activity.not_scaled_reasons->front().code.value_or("");
    }
    timeline_.activities.push_back(std::move(seen));
  }
}

void Recorder::add_mails() {
  for (const auto& mail : region_.mails()) {
    timeline_.mails.push_back({seconds(mail.time), mail.to, mail.subject});
  }
}

double Recorder::billed_seconds() const {
  const Time end = origin_ + Duration::minutes(1) * static_cast<std::int64_t>(timeline_.minutes.size());
  double sum = 0;
  for (const auto& [id, bill] : bills_) {
    const Time from = std::max(bill.from, origin_);
    const Time to = std::min(bill.to.value_or(end), end);
    if (to > from) sum += std::max(shortest_bill_s, (to - from).in_seconds());
  }
  return sum;
}

Timeline Recorder::finish(const sim::TrafficLedger& ledger) {
  look_at_tasks();
  look_at_history();
  fill_cpu();
  describe_policies();
  add_activities();
  add_mails();
  timeline_.total = ledger.total();
  timeline_.times = ledger.all_times();
  timeline_.task_seconds = billed_seconds();
  return std::move(timeline_);
}

}  // namespace berth::study
