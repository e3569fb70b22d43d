// ServiceHistory: what scaling decisions of this daemon's services are made from, in order and with its
// times: published points, configuration of targets, policies and alarms, tasks and services as they change.
// It is the source of `berth record`; it lives in memory, begins with the daemon, and begins anew when it is
// full.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/json.h"
#include "services/cloudwatch/metric_store.h"
#include "services/cloudwatch/rows.h"
#include "services/context.h"
#include "services/ecs/rows.h"

namespace berth {

class ServiceHistory {
 public:
  explicit ServiceHistory(Context context);
  ~ServiceHistory();
  ServiceHistory(const ServiceHistory&) = delete;
  ServiceHistory& operator=(const ServiceHistory&) = delete;

  // JSON lines, oldest first: a heading, the entries of the service (`cluster/name`), and last what was
  // decided meanwhile: changes of its alarms' states and its scaling activities.
  std::string record_of(const std::string& service_key) const;

  static constexpr std::size_t entries_max = 50'000;

 private:
  struct Entry {
    std::string service;
    std::string line;
  };

  void begin();
  void look(const Changes& changes);
  void look_at_services(bool activities_changed);
  void look_at_tasks();
  void look_at_targets();
  void look_at_policies();
  void look_at_alarms();
  void note_point(const cloudwatch::MetricId& id, const std::string& unit, Time time,
                  const cloudwatch::MetricValues& values, bool high_resolution);
  // Adds the row where it differs from what was added before under its name; `compared` leaves out what
  // changes by itself.
  void note_row(const std::string& service, const std::string& table, const std::string& key, json::value row,
                const json::value& compared);
  template <class Row>
  void note_deleted(const char* table);
  void add(const std::string& service, json::object entry);

  Context context_;
  Time begins_{};
  std::deque<Entry> entries_;
  using RowName = std::pair<std::string, std::string>;  // table, key
  struct Known {
    std::string service;
    std::string compared;
  };
  std::map<RowName, Known> known_;
  std::map<std::string, std::string> tasks_;                             // id -> its states
  std::map<cloudwatch::MetricId, std::set<std::string>> alarm_metrics_;  // -> services that have alarms on it
  std::string newest_activity_;
  int watch_ = 0;
};

}  // namespace berth
