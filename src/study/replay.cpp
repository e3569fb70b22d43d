#include "study/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "loop/sim_loop.h"
#include "reconcile/alarm_evaluator.h"
#include "reconcile/scaling.h"
#include "region/services.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/rows.h"
#include "services/ecs/rows.h"
#include "store/row_codec.h"

namespace berth::study {
namespace {

using autoscaling::ScalableTargetRow;
using autoscaling::ScalingActivityRow;
using autoscaling::ScalingPolicyRow;
using cloudwatch::AlarmHistoryRow;
using cloudwatch::AlarmRow;

// A live timer fires late, never early; an alarm is looked at again after a minute.
constexpr Duration one_evaluation = Duration::minutes(1);
// Time stamps are taken one after another while the daemon writes one decision.
constexpr Duration clock_grain = Duration::ms(1);
constexpr Duration lateness_most = Duration::ms(500);

std::int64_t integer(const json::value& from, std::string_view name) {
  const auto* found = find(from, name);
  return found && found->is_number() ? found->to_number<std::int64_t>() : 0;
}

template <class Row>
Row row_in(const json::value& entry) {
  Row row;
  if (const auto* found = find(entry, "row")) row_codec::read(*found, row);
  return row;
}

std::string words_for_activity(const ScalingActivityRow& row) {
  if (row.ordered) return fmt::format("desired count {}", *row.ordered);
  const auto& reasons = row.description.not_scaled_reasons;
  return "not scaled: " + (reasons && !reasons->empty() ? reasons->front().code.value_or("") : "");
}

std::string words_for_change(const std::string& alarm, const json::value& states) {
  return fmt::format("alarm {} {} -> {}", alarm, string_or(states, "oldState"),
                     string_or(states, "newState"));
}

json::value states_of(const AlarmHistoryRow& row) {
  json::value data;
  JsonError error;
  json::object states;
  if (!parse_json(row.data, data, error)) return states;
  for (const char* which : {"oldState", "newState"}) {
    const auto* state = find(data, which);
    states[which] = state ? string_or(*state, "stateValue") : "";
  }
  return states;
}

class Replay {
 public:
  Result<ReplayResult> run(std::string_view record) {
    if (auto read = parse(record); !read) return read.error();
    SimLoop loop(result_.begins, 1);
    loop_ = &loop;
    add_all_tables(store_);
    reconcile::Scaling scaling(store_, loop);
    reconcile::AlarmEvaluator alarms(store_, loop, settings_, metrics_, scaling);
    std::size_t next = 0;
    while (next < entries_.size() && time_of(entries_[next]) <= result_.begins) next = apply_moment(next);
    scaling.start();
    alarms.start();
    loop.run_ready();
    while (next < entries_.size()) {
      // What is due at the very moment comes before the news of it.
      run_until(time_of(entries_[next]));
      next = apply_moment(next);
      loop.run_ready();
    }
    run_until(ends_);
    gather();
    compare();
    return std::move(result_);
  }

 private:
  static Time time_of(const json::value& entry) { return Time{integer(entry, "time_us")}; }

  Result<> parse(std::string_view record) {
    std::size_t number = 0;
    for (const auto& line : split(record, '\n')) {
      ++number;
      if (trim(line).empty()) continue;
      json::value entry;
      JsonError error;
      if (!parse_json(line, entry, error))
        return Error{"RecordError", fmt::format("line {}: {}", number, error.message)};
      if (auto taken = take(std::move(entry), number); !taken) return taken;
    }
    if (result_.service.empty()) return Error{"RecordError", "this is no record of berth record"};
    std::stable_sort(result_.recorded.begin(), result_.recorded.end(),
                     [](const Decision& a, const Decision& b) { return a.time < b.time; });
    return {};
  }

  Result<> take(json::value entry, std::size_t number) {
    const auto kind = string_or(entry, "kind");
    if (kind == "record") {
      result_.service = string_or(entry, "service");
      result_.begins = time_of(entry);
      const auto* scale = find(entry, "time_scale");
      result_.time_scale = scale && scale->is_number() ? scale->to_number<double>() : 1;
      ends_ = Time{integer(entry, "ends_us")};
      settings_.account = string_or(entry, "account");
      settings_.region = string_or(entry, "region");
    } else if (kind == "alarm_change") {
      const auto* states = find(entry, "states");
      result_.recorded.push_back(
          {time_of(entry), words_for_change(string_or(entry, "alarm"), states ? *states : json::value())});
    } else if (kind == "activity") {
      result_.recorded.push_back({time_of(entry), words_for_activity(row_in<ScalingActivityRow>(entry))});
    } else if (kind == "point" || kind == "row" || kind == "task" || kind == "service") {
      entries_.push_back(std::move(entry));
    } else {
      return Error{"RecordError", fmt::format("line {}: unknown kind {}", number, kind)};
    }
    return {};
  }

  // The live daemon decides some milliseconds after the moment, and a cooldown may end within them: what was due
  // shortly before a recorded decision is run as late as it was.
  void run_until(Time when) {
    const auto& recorded = result_.recorded;
    for (; decided_ < recorded.size() && recorded[decided_].time <= when; ++decided_) {
      loop_->run_until(std::max(loop_->now(), recorded[decided_].time - lateness_most));
      loop_->sleep_until(recorded[decided_].time);
      loop_->run_ready();
    }
    loop_->run_until(when);
  }

  // Applies the entry and those of the same commit behind it.
  std::size_t apply_moment(std::size_t next) {
    const Time time = time_of(entries_[next]);
    (void)store_.transact([&]() -> Result<> {
      for (; next < entries_.size() && time_of(entries_[next]) - time <= clock_grain; ++next)
        apply(entries_[next]);
      return {};
    });
    return next;
  }

  void apply(const json::value& entry) {
    const auto kind = string_or(entry, "kind");
    if (kind == "point") return put_point(entry);
    if (kind == "task") return put_task(entry);
    if (kind == "service") return put_service(entry);
    const auto table = string_or(entry, "table"), key = string_or(entry, "key");
    const auto* row = find(entry, "row");
    const bool deleted = !row || row->is_null();
    if (table == ScalableTargetRow::table) {
      deleted ? (void)store_.erase<ScalableTargetRow>(key) : store_.put(row_in<ScalableTargetRow>(entry));
    } else if (table == ScalingPolicyRow::table) {
      deleted ? (void)store_.erase<ScalingPolicyRow>(key) : put_policy(row_in<ScalingPolicyRow>(entry));
    } else if (table == AlarmRow::table) {
      deleted ? (void)store_.erase<AlarmRow>(key) : put_alarm(row_in<AlarmRow>(entry));
    }
  }

  // A change of configuration leaves what the replay has come to itself.
  void put_policy(ScalingPolicyRow row) {
    if (const auto* known = store_.find<ScalingPolicyRow>(row.key())) {
      row.cooldown = known->cooldown;
      row.last_order = known->last_order;
      row.last_not_scaled = known->last_not_scaled;
    }
    store_.put(std::move(row));
  }

  void put_alarm(AlarmRow row) {
    alarms_.insert(row.name);
    const auto* known = store_.find<AlarmRow>(row.name);
    if (known && known->metric && row.metric) {
      row.metric->state_value = known->metric->state_value;
      row.metric->state_reason = known->metric->state_reason;
      row.metric->state_reason_data = known->metric->state_reason_data;
      row.metric->state_updated_timestamp = known->metric->state_updated_timestamp;
      row.metric->state_transitioned_timestamp = known->metric->state_transitioned_timestamp;
    }
    store_.put(std::move(row));
  }

  void put_service(const json::value& entry) {
    auto row = row_in<ecs::ServiceRow>(entry);
    const auto* by_policy = find(entry, "by_policy");
    const auto* known = store_.find<ecs::ServiceRow>(row.key());
    if (known && by_policy && by_policy->is_bool() && by_policy->get_bool()) {
      row.desired_count = known->desired_count;
      if (!row.deployments.empty()) row.deployments.front().desired_count = known->desired_count;
    }
    store_.put(std::move(row));
  }

  void put_task(const json::value& entry) {
    ecs::TaskRow row;
    row.id = string_or(entry, "id");
    const auto slash = result_.service.find('/');
    row.cluster = result_.service.substr(0, slash);
    row.service = result_.service.substr(slash + 1);
    row.deployment = string_or(entry, "deployment");
    row.last_status = string_or(entry, "last_status");
    row.desired_status = string_or(entry, "desired_status");
    store_.put(std::move(row));
  }

  void put_point(const json::value& entry) {
    cloudwatch::MetricId id{string_or(entry, "namespace"), string_or(entry, "name"), {}};
    if (const auto* dimensions = find(entry, "dimensions")) row_codec::read(*dimensions, id.dimensions);
    std::vector<double> set;
    std::vector<std::vector<double>> values;
    if (const auto* found = find(entry, "set")) row_codec::read(*found, set);
    if (const auto* found = find(entry, "values")) row_codec::read(*found, values);
    if (set.size() != 4) return;
    cloudwatch::MetricValues put{{set[0], set[1], set[2], set[3]}, {}};
    for (const auto& value : values) {
      if (value.size() == 2) put.values.push_back({value[0], value[1]});
    }
    const auto* fine = find(entry, "high_resolution");
    metrics_.put(id, string_or(entry, "unit"), Time{integer(entry, "at_us")}, put,
                 fine && fine->is_bool() && fine->get_bool());
  }

  void gather() {
    for (const auto& [key, row] : store_.all<AlarmHistoryRow>()) {
      if (row.type == "StateUpdate" && alarms_.contains(row.alarm))
        result_.replayed.push_back({row.time, words_for_change(row.alarm, states_of(row))});
    }
    for (const auto& [key, row] : store_.all<ScalingActivityRow>())
      result_.replayed.push_back({*row.description.start_time, words_for_activity(row)});
    std::stable_sort(result_.replayed.begin(), result_.replayed.end(),
                     [](const Decision& a, const Decision& b) { return a.time < b.time; });
  }

  void compare() {
    const auto& recorded = result_.recorded;
    const auto& replayed = result_.replayed;
    const std::size_t common = std::min(recorded.size(), replayed.size());
    for (std::size_t i = 0; i < common; ++i) {
      const Duration late = recorded[i].time - replayed[i].time;
      if (recorded[i].what != replayed[i].what || late < Duration{} - clock_grain || late >= one_evaluation) {
        result_.first_difference = i;
        return;
      }
    }
    if (recorded.size() != replayed.size()) result_.first_difference = common;
  }

  ReplayResult result_;
  Time ends_{};
  std::vector<json::value> entries_;
  std::set<std::string> alarms_;
  Settings settings_;
  Store store_;
  cloudwatch::MetricStore metrics_;
  SimLoop* loop_ = nullptr;
  std::size_t decided_ = 0;  // of the recorded decisions
};

}  // namespace

Result<ReplayResult> replay(std::string_view record) {
  return Replay().run(record);
}

}  // namespace berth::study
