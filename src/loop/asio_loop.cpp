#include "loop/asio_loop.h"

#include <time.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <cmath>

#include "loop/sim_loop.h"

namespace berth {
namespace {

std::int64_t read_clock_us(clockid_t clock) {
  timespec value{};
  clock_gettime(clock, &value);
  return value.tv_sec * us_per_second + value.tv_nsec / 1000;
}

}  // namespace

Time machine_date() { return {read_clock_us(CLOCK_REALTIME)}; }

AsioLoop::AsioLoop(Time start, double time_scale, std::uint64_t seed)
    : start_(start), scale_(time_scale), seed_(seed), origin_(steady()) {}

AsioLoop::~AsioLoop() { workers_.join(); }

// CLOCK_BOOTTIME counts a suspend: an hour's sleep is an hour without datapoints, not a clock that lags for ever.
SteadyTime AsioLoop::steady() const { return {read_clock_us(CLOCK_BOOTTIME)}; }

Time AsioLoop::real_now() const { return machine_date(); }

Time AsioLoop::now() const {
  const auto elapsed_us = static_cast<double>((steady() - origin_).us);
  return start_ + Duration{static_cast<std::int64_t>(elapsed_us * scale_)};
}

void AsioLoop::arm(TimerId id, Time when, Callback callback) {
  constexpr double max_sleep_us = 1e6;
  const double wait_us = std::max(0.0, std::ceil(static_cast<double>((when - now()).us) / scale_));
  auto& timer = timers_[id];
  if (!timer) timer = std::make_unique<boost::asio::steady_timer>(io_);
  timer->expires_after(std::chrono::microseconds(static_cast<std::int64_t>(std::min(wait_us, max_sleep_us))));
  timer->async_wait([this, id, when, callback = std::move(callback)](const auto& error) mutable {
    if (error || !timers_.contains(id)) return;
    if (now() < when) return arm(id, when, std::move(callback));
    timers_.erase(id);
    callback();
  });
}

TimerId AsioLoop::at(Time when, Callback callback) {
  const TimerId id = ++last_id_;
  arm(id, when, std::move(callback));
  return id;
}

TimerId AsioLoop::after_real(RealDuration delay, Callback callback) {
  const TimerId id = ++last_id_;
  auto& timer = timers_[id] = std::make_unique<boost::asio::steady_timer>(io_);
  timer->expires_after(std::chrono::microseconds(delay.us));
  timer->async_wait([this, id, callback = std::move(callback)](const auto& error) {
    if (error || timers_.erase(id) == 0) return;
    callback();
  });
  return id;
}

void AsioLoop::cancel(TimerId timer) { timers_.erase(timer); }

void AsioLoop::post(Callback callback) { boost::asio::post(io_, std::move(callback)); }

void AsioLoop::offload(Callback work, Callback done) {
  boost::asio::post(workers_, [this, work = std::move(work), done = std::move(done),
                               keep_running = boost::asio::make_work_guard(io_)]() mutable {
    work();
    boost::asio::post(io_, std::move(done));
  });
}

Rng& AsioLoop::rng(std::string_view purpose) {
  auto found = streams_.find(purpose);
  if (found == streams_.end()) {
    found = streams_.emplace(std::string(purpose), Rng(stream_seed(seed_, purpose))).first;
  }
  return found->second;
}

}  // namespace berth
