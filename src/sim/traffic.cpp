#include "sim/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "loop/time.h"

namespace berth::sim {
namespace {

std::optional<std::int64_t> period_of_header(std::string_view header) {
  const std::pair<std::string_view, std::int64_t> known[] = {
      {"second,requests", 1}, {"minute,requests", 60}, {"hour,requests", 3600}};
  for (const auto& [text, seconds] : known) {
    if (header == text) return seconds * us_per_second;
  }
  return std::nullopt;
}

// The lines of a file that say something, trimmed, and their numbers.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  std::optional<std::string_view> next() {
    while (!text_.empty()) {
      const auto end = text_.find('\n');
      const auto line = trim(text_.substr(0, end));
      text_ = end == std::string_view::npos ? std::string_view() : text_.substr(end + 1);
      ++number_;
      if (!line.empty()) return line;
    }
    return std::nullopt;
  }
  Error error(const std::string& problem) const {
    return {"TraceError", fmt::format("line {}: {}", number_, problem)};
  }

 private:
  std::string_view text_;
  std::size_t number_ = 0;
};

// What comes from `at_us` on, where that is something else than before.
void add_rate(Traffic& traffic, std::int64_t at_us, double rps) {
  if (traffic.segments.empty() || traffic.segments.back().rps != rps)
    traffic.segments.push_back({at_us, rps});
}

Result<> add_period(Traffic& traffic, const Lines& lines, std::string_view line, std::int64_t period_us) {
  const auto comma = line.find(',');
  const auto index = comma == std::string_view::npos ? std::nullopt : parse_integer(line.substr(0, comma));
  const auto count =
      comma == std::string_view::npos ? std::nullopt : parse_number(trim(line.substr(comma + 1)));
  if (!index || !count) return lines.error(fmt::format("'{}' is not index,requests", line));
  if (*count < 0) return lines.error("a count below zero");
  const double rps = *count / (static_cast<double>(period_us) / 1e6);
  if (!(rps <= rate_max_rps)) return lines.error("more requests than a simulation can play");
  if (*index >= span_max_us / period_us) return lines.error("the index lies beyond ten years");
  const std::int64_t start = *index * period_us;
  if (*index < 0 || start < traffic.duration_us) return lines.error("the index must grow from row to row");
  if (start > traffic.duration_us) add_rate(traffic, traffic.duration_us, 0);  // a gap: nothing came
  add_rate(traffic, start, rps);
  traffic.duration_us = start + period_us;
  return {};
}

Result<> add_arrival(Traffic& traffic, const Lines& lines, std::string_view line) {
  const auto seconds = parse_number(line);
  if (!seconds) return lines.error(fmt::format("'{}' is not a time in seconds", line));
  if (!(*seconds >= 0 && *seconds < static_cast<double>(span_max_us) / 1e6))
    return lines.error("the time lies before the start or beyond ten years");
  const auto at_us = static_cast<std::int64_t>(*seconds * 1e6);
  if (!traffic.arrivals_us.empty() && at_us < traffic.arrivals_us.back())
    return lines.error("the times must not go back from row to row");
  traffic.arrivals_us.push_back(at_us);
  return {};
}

// The segments of known arrivals: how many came in each second.
void count_by_second(Traffic& traffic) {
  const auto& arrivals = traffic.arrivals_us;
  for (auto from = arrivals.begin(); from != arrivals.end();) {
    const std::int64_t start = *from / us_per_second * us_per_second;
    const auto to = std::lower_bound(from, arrivals.end(), start + us_per_second);
    if (start > traffic.duration_us) add_rate(traffic, traffic.duration_us, 0);
    add_rate(traffic, start, static_cast<double>(to - from));
    traffic.duration_us = start + us_per_second;
    from = to;
  }
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
  if (factor != 1) arrivals_us.clear();
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
  for (const std::int64_t at_us : arrivals_us) {
    if (at_us >= from_us && at_us < to_us) out.arrivals_us.push_back(at_us - from_us);
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
  Lines lines(text);
  const auto header = lines.next();
  const auto period_us = header ? period_of_header(*header) : std::nullopt;
  if (!period_us && header != "arrival")
    return lines.error("the header must be second,requests or minute,requests or hour,requests or arrival");
  while (const auto line = lines.next()) {
    auto added =
        period_us ? add_period(traffic, lines, *line, *period_us) : add_arrival(traffic, lines, *line);
    if (!added) return added.error();
  }
  count_by_second(traffic);
  if (traffic.segments.empty()) return lines.error("there is no row of counts");
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
