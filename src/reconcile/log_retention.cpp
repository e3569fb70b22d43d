#include "reconcile/log_retention.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/log.h"

namespace berth::reconcile {
namespace {

constexpr Duration interval = Duration::seconds(3600);
constexpr Duration day = Duration::seconds(24 * 3600);
constexpr int slice_events_max = 10'000;

}  // namespace

LogRetention::LogRetention(Store& store, Loop& loop, LogEvents& log_events)
    : store_(store), loop_(loop), log_events_(log_events) {}

LogRetention::~LogRetention() {
  loop_.cancel(timer_);
}

void LogRetention::start() {
  // What an earlier process had called expired and not erased any more.
  for (const auto& [name, row] : store_.all<logs::LogGroupRow>()) {
    if (row.expired_before <= Time{}) continue;
    if (auto erased = log_events_.erase(name, "", row.expired_before); !erased) {
      log::error("expired events of log group {} stay: {}", name, erased.error().message);
    }
  }
  run();
}

void LogRetention::run() {
  bool more = false;
  std::vector<std::string> groups;
  for (const auto& [name, row] : store_.all<logs::LogGroupRow>()) {
    if (row.retention_days) groups.push_back(name);
  }
  for (const auto& group : groups) {
    auto left = erase_slice(group);
    if (!left) log::error("expired events of log group {} stay: {}", group, left.error().message);
    more = more || (left && *left);
  }
  if (!more) {
    timer_ = loop_.at(floor_to(loop_.now(), interval) + interval, [this] { run(); });
    return;
  }
  loop_.post([self = std::weak_ptr(self_)] {
    if (const auto alive = self.lock()) (*alive)->run();
  });
}

// The rows say first that the events are expired: a crash before the events are gone counts nothing twice,
// and the next slice takes them along.
Result<bool> LogRetention::erase_slice(const std::string& group) {
  const auto* row = store_.find<logs::LogGroupRow>(group);
  Time cutoff = loop_.now() - day * *row->retention_days;
  if (cutoff <= row->expired_before) return false;
  LogQuery query;
  query.group = group;
  query.start = row->expired_before;
  query.end = cutoff;
  query.limit = slice_events_max;
  auto events = log_events_.read(query);
  if (!events) return events.error();
  const bool more = events->size() == static_cast<std::size_t>(slice_events_max);
  if (more) {
    // Only whole milliseconds can be cut off (of one that overflows a slice, what is behind the slice stays
    // counted).
    const Time last = events->back().timestamp;
    cutoff = last == events->front().timestamp ? last + Duration::ms(1) : last;
    std::erase_if(*events, [&](const LogEvent& event) { return event.timestamp >= cutoff; });
  }
  if (events->empty()) return false;
  auto written = store_.transact([&]() -> Result<> {
    store_.edit<logs::LogGroupRow>(group)->expired_before = cutoff;
    settle_streams(*events, cutoff);
    return {};
  });
  if (!written) return written.error();
  if (auto erased = log_events_.erase(group, "", cutoff); !erased) return erased.error();
  return more;
}

void LogRetention::settle_streams(const std::vector<LogEvent>& erased, Time cutoff) {
  std::map<std::string, std::int64_t> bytes_by_stream;
  for (const auto& event : erased) bytes_by_stream[event.stream] += logs::event_bytes(event.message);
  for (const auto& [stream, bytes] : bytes_by_stream) {
    const std::string& group = erased.front().group;
    auto* row = store_.edit<logs::LogStreamRow>(logs::LogStreamRow::key_of(group, stream));
    if (!row) continue;
    row->stored_bytes = std::max<std::int64_t>(0, row->stored_bytes - bytes);
    LogQuery first_left;
    first_left.group = group;
    first_left.streams = {stream};
    first_left.start = cutoff;
    first_left.limit = 1;
    const auto found = log_events_.read(first_left);
    const bool any = found && !found->empty();
    row->first_event = any ? std::optional(found->front().timestamp) : std::nullopt;
    if (!any) row->last_event.reset();
  }
}

}  // namespace berth::reconcile
