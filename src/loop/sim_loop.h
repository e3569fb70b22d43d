// SimLoop: virtual time. Nothing happens between events; running the loop jumps from one to the next, ordered
// by (time, sequence). Real and berth time are the same clock here unless a time scale is given.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "loop/loop.h"

namespace berth {

class SimLoop final : public Loop {
 public:
  explicit SimLoop(Time start = from_unix_seconds(1'750'000'020), std::uint64_t seed = 1,
                   double time_scale = 1)
      : start_(start), seed_(seed), scale_(time_scale) {}

  Time now() const override { return start_ + Duration{scaled(steady_.us)}; }
  SteadyTime steady() const override { return steady_; }
  Time real_now() const override { return {start_.us + steady_.us}; }
  double time_scale() const override { return scale_; }

  TimerId at(Time when, Callback callback) override;
  TimerId after_real(RealDuration delay, Callback callback) override;
  void cancel(TimerId timer) override;
  void post(Callback callback) override;
  void offload(Callback work, Callback done) override;
  Rng& rng(std::string_view purpose) override;

  // Runs the next event if it is due by `when`; false: there is none.
  bool run_one(Time when);
  // Runs every event up to and including `when`, then lets the clock stand at `when`.
  void run_until(Time when);
  void run_for(Duration span) { run_until(now() + span); }
  // Runs what is due now, without moving the clock.
  void run_ready() { run_until(now()); }
  bool idle() const { return free_slots_.size() == slots_.size(); }
  // The machine sleeps until then: time passes and nothing runs. What was due meanwhile is run late, in its
  // order.
  void sleep_until(Time when) { steady_.us = std::max(steady_.us, steady_us_of(when)); }
  void sleep_for(Duration span) { sleep_until(now() + span); }
  // When the first callback is due that was set at least `ahead` before its time, as a deadline is and the
  // next tick of a clock is not.
  std::optional<Time> next_set_ahead(Duration ahead) const;

 private:
  // A timer's id is its sequence number and, in the low bits, its slot; ids grow with the sequence.
  static constexpr int slot_bits = 24;
  struct Due {
    std::int64_t steady_us = 0;
    TimerId id = no_timer;
    bool operator>(const Due& other) const {
      return steady_us != other.steady_us ? steady_us > other.steady_us : id > other.id;
    }
  };
  struct Slot {
    TimerId id = no_timer;  // no_timer: free; what is due for another id was cancelled
    Callback callback;
    std::int64_t set_us = 0;
    std::int64_t due_us = 0;
  };

  std::int64_t scaled(std::int64_t real_us) const {
    return scale_ == 1 ? real_us : static_cast<std::int64_t>(static_cast<double>(real_us) * scale_);
  }
  std::int64_t steady_us_of(Time when) const;
  TimerId add(std::int64_t steady_us, Callback callback);
  Callback release(TimerId timer);

  Time start_;
  std::uint64_t seed_;
  double scale_;
  SteadyTime steady_{};
  std::uint64_t last_sequence_ = 0;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::map<std::string, Rng, std::less<>> streams_;
};

// The seed of one purpose's stream.
std::uint64_t stream_seed(std::uint64_t seed, std::string_view purpose);

}  // namespace berth
