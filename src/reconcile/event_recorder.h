// EventRecorder: lets AWS's own events happen: with every commit that changes what one tells of, the rules
// that it matches are set off in the same transaction. Whatever changed it, no event is lost and none is made
// up.
#pragma once

#include "services/context.h"

namespace berth::reconcile {

class EventRecorder {
 public:
  EventRecorder(Store& store, Loop& loop, const Settings& settings);
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

 private:
  void record(const Changes& changes);

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  int amendment_ = 0;
};

}  // namespace berth::reconcile
