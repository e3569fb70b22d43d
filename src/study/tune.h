// Tune: searches a target tracking policy's settings on one part of a traffic and judges the best on the
// rest. A Latin hypercube spreads the candidates, successive halving plays the better ones longer. Same seed,
// same result, on any number of threads.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "study/pareto.h"
#include "study/run.h"
#include "study/summary.h"

namespace berth::study {

struct Knobs {
  int target = 0;
  int scale_out_cooldown_s = 300;
  int scale_in_cooldown_s = 300;
  int minimum = 1;
  int maximum = 1;
  int resolution_s = 60;  // of the service's CPU metric: 60 or 20

  bool operator==(const Knobs&) const = default;
};

struct KnobRange {
  int least = 0, most = 0, step = 1;
};
struct KnobRanges {
  KnobRange target, scale_out_cooldown_s, scale_in_cooldown_s, minimum, maximum, resolution_s;
};
// `count` candidates; each knob's range is cut into as many slices, and every slice is used once.
std::vector<Knobs> latin_hypercube(const KnobRanges& ranges, std::size_t count, std::uint64_t seed);

struct TuneOptions {
  RunOptions run;
  Prices prices;
  unsigned threads = 0;
  std::size_t candidates = 64;
  double tuned_share = 0.6;      // of the traffic, from its begin
  double allowed_percent = 0.1;  // the policy that is proposed misses no more than this, if any can
  std::function<void(const std::string& stage)> progress;
};

struct Candidate {
  Knobs knobs;
  Score tuned;   // on the part that it was chosen by
  Score judged;  // on the rest
};

// The clairvoyant allows so much of a minute's requests to be late.
inline constexpr double ideal_late_shares[] = {0.0005, 0.005, 0.05};

struct Tuning {
  std::string policy_resource, target_resource;
  std::string service_resource;  // empty: the service is not of the template, its resolution stays
  Candidate current;
  std::vector<Candidate> front;  // by cost
  std::size_t chosen = 0;        // of the front
  std::vector<Candidate> ideal;  // the clairvoyant's, as ideal_late_shares; without knobs
  std::vector<Score> others;     // played on the whole tuned part, not on the front
  std::size_t runs = 0;
  double tuned_s = 0, judged_s = 0;
};

Result<Tuning> tune(const TuneOptions& options);

// The part of the traffic that it was not chosen by went much worse.
bool is_overfit(const Candidate& candidate);
// As for `berth simulate --set`: what differs from `current`.
std::vector<std::string> sets_of(const Tuning& tuning, const Knobs& knobs);

}  // namespace berth::study
