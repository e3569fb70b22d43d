// Agenda: when to look at what again, one time for each key. It keeps no timer and calls nobody.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "loop/time.h"

namespace berth::reconcile {

class Agenda {
 public:
  // nullopt: no more because of time alone.
  void set(const std::string& key, std::optional<Time> when) {
    const auto known = times_.find(key);
    if (known != times_.end()) {
      if (when == known->second) return;
      order_.erase({known->second, known->first});
      if (!when) return static_cast<void>(times_.erase(known));
      known->second = *when;
      order_.emplace(*when, known->first);
    } else if (when) {
      order_.emplace(*when, times_.emplace(key, *when).first->first);
    }
  }

  std::optional<Time> first() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }

  // Moves the keys whose time has come.
  void take_due(Time now, std::set<std::string>& out) {
    while (!order_.empty() && order_.begin()->first <= now) {
      const auto known = times_.find(order_.begin()->second);
      order_.erase(order_.begin());
      out.insert(known->first);
      times_.erase(known);
    }
  }

 private:
  std::map<std::string, Time, std::less<>> times_;
  std::set<std::pair<Time, std::string_view>> order_;  // the keys are those of times_
};

}  // namespace berth::reconcile
