// Made-up traffic: shapes that a scaling policy should be judged by beside any recorded trace.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.h"
#include "loop/rng.h"
#include "loop/time.h"
#include "sim/traffic.h"

namespace berth::sim {
namespace {

constexpr std::int64_t minute_us = us_per_minute;
constexpr std::int64_t hour_us = 60 * us_per_minute;

struct Range {
  double low = 0;
  double high = 0;
};

// "8->48" or "8..48"
std::optional<Range> parse_range(std::string_view text) {
  for (const std::string_view arrow : {"->", ".."}) {
    const auto at = text.find(arrow);
    if (at == std::string_view::npos) continue;
    const auto low = parse_rate(text.substr(0, at)), high = parse_rate(text.substr(at + arrow.size()));
    if (!low || !high) return std::nullopt;
    return Range{*low, *high};
  }
  return std::nullopt;
}

struct Arguments {
  std::string_view head;  // before '@'
  std::string_view tail;  // behind it; may be empty
};

Arguments split_at_sign(std::string_view text) {
  const auto at = text.find('@');
  return at == std::string_view::npos ? Arguments{text, {}}
                                      : Arguments{text.substr(0, at), text.substr(at + 1)};
}

void sample(Traffic& traffic, std::int64_t step_us, const std::function<double(std::int64_t)>& rate) {
  for (std::int64_t at = 0; at < traffic.duration_us; at += step_us) {
    const double rps = std::max(0.0, rate(at));
    if (traffic.segments.empty() || traffic.segments.back().rps != rps) traffic.segments.push_back({at, rps});
  }
}

// Knuth's method in slices that do not underflow; the same on every compiler.
std::int64_t poisson(Rng& rng, double mean) {
  std::int64_t count = 0;
  while (mean > 0) {
    const double slice = std::min(mean, 30.0);
    mean -= slice;
    const double limit = std::exp(-slice);
    for (double product = rng.uniform(); product > limit; product *= rng.uniform()) ++count;
  }
  return count;
}

struct Generation {
  Traffic traffic;
  Arguments arguments;
  Rng rng;
};

bool step(Generation& g) {
  const auto range = parse_range(g.arguments.head);
  const auto at = g.arguments.tail.empty() ? 10 * minute_us : parse_span_us(g.arguments.tail);
  if (!range || !at) return false;
  sample(g.traffic, us_per_second, [&](std::int64_t now) { return now < *at ? range->low : range->high; });
  return true;
}

std::optional<std::pair<std::int64_t, std::int64_t>> parse_interval(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto from = parse_span_us(text.substr(0, dash)), to = parse_span_us(text.substr(dash + 1));
  if (!from || !to || *from >= *to) return std::nullopt;
  return std::pair(*from, *to);
}

bool ramp(Generation& g) {
  const auto range = parse_range(g.arguments.head);
  const auto over = g.arguments.tail.empty()
                        ? std::optional(std::pair(std::int64_t{0}, g.traffic.duration_us))
                        : parse_interval(g.arguments.tail);
  if (!range || !over) return false;
  const auto [from, to] = *over;
  sample(g.traffic, 10 * us_per_second, [&, from = from, to = to](std::int64_t now) {
    const double share =
        std::clamp(static_cast<double>(now - from) / static_cast<double>(to - from), 0.0, 1.0);
    return range->low + (range->high - range->low) * share;
  });
  return true;
}

bool diurnal(Generation& g) {
  const auto range = parse_range(g.arguments.head);
  if (!range) return false;
  constexpr double two_pi = 6.283185307179586;
  sample(g.traffic, minute_us, [&](std::int64_t now) {
    const double day = static_cast<double>(now) / (24.0 * static_cast<double>(hour_us));
    return range->low + (range->high - range->low) * (1 - std::cos(two_pi * day)) / 2;
  });
  return true;
}

// Up within two minutes, high for five, half gone every five after that.
bool flash(Generation& g) {
  const auto range = parse_range(g.arguments.head);
  const auto at = g.arguments.tail.empty() ? 20 * minute_us : parse_span_us(g.arguments.tail);
  if (!range || !at) return false;
  const double more = range->high - range->low;
  sample(g.traffic, 10 * us_per_second, [&](std::int64_t now) {
    const double minutes = static_cast<double>(now - *at) / static_cast<double>(minute_us);
    if (minutes < 0) return range->low;
    if (minutes < 2) return range->low + more * minutes / 2;
    if (minutes < 7) return range->high;
    return range->low + more * std::exp2(-(minutes - 7) / 5);
  });
  return true;
}

bool on_off(Generation& g) {
  const auto comma = g.arguments.head.find(',');
  const auto half = parse_span_us(g.arguments.head.substr(0, comma));
  const auto range = comma == std::string_view::npos ? std::optional(Range{5, 50})
                                                     : parse_range(g.arguments.head.substr(comma + 1));
  if (!half || *half < us_per_second || !range) return false;
  sample(g.traffic, us_per_second,
         [&](std::int64_t now) { return now / *half % 2 == 0 ? range->low : range->high; });
  return true;
}

bool poisson_traffic(Generation& g) {
  const auto rate = g.arguments.head.empty() ? std::optional(20.0) : parse_rate(g.arguments.head);
  if (!rate) return false;
  sample(g.traffic, us_per_second, [&](std::int64_t) { return static_cast<double>(poisson(g.rng, *rate)); });
  return true;
}

// Poisson arrivals whose rate jumps between two levels after exponential stays.
bool mmpp(Generation& g) {
  const auto range = g.arguments.head.empty() ? std::optional(Range{10, 60}) : parse_range(g.arguments.head);
  const auto stay = g.arguments.tail.empty() ? 120 * us_per_second : parse_span_us(g.arguments.tail);
  if (!range || !stay || *stay <= 0) return false;
  bool high = false;
  std::int64_t until = 0;
  sample(g.traffic, us_per_second, [&](std::int64_t now) {
    while (now >= until) {
      high = until != 0 && !high;
      until += 1 + static_cast<std::int64_t>(-std::log(1 - g.rng.uniform()) * static_cast<double>(*stay));
    }
    return static_cast<double>(poisson(g.rng, high ? range->high : range->low));
  });
  return true;
}

// The article's endpoints by their paths, or a time: "60s*3".
bool busy_load(Generation& g) {
  const auto star = g.arguments.head.find('*');
  const auto what = g.arguments.head.substr(0, star);
  const auto count = star == std::string_view::npos ? std::optional<long long>(1)
                                                    : parse_integer(g.arguments.head.substr(star + 1));
  const auto seconds = what == "/api/load"        ? std::optional(60 * us_per_second)
                       : what == "/api/quickload" ? std::optional(10 * us_per_second)
                                                  : parse_span_us(what);
  const auto when = g.arguments.tail.empty() ? std::optional(std::pair(2 * minute_us, 14 * minute_us))
                                             : parse_interval(g.arguments.tail);
  if (!count || *count < 1 || *count > 10000 || !seconds || *seconds < us_per_second || !when) return false;
  g.traffic.segments.push_back({0, 0});
  g.traffic.clients.push_back(
      {when->first, when->second, static_cast<int>(*count), static_cast<double>(*seconds) / 1e6});
  return true;
}

struct Kind {
  std::string_view name;
  bool (*make)(Generation&);
  std::int64_t usual_us;
  std::string_view example;
};

constexpr Kind kinds[] = {
    {"step", step, hour_us, "step:8->48@10m"},
    {"ramp", ramp, hour_us, "ramp:5->50@10m-40m"},
    {"diurnal", diurnal, 48 * hour_us, "diurnal:10..60"},
    {"flash", flash, 2 * hour_us, "flash:10->100@30m"},
    {"onoff", on_off, hour_us, "onoff:60s,5..50"},
    {"poisson", poisson_traffic, hour_us, "poisson:20"},
    {"mmpp", mmpp, 2 * hour_us, "mmpp:10..60@120s"},
    {"load", busy_load, hour_us, "load:/api/load*3"},
};

const Kind* kind_of(std::string_view text) {
  const auto colon = text.find(':');
  for (const auto& kind : kinds) {
    if (colon != std::string_view::npos && text.substr(0, colon) == kind.name) return &kind;
  }
  return nullptr;
}

}  // namespace

bool is_generator(std::string_view text) {
  return kind_of(text) != nullptr;
}

Result<Traffic> generate(std::string_view text, const GeneratorOptions& options) {
  const Kind* kind = kind_of(text);
  if (!kind) return Error{"UsageError", fmt::format("--trace {}: no such generator", text)};
  Generation generation{
      .traffic = {.name = std::string(text), .duration_us = options.duration_us.value_or(kind->usual_us)},
      .arguments = split_at_sign(text.substr(kind->name.size() + 1)),
      .rng = Rng(options.seed ^ 0x7472616666696300ull)};
  if (!kind->make(generation)) {
    return Error{"UsageError", fmt::format("--trace {}: write it like {}", text, kind->example)};
  }
  return std::move(generation.traffic);
}

std::optional<std::int64_t> parse_span_us(std::string_view text) {
  const std::pair<char, std::int64_t> units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  std::int64_t seconds = 1;
  for (const auto& [letter, factor] : units) {
    if (!text.ends_with(letter)) continue;
    seconds = factor;
    text.remove_suffix(1);
    break;
  }
  const auto number = parse_number(text);
  if (!number) return std::nullopt;
  const double us = *number * static_cast<double>(seconds) * 1e6;
  if (!(us >= 0 && us <= static_cast<double>(span_max_us))) return std::nullopt;
  return static_cast<std::int64_t>(us);
}

}  // namespace berth::sim
