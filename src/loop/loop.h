// Loop: the one seam to time, randomness and waiting. One thread runs every callback and owns all state. AsioLoop
// wires it to the machine's clocks, SimLoop to a virtual clock that jumps to the next event; nothing above may ask
// which one it is in.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "loop/rng.h"
#include "loop/time.h"

namespace berth {

using Callback = std::function<void()>;
using TimerId = std::uint64_t;  // never 0, never reused
inline constexpr TimerId no_timer = 0;

class Loop {
 public:
  virtual ~Loop() = default;

  // The API's clock. It runs time_scale() times as fast as real time and never goes backwards.
  virtual Time now() const = 0;
  // Measured real time; unaffected by changes of the machine's date.
  virtual SteadyTime steady() const = 0;
  // The machine's date, for what outsiders check against theirs: signatures, credentials, links, TLS.
  virtual Time real_now() const = 0;
  virtual double time_scale() const = 0;

  // Runs `callback` once when now() has reached `when` (at once if it already has).
  virtual TimerId at(Time when, Callback callback) = 0;
  // Runs `callback` once after a real delay that does not shrink with the time scale.
  virtual TimerId after_real(RealDuration delay, Callback callback) = 0;
  // Unknown and fired timers are ignored.
  virtual void cancel(TimerId timer) = 0;
  // Runs `callback` soon, after what is queued already.
  virtual void post(Callback callback) = 0;
  // Runs `work` off the loop's thread, then `done` on it. `work` must not touch the loop's state.
  virtual void offload(Callback work, Callback done) = 0;

  // The random stream of a purpose; the same seed and purpose give the same numbers.
  virtual Rng& rng(std::string_view purpose) = 0;

  TimerId after(Duration delay, Callback callback) { return at(now() + delay, std::move(callback)); }
};

}  // namespace berth
