// Judge: what must hold in every world. It hears of every commit, knows what people did by hand, and keeps
// accounts of its own; what it demands of a world at rest is in rest.h.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "daemon.h"
#include "services/cloudwatch/rows.h"

namespace berth::worlds {

// Every invariant has a name, and a breakage that proves it can fail (breakage.h).
namespace invariant {
inline constexpr const char* maximum = "maximum";    // tasks above what the deployment allows
inline constexpr const char* count = "count";        // a desired count that nobody ordered
inline constexpr const char* limits = "limits";      // an order outside the scalable target's limits
inline constexpr const char* cooldown = "cooldown";  // scaled in within the cooldown
inline constexpr const char* alarm = "alarm";        // a state that the datapoints do not say
inline constexpr const char* history = "history";    // transitions that it does not tell, or tells twice
inline constexpr const char* metric = "metric";      // CPU that is not what the tasks used
inline constexpr const char* mail = "mail";          // lost or doubled
inline constexpr const char* convergence = "convergence";  // not what is wanted, long after the last fault
inline constexpr const char* orphan = "orphan";            // a task that no row knows, or that ran twice
inline constexpr const char* resource = "resource";        // a stack's resource that is not there
inline constexpr const char* log = "log";                  // a line that is lost or stored twice
inline constexpr const char* stack = "stack";              // IN_PROGRESS for too long
inline constexpr const char* leftover = "leftover";        // something is left of deleted stacks
}  // namespace invariant

struct Problem {
  std::string invariant;
  std::string text;
};

class Judge {
 public:
  Judge(Machine& machine, const Engine& engine) : machine_(machine), engine_(engine) {}

  void on_commit(Daemon& daemon, const Changes& changes);

  // While people change counts and states themselves.
  bool by_hand = false;

  // The first thing that was wrong.
  const std::optional<Problem>& problem() const { return problem_; }
  // Mails that must have come, by the beginning of their subject.
  const std::map<std::string, int>& expected_mails() const { return expected_mails_; }
  // Changes of state, by the alarm's name.
  const std::map<std::string, int>& transitions() const { return transitions_; }

 private:
  void look_at_tasks(const Store& store);
  void look_for_second_starts(const Store& store);
  void look_at_count(const Store& store);
  void look_at_activities(const Store& store);
  void look_at_alarms(Daemon& daemon);
  void on_transition(Daemon& daemon, const cloudwatch::AlarmRow& alarm, const std::string& before);
  void trace_stacks(const Store& store);
  void trace_failed_resources(const Store& store);
  void fail(const char* invariant, std::string text);

  Machine& machine_;
  const Engine& engine_;
  std::map<std::string, int> starts_;        // of a task when its row first said that it runs
  std::map<std::string, int> stack_events_;  // stack -> the last one seen
  std::optional<Problem> problem_;
  std::map<std::string, int> expected_mails_;
  std::map<std::string, int> transitions_;
  int live_tasks_ = 0;
  std::optional<int> desired_;
  std::string newest_activity_;
  std::optional<int> ordered_;                  // in this commit
  std::map<std::string, Time> scaled_in_at_;    // policy -> end of its last successful scale-in
  std::map<std::string, bool> open_scale_ins_;  // activity keys
  std::map<std::string, std::string> alarm_states_;
  std::map<std::string, std::string> stack_states_;
};

// What the datapoints say of an alarm, by a reckoning that is not berth's; nullopt: they leave it as it is.
std::optional<std::string> state_by_datapoints(const cloudwatch::MetricStore& metrics,
                                               const cloudwatch::MetricAlarm& alarm, Time now);

}  // namespace berth::worlds
