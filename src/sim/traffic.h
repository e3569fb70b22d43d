// Traffic: how many requests come when: a recorded trace or a generator, as rates that are constant between
// change points, and clients that keep calling an endpoint which burns CPU for a fixed time. Times count from
// the start of the traffic, in microseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::sim {

// What goes beyond is taken for a mistake in a file or a scale.
inline constexpr double rate_max_rps = 1e7;
inline constexpr std::int64_t span_max_us = std::int64_t{3660} * 86'400 * 1'000'000;  // ten years

struct RateSegment {
  std::int64_t start_us = 0;
  double rps = 0;
};

// `count` clients, each calling again as soon as its call has ended; a call keeps its task's CPU busy for
// `seconds`.
struct BusyClients {
  std::int64_t start_us = 0;
  std::int64_t end_us = 0;
  int count = 0;
  double seconds = 60;
};

struct Traffic {
  std::string name;
  std::int64_t duration_us = 0;
  std::vector<RateSegment> segments;  // by start; the first starts at 0, neighbours differ
  std::vector<BusyClients> clients;
  // When each request comes, ascending; none: they come at random. The segments say the same by the second.
  std::vector<std::int64_t> arrivals_us;

  double peak_rps() const;
  double requests() const;
  // The start of the segment behind `at_us`, or the end of the traffic; behind that, never.
  std::int64_t next_change(std::int64_t at_us) const;
  double rate_at(std::int64_t at_us) const;
  // Until when the rate stays and no caller keeps a task busy; `at_us` itself if one does.
  std::int64_t level_until(std::int64_t at_us) const;
  // Requests whose times are known come at random in their seconds afterwards.
  void multiply(double factor);
  // The part [from, to), counted from its own start.
  Traffic part(std::int64_t from_us, std::int64_t to_us) const;
};

// CSV with a header `second|minute|hour,requests` and one row per period, or with the header `arrival` and
// one row per request: seconds since the start. Errors name the line.
Result<Traffic> parse_trace(std::string_view text, std::string name);

struct GeneratorOptions {
  std::optional<std::int64_t> duration_us;  // else the generator's own
  std::uint64_t seed = 1;
};
// `step:8->48@10m`, `ramp:5->50@10m-40m`, `diurnal:10..60`, `flash:10->100@30m`, `onoff:60s[,5..50]`,
// `poisson:20`, `mmpp:10..60@120s`, `load:/api/load*3[@2m-12m]`.
bool is_generator(std::string_view text);
Result<Traffic> generate(std::string_view text, const GeneratorOptions& options);

// `peak=100rps`, `mean=20rps` or `x2.5`.
Result<> rescale(Traffic& traffic, std::string_view text);

// Requests per second; nothing below zero and nothing beyond rate_max_rps.
std::optional<double> parse_rate(std::string_view text);
// "90", "90s", "10m", "2h", "7d" in microseconds; ten years at most.
std::optional<std::int64_t> parse_span_us(std::string_view text);

}  // namespace berth::sim
