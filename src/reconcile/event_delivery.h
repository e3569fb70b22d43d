// EventDelivery: what follows when a rule is set off. Each of its targets gets an invocation, which becomes
// true in one transaction with its own end: a task that runs, a message that is published. One that fails is
// tried again for as long as the target's retry policy says, unless trying again would not change it.
#pragma once

#include <map>
#include <string>

#include "reconcile/table_watch.h"
#include "services/context.h"
#include "services/events/rows.h"

namespace berth::reconcile {

class EventDelivery {
 public:
  explicit EventDelivery(Context context);
  ~EventDelivery();
  EventDelivery(const EventDelivery&) = delete;
  EventDelivery& operator=(const EventDelivery&) = delete;

  void start();

 private:
  void step();
  // False: the store cannot be written.
  bool fan_out();
  bool invoke_due();
  bool invoke(const events::InvocationRow& row);
  bool note_failure(const events::InvocationRow& row, const Error& error);
  void arm();
  void retry_later();
  void count(const char* metric, const std::string& rule);

  Context context_;
  TimerId timer_ = no_timer;
  TableWatch watch_;
};

}  // namespace berth::reconcile
