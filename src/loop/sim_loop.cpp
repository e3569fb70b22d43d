#include "loop/sim_loop.h"

#include <algorithm>
#include <cmath>

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
  const TimerId id = ++last_id_;
  steady_us = std::max(steady_us, steady_.us);
  events_.emplace(Key{steady_us, id}, std::move(callback));
  due_.emplace(id, steady_us);
  return id;
}

TimerId SimLoop::at(Time when, Callback callback) {
  return add(steady_us_of(when), std::move(callback));
}

TimerId SimLoop::after_real(RealDuration delay, Callback callback) {
  return add(steady_.us + delay.us, std::move(callback));
}

void SimLoop::cancel(TimerId timer) {
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  events_.erase(Key{found->second, timer});
  due_.erase(found);
}

void SimLoop::post(Callback callback) { add(steady_.us, std::move(callback)); }

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
  if (events_.empty() || events_.begin()->first.first > steady_us_of(when)) return false;
  auto node = events_.extract(events_.begin());
  steady_.us = std::max(steady_.us, node.key().first);
  due_.erase(node.key().second);
  node.mapped()();
  return true;
}

void SimLoop::run_until(Time when) {
  while (run_one(when)) continue;
  steady_.us = std::max(steady_.us, steady_us_of(when));
}

}  // namespace berth
