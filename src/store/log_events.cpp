#include "store/log_events.h"

#include <algorithm>
#include <tuple>

namespace berth {
namespace {

bool matches(const LogEvent& event, const LogQuery& query) {
  if (event.group != query.group) return false;
  if (!query.streams.empty() &&
      std::find(query.streams.begin(), query.streams.end(), event.stream) == query.streams.end()) {
    return false;
  }
  if (!event.stream.starts_with(query.stream_prefix)) return false;
  if (query.start && event.timestamp < *query.start) return false;
  if (query.end && event.timestamp >= *query.end) return false;
  if (!query.after_time) return true;
  const auto position = std::tie(event.timestamp, event.sequence);
  const auto after = std::tie(*query.after_time, query.after_sequence);
  return query.newest_first ? position < after : position > after;
}

}  // namespace

Result<std::vector<LogEvent>> MemoryLogEvents::read(const LogQuery& query) {
  std::vector<LogEvent> found;
  std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
               [&](const LogEvent& event) { return matches(event, query); });
  std::sort(found.begin(), found.end(), [&](const LogEvent& a, const LogEvent& b) {
    const auto in_order = std::tie(a.timestamp, a.sequence) < std::tie(b.timestamp, b.sequence);
    return query.newest_first ? std::tie(b.timestamp, b.sequence) < std::tie(a.timestamp, a.sequence) : in_order;
  });
  if (found.size() > static_cast<std::size_t>(query.limit)) found.resize(static_cast<std::size_t>(query.limit));
  return found;
}

Result<> MemoryLogEvents::erase(const std::string& group, const std::string& stream, std::optional<Time> before) {
  std::erase_if(events_, [&](const LogEvent& event) {
    return event.group == group && (stream.empty() || event.stream == stream) &&
           (!before || event.timestamp < *before);
  });
  return {};
}

Result<> MemoryLogEvents::commit(const std::vector<Change>&, const std::vector<LogEvent>& events) {
  events_.insert(events_.end(), events.begin(), events.end());
  return {};
}

Result<> MemoryLogEvents::load(const std::function<void(std::string_view, std::string_view, std::string_view)>&) {
  return {};
}

}  // namespace berth
