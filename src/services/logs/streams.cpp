// CloudWatch Logs: streams.
#include <fmt/format.h>

#include <algorithm>

#include "handlers/logs.h"
#include "services/logs/listing.h"
#include "services/logs/rows.h"
#include "store/log_events.h"

namespace berth::logs {
namespace {

constexpr std::size_t stream_name_characters_max = 512;

Result<> check_stream_name(const std::string& name) {
  const auto refused = [&](const std::string& constraint) {
    return invalid_parameter(fmt::format(
        "1 validation error detected: Value '{}' at 'logStreamName' failed to satisfy constraint: Member "
        "must {}",
        name, constraint));
  };
  if (name.empty()) return refused("have length greater than or equal to 1");
  if (name.size() > stream_name_characters_max) return refused("have length less than or equal to 512");
  if (name.find_first_of(":*") != std::string::npos) {
    return refused("satisfy regular expression pattern: [^:*]*");
  }
  return {};
}

std::optional<std::int64_t> milliseconds(const std::optional<Time>& time) {
  if (!time) return std::nullopt;
  return unix_ms(*time);
}

LogStream describe(const Context& context, const LogStreamRow& row) {
  LogStream stream;
  stream.log_stream_name = row.name;
  stream.creation_time = unix_ms(row.created_at);
  stream.first_event_timestamp = milliseconds(row.first_event);
  stream.last_event_timestamp = milliseconds(row.last_event);
  stream.last_ingestion_time = milliseconds(row.last_ingestion);
  stream.upload_sequence_token = unused_sequence_token();
  stream.arn = fmt::format("{}:log-stream:{}", group_arn(context.settings, row.group), row.name);
  stream.stored_bytes = row.stored_bytes;
  return stream;
}

}  // namespace

Result<CreateLogStreamOutput> create_log_stream(Context& context, const CreateLogStreamRequest& input) {
  auto group = find_group(context.store, input.log_group_name);
  if (!group) return group.error();
  LogStreamRow row;
  row.group = (*group)->name;
  row.name = input.log_stream_name.value_or("");
  if (auto checked = check_stream_name(row.name); !checked) return checked.error();
  if (context.store.find<LogStreamRow>(row.key())) {
    return Error{"ResourceAlreadyExistsException", "The specified log stream already exists"};
  }
  row.created_at = context.now();
  context.store.put(std::move(row));
  return CreateLogStreamOutput{};
}

Result<DeleteLogStreamOutput> delete_log_stream(Context& context, const DeleteLogStreamRequest& input) {
  auto group = find_group(context.store, input.log_group_name);
  if (!group) return group.error();
  const std::string stream = input.log_stream_name.value_or("");
  const std::string key = LogStreamRow::key_of((*group)->name, stream);
  if (!context.store.find<LogStreamRow>(key)) return stream_missing();
  if (auto erased = context.log_events.erase((*group)->name, stream, std::nullopt); !erased)
    return erased.error();
  context.store.erase<LogStreamRow>(key);
  return DeleteLogStreamOutput{};
}

Result<DescribeLogStreamsResponse> describe_log_streams(Context& context,
                                                        const DescribeLogStreamsRequest& input) {
  auto group = find_group(context.store, input.log_group_name, input.log_group_identifier);
  if (!group) return group.error();
  const std::string order = input.order_by.value_or("LogStreamName");
  const bool by_event = order == "LastEventTime";
  if (by_event && input.log_stream_name_prefix) {
    return invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  const std::int64_t limit = input.limit.value_or(listing_page_max);
  if (limit < 1 || limit > listing_page_max) {
    return invalid_parameter(fmt::format(
        "1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must "
        "have value less than or equal to 50",
        limit));
  }
  auto rows = streams_of(context.store, (*group)->name);
  std::erase_if(rows, [&](const LogStreamRow* row) {
    return !row->name.starts_with(input.log_stream_name_prefix.value_or(""));
  });
  if (by_event) {
    std::stable_sort(rows.begin(), rows.end(), [](const LogStreamRow* a, const LogStreamRow* b) {
      return a->last_event.value_or(Time{}) < b->last_event.value_or(Time{});
    });
  }
  if (input.descending.value_or(false)) std::reverse(rows.begin(), rows.end());
  auto page = services::page_of(
      std::move(rows), input.next_token, limit, [](const LogStreamRow* row) { return row->name; }, bad_token);
  if (!page) return page.error();
  DescribeLogStreamsResponse response;
  response.log_streams.emplace();
  for (const auto* row : page->items) response.log_streams->push_back(describe(context, *row));
  response.next_token = std::move(page->next_token);
  return response;
}

}  // namespace berth::logs
