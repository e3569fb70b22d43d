#include "reconcile/notifications.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "services/sns/delivery_policy.h"

namespace berth::reconcile {
namespace {

// One mail after the other, so that an alarm's OK does not overtake its ALARM.
constexpr int mails_in_flight_max = 1;
constexpr std::size_t in_flight_max = 8;
constexpr std::size_t undeliverable_kept_max = 100;
constexpr RealDuration longest_sleep = RealDuration::seconds(3600);
constexpr const char* http_refused = "HttpRefused";

// SNS takes every other 4xx for an answer that another attempt would not change.
Result<> outcome_of(const Result<int>& status) {
  if (!status) return status.error();
  if (*status >= 200 && *status < 300) return {};
  const std::string text = fmt::format("The endpoint answered {}", *status);
  const bool permanent = *status >= 400 && *status < 500 && *status != 429;
  return Error{permanent ? http_refused : "HttpFailed", text};
}

bool is_permanent(const Error& error) {
  return error.code == world::mail_refused || error.code == http_refused;
}

// A clock that was set back must not hold a delivery: what seems further away than any wait between attempts
// is due.
Time due_time(const sns::DeliveryRow& row, Time real_now) {
  const auto longest = Duration{sns::delivery_policy(row.protocol).delay_max.us};
  return row.next_attempt > real_now + longest ? real_now : row.next_attempt;
}

void keep_few_undeliverable(Store& store) {
  std::vector<std::string> kept;
  for (const auto& [key, row] : store.all<sns::DeliveryRow>()) {
    if (row.gave_up_at) kept.push_back(key);
  }
  for (std::size_t i = 0; i + undeliverable_kept_max < kept.size(); ++i)
    store.erase<sns::DeliveryRow>(kept[i]);
}

}  // namespace

Notifications::Notifications(Store& store, Loop& loop, world::Mailer& mailer, world::WebPoster& poster)
    : store_(store), loop_(loop), mailer_(mailer), poster_(poster) {}

Notifications::~Notifications() {
  store_.stop_watching(watch_);
  loop_.cancel(timer_);
}

template <class Method>
auto Notifications::guarded(Method method) {
  return [self = std::weak_ptr(self_), method = std::move(method)](auto&&... arguments) {
    if (const auto alive = self.lock()) method(**alive, std::forward<decltype(arguments)>(arguments)...);
  };
}

void Notifications::start() {
  watch_ = store_.watch([this](const Changes& changes) {
    if (changes.touched<sns::DeliveryRow, sns::SubscriptionRow>()) wake();
  });
  wake();
}

void Notifications::wake() {
  if (awake_) return;
  awake_ = true;
  loop_.post(guarded([](Notifications& self) {
    self.awake_ = false;
    self.step();
  }));
}

void Notifications::step() {
  loop_.cancel(timer_);
  timer_ = no_timer;
  const auto expiry = erase_unconfirmed();
  const auto attempt = send_what_is_due();
  if (!expiry && !attempt) return;
  const Time next = !attempt ? *expiry : !expiry ? *attempt : std::min(*expiry, *attempt);
  const RealDuration wait{(next - loop_.real_now()).us};
  // The date may be changed meanwhile, so long waits are cut.
  timer_ = loop_.after_real(std::min(wait, longest_sleep), guarded([](Notifications& self) { self.step(); }));
}

std::optional<Time> Notifications::send_what_is_due() {
  const Time now = loop_.real_now();
  std::vector<sns::DeliveryRow> due;
  std::optional<Time> next;
  for (const auto& [key, row] : store_.all<sns::DeliveryRow>()) {
    if (row.gave_up_at || in_flight_.contains(row.sequence)) continue;
    const Time when = due_time(row, now);
    if (when <= now) {
      due.push_back(row);
    } else if (!next || when < *next) {
      next = when;
    }
  }
  for (const auto& row : due) {
    const bool mail = sns::is_mail(row.protocol);
    if (in_flight_.size() >= in_flight_max) break;  // finish() wakes
    if (mail && mails_in_flight_ >= mails_in_flight_max) continue;
    send(row);
  }
  return next;
}

void Notifications::send(const sns::DeliveryRow& row) {
  in_flight_.insert(row.sequence);
  if (!sns::is_mail(row.protocol)) {
    poster_.post({row.endpoint, row.headers, row.body},
                 guarded([sequence = row.sequence](Notifications& self, const Result<int>& status) {
                   self.finish(sequence, outcome_of(status));
                 }));
    return;
  }
  ++mails_in_flight_;
  world::Mail mail;
  mail.id = row.id;
  mail.from_name = row.from_name;
  mail.from_address = "no-reply@sns.amazonaws.com";
  mail.to = row.endpoint;
  mail.subject = row.subject;
  mail.body = row.body;
  mail.time = loop_.real_now();  // mail programs check it against their own clock
  mailer_.send(mail, guarded([sequence = row.sequence](Notifications& self, const Result<>& outcome) {
                 --self.mails_in_flight_;
                 self.finish(sequence, outcome);
               }));
}

void Notifications::finish(std::int64_t sequence, Result<> outcome) {
  const std::string key = sns::DeliveryRow::key_of(sequence);
  auto written = store_.transact([&]() -> Result<> {
    auto* row = store_.edit<sns::DeliveryRow>(key);
    if (!row) return {};
    if (outcome) {
      store_.erase<sns::DeliveryRow>(key);
      return {};
    }
    ++row->attempts;
    row->last_error = outcome.error().message;
    const auto delay = sns::retry_delay(sns::delivery_policy(row->protocol), row->attempts);
    if (!delay || is_permanent(outcome.error())) {
      row->gave_up_at = loop_.real_now();
      log::error("notification to {} given up after {} attempts: {}", row->endpoint, row->attempts,
                 row->last_error);
      keep_few_undeliverable(store_);
      return {};
    }
    row->next_attempt = loop_.real_now() + Duration{delay->us};
    // Said once; the row tells the rest.
    if (row->attempts == 1)
      log::warn("notification to {} failed, is tried again: {}", row->endpoint, row->last_error);
    return {};
  });
  // A store that cannot be written is said by itself; the delivery is then sent again, under the same id.
  if (!written) {
    loop_.after_real(sns::delivery_policy("email").delay_min, guarded([sequence](Notifications& self) {
                       self.in_flight_.erase(sequence);
                       self.wake();
                     }));
    return;
  }
  in_flight_.erase(sequence);
  wake();
}

std::optional<Time> Notifications::erase_unconfirmed() {
  const Time now = loop_.real_now();
  std::vector<std::string> expired;
  std::optional<Time> next;
  for (const auto& [arn, row] : store_.all<sns::SubscriptionRow>()) {
    if (row.confirmed) continue;
    if (row.token_expires_at <= now) {
      expired.push_back(arn);
    } else if (!next || row.token_expires_at < *next) {
      next = row.token_expires_at;
    }
  }
  if (expired.empty()) return next;
  // If it cannot be written, the next step tries again; handlers do not count expired ones anyway.
  static_cast<void>(store_.transact([&]() -> Result<> {
    for (const auto& arn : expired) store_.erase<sns::SubscriptionRow>(arn);
    return {};
  }));
  return next;
}

}  // namespace berth::reconcile
