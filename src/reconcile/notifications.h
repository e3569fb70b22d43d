// Notifications: sends what publish() and subscribe() have queued, by mail or by HTTP, and tries again for as
// long as SNS does, across restarts. A delivery that stays undeliverable is kept as a record; one that is
// done is erased. Also lets subscriptions that nobody confirmed vanish.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "loop/loop.h"
#include "services/sns/rows.h"
#include "store/store.h"
#include "world/mailer.h"
#include "world/web_poster.h"

namespace berth::reconcile {

class Notifications {
 public:
  Notifications(Store& store, Loop& loop, world::Mailer& mailer, world::WebPoster& poster);
  ~Notifications();
  Notifications(const Notifications&) = delete;
  Notifications& operator=(const Notifications&) = delete;

  void start();

 private:
  void wake();
  void step();
  // When there is something to do next.
  std::optional<Time> send_what_is_due();
  std::optional<Time> erase_unconfirmed();
  void send(const sns::DeliveryRow& row);
  void finish(std::int64_t sequence, Result<> outcome);

  template <class Method>
  auto guarded(Method method);

  Store& store_;
  Loop& loop_;
  world::Mailer& mailer_;
  world::WebPoster& poster_;
  int watch_ = 0;
  bool awake_ = false;
  TimerId timer_ = no_timer;
  std::set<std::int64_t> in_flight_;
  int mails_in_flight_ = 0;
  // What was handed out to others (the loop, the mailer) may come back after this object is gone.
  std::shared_ptr<Notifications*> self_ = std::make_shared<Notifications*>(this);
};

}  // namespace berth::reconcile
