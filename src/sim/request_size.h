// The CPU time of one request, drawn from the application's distribution.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "loop/rng.h"
#include "sim/app_model.h"

namespace berth::sim {

// A log-normal of the model's mean and variation; Box-Muller, the same on every compiler.
inline std::int64_t request_cpu_us(const AppModel& app, Rng& rng) {
  const double mean_us = app.cpu_ms * 1000;
  if (app.cpu_variation <= 0) return static_cast<std::int64_t>(mean_us);
  const double variance = std::log(1 + app.cpu_variation * app.cpu_variation);
  const double normal =
      std::sqrt(-2 * std::log(1 - rng.uniform())) * std::cos(6.283185307179586 * rng.uniform());
  const double us = mean_us * std::exp(std::sqrt(variance) * normal - variance / 2);
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(us));
}

}  // namespace berth::sim
