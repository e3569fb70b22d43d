// CloudWatch Logs: PutLogEvents.
#include <fmt/format.h>

#include <algorithm>

#include "handlers/logs.h"
#include "services/lists.h"
#include "services/logs/listing.h"
#include "services/logs/rows.h"

namespace berth::logs {
namespace {

constexpr std::int64_t batch_bytes_max = 1'048'576;
constexpr std::size_t batch_events_max = 10'000;
constexpr std::int64_t event_bytes_max = 1'048'576;
constexpr std::int64_t hour_ms = 3600 * 1000;
constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::int64_t batch_span_ms_max = day_ms;
constexpr std::int64_t future_ms_max = 2 * hour_ms;
constexpr std::int64_t past_ms_max = 14 * day_ms;

using Batch = std::vector<InputLogEvent>;

Result<> check_batch(const Batch& batch) {
  if (batch.empty() || batch.size() > batch_events_max) {
    return invalid_parameter(fmt::format(
        "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must "
        "have length {} than or equal to {}",
        batch.empty() ? "greater" : "less", batch.empty() ? 1 : batch_events_max));
  }
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::int64_t size = event_bytes(batch[i].message.value_or(""));
    if (size > event_bytes_max) {
      return invalid_parameter(
          fmt::format("Log event too large: {} bytes exceeds limit of {}", size, event_bytes_max));
    }
    bytes += size;
    if (i > 0 && batch[i].timestamp < batch[i - 1].timestamp) {
      return invalid_parameter("Log events in a single PutLogEvents request must be in chronological order.");
    }
  }
  if (bytes > batch_bytes_max) {
    return invalid_parameter(
        fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, batch_bytes_max));
  }
  if (batch.back().timestamp.value_or(0) - batch.front().timestamp.value_or(0) > batch_span_ms_max) {
    return invalid_parameter(
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  return {};
}

// Events [first, last) of the batch are kept; the rest is told apart in `rejected`.
struct Sorted {
  std::size_t first = 0;
  std::size_t last = 0;
  std::optional<RejectedLogEventsInfo> rejected;
};

Sorted sort_batch(const Batch& batch, const LogGroupRow& group, Time now) {
  const auto begins_at = [&](std::int64_t ms) {
    const auto found = std::partition_point(batch.begin(), batch.end(), [&](const InputLogEvent& event) {
      return event.timestamp.value_or(0) < ms;
    });
    return static_cast<std::size_t>(found - batch.begin());
  };
  std::int64_t expired_ms = unix_ms(group.expired_before);
  if (group.retention_days) expired_ms = std::max(expired_ms, unix_ms(now) - *group.retention_days * day_ms);
  const std::size_t too_old = begins_at(unix_ms(now) - past_ms_max);
  const std::size_t expired = begins_at(expired_ms);
  const std::size_t too_new = begins_at(unix_ms(now) + future_ms_max + 1);
  Sorted sorted{std::max(too_old, expired), too_new, std::nullopt};
  if (sorted.first == 0 && too_new == batch.size()) return sorted;
  sorted.rejected.emplace();
  if (too_old > 0) sorted.rejected->too_old_log_event_end_index = static_cast<std::int64_t>(too_old);
  if (expired > 0) sorted.rejected->expired_log_event_end_index = static_cast<std::int64_t>(expired);
  if (too_new < batch.size()) {
    sorted.rejected->too_new_log_event_start_index = static_cast<std::int64_t>(too_new);
  }
  return sorted;
}

}  // namespace

Result<PutLogEventsResponse> put_log_events(Context& context, const PutLogEventsRequest& input) {
  auto group = find_group(context.store, input.log_group_name);
  if (!group) return group.error();
  const std::string stream = input.log_stream_name.value_or("");
  if (!context.store.find<LogStreamRow>(LogStreamRow::key_of((*group)->name, stream)))
    return stream_missing();
  const auto& batch = services::list_of(input.log_events);
  if (auto checked = check_batch(batch); !checked) return checked.error();
  const Sorted sorted = sort_batch(batch, **group, context.now());
  std::vector<NewEvent> events;
  for (std::size_t i = sorted.first; i < sorted.last; ++i) {
    events.push_back({from_unix_ms(*batch[i].timestamp), batch[i].message.value_or("")});
  }
  append_events(context.store, context.log_events, (*group)->name, stream, std::move(events), context.now());
  PutLogEventsResponse response;
  response.next_sequence_token = unused_sequence_token();
  response.rejected_log_events_info = sorted.rejected;
  return response;
}

}  // namespace berth::logs
