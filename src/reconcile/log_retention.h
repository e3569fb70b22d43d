// LogRetention: erases events that are older than their group keeps them, once per berth hour, a slice at a
// time.
#pragma once

#include <memory>
#include <string>

#include "loop/loop.h"
#include "services/logs/rows.h"
#include "store/log_events.h"
#include "store/store.h"

namespace berth::reconcile {

class LogRetention {
 public:
  LogRetention(Store& store, Loop& loop, LogEvents& log_events);
  ~LogRetention();
  LogRetention(const LogRetention&) = delete;
  LogRetention& operator=(const LogRetention&) = delete;

  void start();

 private:
  void run();
  // Whether more of this group is due.
  Result<bool> erase_slice(const std::string& group);
  void settle_streams(const std::vector<LogEvent>& erased, Time cutoff);

  Store& store_;
  Loop& loop_;
  LogEvents& log_events_;
  TimerId timer_ = no_timer;
  std::shared_ptr<LogRetention*> self_ = std::make_shared<LogRetention*>(this);
};

}  // namespace berth::reconcile
