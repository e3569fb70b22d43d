// AsioLoop: the machine's clocks and one io_context. berth time = offset + scale * real time; scale and offset come
// from the store, so that it goes on where an earlier process stopped.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <string>

#include "loop/loop.h"

namespace berth {

class AsioLoop final : public Loop {
 public:
  // Berth's clock stands at `start` now and runs `time_scale` (1 to 20) times as fast as real time.
  AsioLoop(Time start, double time_scale, std::uint64_t seed);
  ~AsioLoop() override;

  Time now() const override;
  SteadyTime steady() const override;
  Time real_now() const override;
  double time_scale() const override { return scale_; }

  TimerId at(Time when, Callback callback) override;
  TimerId after_real(RealDuration delay, Callback callback) override;
  void cancel(TimerId timer) override;
  void post(Callback callback) override;
  void offload(Callback work, Callback done) override;
  Rng& rng(std::string_view purpose) override;

  void run() { io_.run(); }
  void stop() { io_.stop(); }
  boost::asio::io_context& io() { return io_; }

 private:
  // A timer that is not needed longer than `max_sleep`: the steady clock stands still during a suspend, so long
  // waits are cut and checked against the clock again.
  void arm(TimerId id, Time when, Callback callback);

  Time start_;
  double scale_;
  std::uint64_t seed_;
  SteadyTime origin_;
  boost::asio::io_context io_{1};
  boost::asio::thread_pool workers_{2};
  TimerId last_id_ = 0;
  std::map<TimerId, std::unique_ptr<boost::asio::steady_timer>> timers_;
  std::map<std::string, Rng, std::less<>> streams_;
};

// The machine's date, for composition roots that need it before there is a loop.
Time machine_date();

}  // namespace berth
