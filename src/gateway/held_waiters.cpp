#include "gateway/held_waiters.h"

#include "base/limits.h"

namespace berth::gateway {
namespace {

// Commits come in bursts: a moment's patience makes one read of them.
constexpr RealDuration retry_delay = RealDuration::ms(20);

}  // namespace

HeldWaiters::HeldWaiters(Loop& loop, Store& store)
    : loop_(loop), store_(store), watch_(store.watch([this](const auto&) { retry_soon(); })) {}

HeldWaiters::~HeldWaiters() {
  store_.stop_watching(watch_);
  loop_.cancel(retry_timer_);
  for (const auto& [id, held] : held_) loop_.cancel(held.deadline);
}

bool HeldWaiters::has_room() const {
  return held_.size() < static_cast<std::size_t>(limits::held_waiters_max);
}

void HeldWaiters::hold(TryAnswer try_answer) {
  const int id = ++last_id_;
  const TimerId deadline = loop_.after_real(RealDuration::seconds(limits::held_waiter_s_max), [this, id] {
    auto expired = held_.extract(id);
    if (!expired.empty()) expired.mapped().try_answer(true);
  });
  held_[id] = {std::move(try_answer), deadline};
}

void HeldWaiters::retry_soon() {
  if (held_.empty() || retry_timer_ != no_timer) return;
  retry_timer_ = loop_.after_real(retry_delay, [this] {
    retry_timer_ = no_timer;
    retry();
  });
}

void HeldWaiters::retry() {
  for (auto next = held_.begin(); next != held_.end();) {
    const auto current = next++;
    if (!current->second.try_answer(false)) continue;
    loop_.cancel(current->second.deadline);
    held_.erase(current);
  }
}

void HeldWaiters::release_all() {
  for (auto& [id, held] : std::exchange(held_, {})) {
    loop_.cancel(held.deadline);
    held.try_answer(true);
  }
}

}  // namespace berth::gateway
