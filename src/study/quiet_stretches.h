// QuietStretches: finds the minutes of a run that need not be played, because nothing in the region will be
// decided in them: the traffic stays as it is, every metric has been level for longer than any rule looks
// back, no row has changed for a while, no cooldown runs, and no deadline falls into them. It decides that
// much; SimulatedRegion::skip() goes there.
#pragma once

#include <cstdint>

#include "study/simulated_region.h"

namespace berth::study {

class QuietStretches {
 public:
  explicit QuietStretches(SimulatedRegion& region);
  ~QuietStretches();
  QuietStretches(const QuietStretches&) = delete;
  QuietStretches& operator=(const QuietStretches&) = delete;

  // How many minutes from now need not be played, with traffic that is level until `traffic_changes`; 0:
  // none.
  std::int64_t minutes_ahead(Time traffic_changes);
  // How far back the rules look, from any moment.
  Duration memory() const { return memory_; }

 private:
  std::int64_t minutes_until(Time when) const;
  void read_alarms();
  bool cooldown_runs() const;
  Time next_deadline(Time latest) const;

  SimulatedRegion& region_;
  int watch_ = 0;
  Time traffic_changes_{};
  Time last_change_{};  // of a row or of the traffic
  bool rows_changed_ = true;
  Duration memory_{};
  // After a change of rows among level metrics, whatever acts on it does so within this time, or has set a
  // deadline.
  Duration settling_{};
};

}  // namespace berth::study
