// CloudWatch Logs: GetLogEvents and FilterLogEvents.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "handlers/logs.h"
#include "services/lists.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/rows.h"
#include "store/log_events.h"

namespace berth::logs {
namespace {

constexpr std::int64_t events_max = 10'000;
constexpr std::size_t answer_bytes_max = 1'048'576;
// What one call looks at: the loop has other work. AWS answers short pages with a token likewise.
constexpr int scanned_events_max = 10'000;
constexpr int event_id_digits = 56;
constexpr Duration now_tolerance = Duration::seconds(5);

// Between two events of a group: behind (time, sequence).
struct Position {
  std::int64_t time_us = 0;
  std::int64_t sequence = 0;

  std::string text() const { return fmt::format("{}.{}", time_us, sequence); }
};

std::optional<Position> parse_position(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 2) return std::nullopt;
  const auto time = parse_integer(parts[0]);
  const auto sequence = parse_integer(parts[1]);
  if (!time || !sequence) return std::nullopt;
  return Position{*time, *sequence};
}

Position position_of(const LogEvent& event) {
  return {event.timestamp.us, event.sequence};
}

void go_on_behind(LogQuery& query, const Position& position) {
  query.after_time = Time{position.time_us};
  query.after_sequence = position.sequence;
}

// Berth's clock may run ahead of the real one: who asks for what is up to now means berth's.
std::optional<Time> end_time(const Context& context, const std::optional<std::int64_t>& end_ms) {
  if (!end_ms) return std::nullopt;
  const Time end = from_unix_ms(*end_ms);
  const Duration off{std::abs((end - context.loop.real_now()).us)};
  if (off > now_tolerance) return end;
  return std::max(end, context.now());
}

std::optional<Time> start_time(const LogGroupRow& group, const std::optional<std::int64_t>& start_ms) {
  const Time start = start_ms ? from_unix_ms(*start_ms) : Time{};
  return std::max(start, group.expired_before);
}

Result<> check_limit(const std::optional<std::int64_t>& limit) {
  if (!limit || (*limit >= 1 && *limit <= events_max)) return {};
  return invalid_parameter(fmt::format(
      "1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must "
      "have value {} than or equal to {}",
      *limit, *limit < 1 ? "greater" : "less", *limit < 1 ? 1 : events_max));
}

// "f/..." goes on forward, "b/..." backward. The numbers are a position; a page always names both of its
// ends.
struct PageToken {
  bool forward = true;
  Position position;

  std::string text() const { return fmt::format("{}/{}", forward ? 'f' : 'b', position.text()); }
};

std::optional<PageToken> parse_page_token(const std::string& text) {
  if (!text.starts_with("f/") && !text.starts_with("b/")) return std::nullopt;
  const auto position = parse_position(std::string_view(text).substr(2));
  if (!position) return std::nullopt;
  return PageToken{text.front() == 'f', *position};
}

// A stream's oldest or newest events that fit into one answer, in order of time.
void cut_to_answer(std::vector<LogEvent>& events, bool newest_first) {
  std::size_t bytes = 0;
  std::size_t kept = 0;
  while (kept < events.size() && (kept == 0 || bytes + events[kept].message.size() <= answer_bytes_max)) {
    bytes += events[kept++].message.size();
  }
  events.resize(kept);
  if (newest_first) std::reverse(events.begin(), events.end());
}

void set_tokens(GetLogEventsResponse& response, const std::vector<LogEvent>& events,
                const std::optional<PageToken>& asked, const LogQuery& query) {
  PageToken forward{true, {}};
  PageToken backward{false, {}};
  if (!events.empty()) {
    forward.position = position_of(events.back());
    backward.position = position_of(events.front());
  } else if (asked) {
    // Nothing more that way: the same token again says so. The other way begins on this side of the position.
    forward.position = backward.position = asked->position;
    (asked->forward ? backward : forward).position.sequence += asked->forward ? 1 : -1;
  } else {
    forward.position = {query.start->us, -1};
    backward.position = {query.start->us, -1};
  }
  response.next_forward_token = forward.text();
  response.next_backward_token = backward.text();
}

Result<LogQuery> filter_query(const Context& context, const LogGroupRow& group,
                              const FilterLogEventsRequest& input) {
  LogQuery query;
  query.group = group.name;
  query.start = start_time(group, input.start_time);
  // This end is inclusive (GetLogEvents' is not).
  query.end = end_time(context, input.end_time);
  if (query.end) query.end = *query.end + Duration::ms(1);
  query.limit = scanned_events_max;
  query.newest_first = !input.start_from_head.value_or(true);
  const auto& names = services::list_of(input.log_stream_names);
  if (!names.empty() && input.log_stream_name_prefix) {
    return invalid_parameter("LogStreamNamePrefix and LogStreamNames are mutually exclusive parameters.");
  }
  for (const auto& name : names) {
    if (!context.store.find<LogStreamRow>(LogStreamRow::key_of(group.name, name))) return stream_missing();
  }
  query.streams = names;
  query.stream_prefix = input.log_stream_name_prefix.value_or("");
  if (!input.next_token) return query;
  const auto text = from_base64(*input.next_token);
  const auto position = text ? parse_position(*text) : std::nullopt;
  if (!position) return invalid_parameter("The specified nextToken is invalid.");
  go_on_behind(query, *position);
  return query;
}

FilteredLogEvent describe(const LogEvent& event) {
  FilteredLogEvent out;
  out.log_stream_name = event.stream;
  out.timestamp = unix_ms(event.timestamp);
  out.message = event.message;
  out.ingestion_time = unix_ms(event.ingestion_time);
  out.event_id = fmt::format("{:0{}}", event.sequence, event_id_digits);
  return out;
}

}  // namespace

Result<GetLogEventsResponse> get_log_events(Context& context, const GetLogEventsRequest& input) {
  auto group = find_group(context.store, input.log_group_name, input.log_group_identifier);
  if (!group) return group.error();
  const std::string stream = input.log_stream_name.value_or("");
  if (!context.store.find<LogStreamRow>(LogStreamRow::key_of((*group)->name, stream)))
    return stream_missing();
  if (auto checked = check_limit(input.limit); !checked) return checked.error();
  std::optional<PageToken> token;
  if (input.next_token) {
    token = parse_page_token(*input.next_token);
    if (!token) return invalid_parameter("The specified nextToken is invalid.");
  }
  LogQuery query;
  query.group = (*group)->name;
  query.streams = {stream};
  query.start = start_time(**group, input.start_time);
  query.end = end_time(context, input.end_time);
  query.limit = static_cast<int>(input.limit.value_or(events_max));
  query.newest_first = token ? !token->forward : !input.start_from_head.value_or(false);
  if (token) go_on_behind(query, token->position);
  auto events = context.log_events.read(query);
  if (!events) return events.error();
  cut_to_answer(*events, query.newest_first);

  GetLogEventsResponse response;
  response.events.emplace();
  for (const auto& event : *events) {
    response.events->push_back({unix_ms(event.timestamp), event.message, unix_ms(event.ingestion_time)});
  }
  set_tokens(response, *events, token, query);
  return response;
}

Result<FilterLogEventsResponse> filter_log_events(Context& context, const FilterLogEventsRequest& input) {
  auto group = find_group(context.store, input.log_group_name, input.log_group_identifier);
  if (!group) return group.error();
  if (auto checked = check_limit(input.limit); !checked) return checked.error();
  auto pattern = FilterPattern::parse(input.filter_pattern.value_or(""));
  if (!pattern) return pattern.error();
  auto query = filter_query(context, **group, input);
  if (!query) return query.error();
  auto scanned = context.log_events.read(*query);
  if (!scanned) return scanned.error();

  FilterLogEventsResponse response;
  response.events.emplace();
  response.searched_log_streams.emplace();
  const auto limit = static_cast<std::size_t>(input.limit.value_or(events_max));
  std::size_t bytes = 0;
  bool complete = scanned->size() < static_cast<std::size_t>(scanned_events_max);
  std::optional<Position> last;
  for (const auto& event : *scanned) {
    const bool matches = pattern->matches(event.message);
    const bool full = response.events->size() == limit ||
                      (!response.events->empty() && bytes + event.message.size() > answer_bytes_max);
    if (matches && full) {
      complete = false;
      break;
    }
    last = position_of(event);
    if (!matches) continue;
    bytes += event.message.size();
    response.events->push_back(describe(event));
  }
  if (!complete && last) response.next_token = base64(last->text());
  return response;
}

}  // namespace berth::logs
