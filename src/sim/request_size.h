// The CPU time of one request, drawn from the application's distribution.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "loop/rng.h"
#include "sim/app_model.h"

namespace berth::sim {

// A log-normal of the model's mean and variation; Box-Muller, the same on every compiler.
class RequestSizes {
 public:
  explicit RequestSizes(const AppModel& app)
      : mean_us_(app.cpu_ms * 1000), variance_(std::log(1 + app.cpu_variation * app.cpu_variation)) {}

  std::int64_t cpu_us(Rng& rng) const {
    if (variance_ <= 0) return std::max<std::int64_t>(1, static_cast<std::int64_t>(mean_us_));
    const double radius = std::sqrt(-2 * std::log(1 - rng.uniform()));  // the order of the draws matters
    const double normal = radius * std::cos(6.283185307179586 * rng.uniform());
    const double us = mean_us_ * std::exp(std::sqrt(variance_) * normal - variance_ / 2);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(us));
  }

 private:
  double mean_us_;
  double variance_;  // of the logarithm
};

}  // namespace berth::sim
