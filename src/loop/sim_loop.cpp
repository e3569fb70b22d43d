#include "loop/sim_loop.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace berth {

std::uint64_t stream_seed(std::uint64_t seed, std::string_view purpose) {
  std::uint64_t hash = 0xcbf29ce484222325ull ^ seed;  // FNV-1a
  for (const char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

std::int64_t SimLoop::steady_us_of(Time when) const {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>((when - start_).us) / scale_));
}

TimerId SimLoop::add(std::int64_t steady_us, Callback callback) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    BERTH_CHECK(slots_.size() < (std::size_t{1} << slot_bits));
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  const TimerId id = ++last_sequence_ << slot_bits | slot;
  const std::int64_t due_us = std::max(steady_us, steady_.us);
  slots_[slot] = {id, std::move(callback), steady_.us, due_us};
  due_.push({due_us, id});
  return id;
}

// Empty when the timer is unknown or was cancelled.
Callback SimLoop::release(TimerId timer) {
  const std::size_t slot = timer & ((TimerId{1} << slot_bits) - 1);
  if (timer == no_timer || slot >= slots_.size() || slots_[slot].id != timer) return {};
  slots_[slot].id = no_timer;
  free_slots_.push_back(static_cast<std::uint32_t>(slot));
  return std::exchange(slots_[slot].callback, nullptr);
}

TimerId SimLoop::at(Time when, Callback callback) {
  return add(steady_us_of(when), std::move(callback));
}

TimerId SimLoop::after_real(RealDuration delay, Callback callback) {
  return add(steady_.us + delay.us, std::move(callback));
}

void SimLoop::cancel(TimerId timer) {
  release(timer);
}

void SimLoop::post(Callback callback) {
  add(steady_.us, std::move(callback));
}

void SimLoop::offload(Callback work, Callback done) {
  post([work = std::move(work), done = std::move(done)] {
    work();
    done();
  });
}

Rng& SimLoop::rng(std::string_view purpose) {
  auto found = streams_.find(purpose);
  if (found == streams_.end()) {
    found = streams_.emplace(std::string(purpose), Rng(stream_seed(seed_, purpose))).first;
  }
  return found->second;
}

bool SimLoop::run_one(Time when) {
  while (!due_.empty() && due_.top().steady_us <= steady_us_of(when)) {
    const Due next = due_.top();
    due_.pop();
    const Callback callback = release(next.id);
    if (!callback) continue;
    steady_.us = std::max(steady_.us, next.steady_us);
    callback();
    return true;
  }
  return false;
}

void SimLoop::run_until(Time when) {
  while (run_one(when)) continue;
  steady_.us = std::max(steady_.us, steady_us_of(when));
}

std::optional<Time> SimLoop::next_set_ahead(Duration ahead) const {
  std::optional<std::int64_t> next_us;
  for (const Slot& slot : slots_) {
    if (slot.id == no_timer || scaled(slot.due_us - slot.set_us) < ahead.us) continue;
    next_us = std::min(next_us.value_or(slot.due_us), slot.due_us);
  }
  if (!next_us) return std::nullopt;
  return start_ + Duration{scaled(*next_us)};
}

}  // namespace berth
