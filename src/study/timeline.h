// Timeline: what one run showed, by the minute and by the event: the document that reports, explanations and
// comparisons are made of. Times are seconds since the traffic began; what came before that has negative
// ones.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "region/scaling_settings.h"
#include "sim/traffic_ledger.h"

namespace berth::study {

struct MinuteSeen {
  int desired = 0;
  int pending = 0;
  int running = 0;
  int healthy = 0;            // targets that may get requests
  std::optional<double> cpu;  // the service's CPUUtilization of this minute, as published
  double offered_vcpu = 0;    // CPU that the minute's requests ask for
  sim::TrafficMinute traffic;
};

struct AlarmChange {
  double at_s = 0;
  std::string alarm, from, to, reason;
};

struct ActivitySeen {
  double at_s = 0;
  std::optional<double> end_s;
  std::string description, cause, status, message;
  std::optional<int> ordered;
  std::string explanation;
  std::string not_scaled;  // a not-scaled reason's code; empty: the count was set
};

struct MailSeen {
  double at_s = 0;
  std::string to, subject;
};

struct Timeline {
  double start_unix_s = 0;  // of the traffic, on the run's own calendar
  double time_scale = 1;    // requests come in real time, all other times here are of berth's clock
  std::string service;
  double task_vcpu = 0;
  int task_memory_mib = 0;
  int minimum = 0;
  int maximum = 0;
  std::vector<PolicySetting> policies;
  std::vector<MinuteSeen> minutes;
  std::vector<AlarmChange> alarm_changes;
  std::vector<ActivitySeen> activities;
  std::vector<MailSeen> mails;
  sim::TrafficCounts total;
  sim::ResponseTimes times;
  double task_seconds = 0;  // as Fargate bills: from the pull to the end, a minute at least
};

}  // namespace berth::study
