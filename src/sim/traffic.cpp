#include "sim/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "loop/time.h"

namespace berth::sim {
namespace {

Error trace_error(std::size_t line, const std::string& problem) {
  return {"TraceError", fmt::format("line {}: {}", line, problem)};
}

std::optional<std::int64_t> period_of_header(std::string_view header) {
  const std::pair<std::string_view, std::int64_t> known[] = {
      {"second,requests", 1}, {"minute,requests", 60}, {"hour,requests", 3600}};
  for (const auto& [text, seconds] : known) {
    if (header == text) return seconds * us_per_second;
  }
  return std::nullopt;
}

std::string_view without_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

double Traffic::peak_rps() const {
  double peak = 0;
  for (const auto& segment : segments) peak = std::max(peak, segment.rps);
  return peak;
}

double Traffic::requests() const {
  double sum = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto end = i + 1 < segments.size() ? segments[i + 1].start_us : duration_us;
    sum += segments[i].rps * static_cast<double>(end - segments[i].start_us) / 1e6;
  }
  return sum;
}

std::int64_t Traffic::next_change(std::int64_t at_us) const {
  const auto next =
      std::upper_bound(segments.begin(), segments.end(), at_us,
                       [](std::int64_t at, const RateSegment& segment) { return at < segment.start_us; });
  if (next != segments.end()) return next->start_us;
  return at_us < duration_us ? duration_us : std::numeric_limits<std::int64_t>::max();
}

double Traffic::rate_at(std::int64_t at_us) const {
  if (at_us < 0 || at_us >= duration_us) return 0;
  const auto next =
      std::upper_bound(segments.begin(), segments.end(), at_us,
                       [](std::int64_t at, const RateSegment& segment) { return at < segment.start_us; });
  return next == segments.begin() ? 0 : std::prev(next)->rps;
}

std::int64_t Traffic::level_until(std::int64_t at_us) const {
  std::int64_t until = next_change(at_us);
  for (const auto& group : clients) {
    const auto last_call_us = static_cast<std::int64_t>(group.seconds * 1e6);
    if (at_us >= group.end_us + last_call_us) continue;
    until = std::min(until, std::max(at_us, group.start_us));
  }
  return until;
}

void Traffic::multiply(double factor) {
  for (auto& segment : segments) segment.rps *= factor;
}

Traffic Traffic::part(std::int64_t from_us, std::int64_t to_us) const {
  Traffic out;
  out.name = name;
  out.duration_us = std::min(to_us, duration_us) - from_us;
  out.segments.push_back({0, rate_at(from_us)});
  for (const auto& segment : segments) {
    if (segment.start_us > from_us && segment.start_us < to_us) {
      out.segments.push_back({segment.start_us - from_us, segment.rps});
    }
  }
  for (const auto& client : clients) {
    const auto start = std::max(client.start_us, from_us), end = std::min(client.end_us, to_us);
    if (start < end) out.clients.push_back({start - from_us, end - from_us, client.count, client.seconds});
  }
  return out;
}

Result<Traffic> parse_trace(std::string_view text, std::string name) {
  Traffic traffic;
  traffic.name = std::move(name);
  std::optional<std::int64_t> period_us;
  std::size_t line_number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = trim(without_return(text.substr(0, end)));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++line_number;
    if (line.empty()) continue;
    if (!period_us) {
      period_us = period_of_header(line);
      if (!period_us)
        return trace_error(line_number,
                           "the header must be second,requests or minute,requests or hour,requests");
      continue;
    }
    const auto comma = line.find(',');
    const auto index = comma == std::string_view::npos ? std::nullopt : parse_integer(line.substr(0, comma));
    const auto count =
        comma == std::string_view::npos ? std::nullopt : parse_number(trim(line.substr(comma + 1)));
    if (!index || !count) return trace_error(line_number, fmt::format("'{}' is not index,requests", line));
    if (*count < 0) return trace_error(line_number, "a count below zero");
    const double rps = *count / (static_cast<double>(*period_us) / 1e6);
    if (!(rps <= rate_max_rps)) return trace_error(line_number, "more requests than a simulation can play");
    if (*index >= span_max_us / *period_us)
      return trace_error(line_number, "the index lies beyond ten years");
    const std::int64_t start = *index * *period_us;
    if (*index < 0 || start < traffic.duration_us)
      return trace_error(line_number, "the index must grow from row to row");
    const auto add = [&](std::int64_t at, double rate) {
      if (traffic.segments.empty() || traffic.segments.back().rps != rate)
        traffic.segments.push_back({at, rate});
    };
    if (start > traffic.duration_us) add(traffic.duration_us, 0);  // a gap: nothing came
    add(start, rps);
    traffic.duration_us = start + *period_us;
  }
  if (traffic.segments.empty()) return trace_error(line_number, "there is no row of counts");
  return traffic;
}

namespace {

std::optional<double> scale_factor(const Traffic& traffic, std::string_view text) {
  if (text.starts_with('x')) return parse_number(text.substr(1));
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto what = text.substr(0, equals);
  if (what != "peak" && what != "mean") return std::nullopt;
  auto number = text.substr(equals + 1);
  if (number.ends_with("rps")) number.remove_suffix(3);
  const auto wanted = parse_rate(number);
  if (!wanted) return std::nullopt;
  const double present = what == "peak"
                             ? traffic.peak_rps()
                             : traffic.requests() / (static_cast<double>(traffic.duration_us) / 1e6);
  return *wanted / present;
}

}  // namespace

Result<> rescale(Traffic& traffic, std::string_view text) {
  if (traffic.peak_rps() <= 0) return Error{"UsageError", "--trace-scale: the trace has no requests"};
  const auto factor = scale_factor(traffic, text);
  if (!factor || !(*factor >= 0)) {
    return Error{"UsageError", fmt::format("--trace-scale {}: give peak=100rps, mean=20rps or x2.5", text)};
  }
  if (!(traffic.peak_rps() * *factor <= rate_max_rps)) {
    return Error{"UsageError",
                 fmt::format("--trace-scale {}: more requests than a simulation can play", text)};
  }
  traffic.multiply(*factor);
  return {};
}

std::optional<double> parse_rate(std::string_view text) {
  const auto number = parse_number(text);
  return number && *number >= 0 && *number <= rate_max_rps ? number : std::nullopt;
}

}  // namespace berth::sim
