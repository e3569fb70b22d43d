// Answers to waiters that are held back until the store changes and the read gives an answer worth sending,
// for a bounded time and in bounded number. It knows no operation: `try_answer` re-runs the read.
#pragma once

#include <functional>
#include <map>

#include "loop/loop.h"
#include "store/store.h"

namespace berth::gateway {

class HeldWaiters {
 public:
  // Answers and returns true, or returns false to be held on; `must` leaves no choice.
  using TryAnswer = std::function<bool(bool must)>;

  HeldWaiters(Loop& loop, Store& store);
  // Answers nobody: release_all() comes first where that matters.
  ~HeldWaiters();
  HeldWaiters(const HeldWaiters&) = delete;
  HeldWaiters& operator=(const HeldWaiters&) = delete;

  bool has_room() const;
  void hold(TryAnswer try_answer);
  void release_all();
  std::size_t size() const { return held_.size(); }

 private:
  struct Held {
    TryAnswer try_answer;
    TimerId deadline = no_timer;
  };

  void retry_soon();
  void retry();

  Loop& loop_;
  Store& store_;
  int watch_;
  TimerId retry_timer_ = no_timer;
  int last_id_ = 0;
  std::map<int, Held> held_;
};

}  // namespace berth::gateway
