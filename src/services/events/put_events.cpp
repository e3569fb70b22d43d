// EventBridge: events from outside, and trying a pattern on one.
#include <algorithm>

#include "control/event_pattern.h"
#include "handlers/events.h"
#include "services/events/lookup.h"
#include "services/events/publish.h"
#include "services/lists.h"

namespace berth::events {
namespace {

constexpr std::size_t request_bytes_max = 262'144;

// As AWS counts: 14 bytes for a time, and the UTF-8 of the rest.
std::size_t size_of(const PutEventsRequestEntry& entry) {
  std::size_t bytes = entry.time ? 14 : 0;
  for (const auto* text : {&entry.source, &entry.detail_type, &entry.detail})
    bytes += (*text).value_or("").size();
  for (const auto& resource : services::list_of(entry.resources)) bytes += resource.size();
  return bytes;
}

Result<json::value> detail_of(const PutEventsRequestEntry& entry) {
  const auto missing = [](const std::string& name) {
    return Error{"InvalidArgument",
                 "Parameter " + name + " is not valid. Reason: " + name + " is a required argument."};
  };
  if (entry.source.value_or("").empty()) return missing("Source");
  if (entry.detail_type.value_or("").empty()) return missing("DetailType");
  if (!entry.detail) return missing("Detail");
  if (entry.source->starts_with("aws.")) {
    return Error{"NotAuthorizedForSourceException", "Not authorized for the source."};
  }
  json::value detail;
  JsonError error;
  if (!parse_json(*entry.detail, detail, error) || !detail.is_object()) {
    return Error{"MalformedDetail", "Detail is malformed."};
  }
  return detail;
}

Result<std::string> put_event(Context& context, const PutEventsRequestEntry& entry) {
  auto detail = detail_of(entry);
  if (!detail) return detail.error();
  NewEvent event;
  event.id = random_uuid(context.ids());
  event.source = *entry.source;
  event.detail_type = *entry.detail_type;
  event.resources = services::list_of(entry.resources);
  event.detail = std::move(*detail);
  event.time = entry.time.value_or(context.now());
  publish(context.store, event_document(context.settings, event), context.now());
  return event.id;
}

}  // namespace

Result<PutEventsResponse> put_events(Context& context, const PutEventsRequest& input) {
  if (input.endpoint_id) return unsupported("global endpoints");
  std::size_t bytes = 0;
  for (const auto& entry : *input.entries) {
    bytes += size_of(entry);
    if (auto known = check_bus(context.settings, entry.event_bus_name); !known) return known.error();
  }
  if (bytes > request_bytes_max)
    return invalid("Total size of the entries in the request is over the limit.");
  PutEventsResponse response;
  response.failed_entry_count = 0;
  response.entries.emplace();
  for (const auto& entry : *input.entries) {
    const auto id = put_event(context, entry);
    auto& result = response.entries->emplace_back();
    if (id) {
      result.event_id = *id;
    } else {
      result.error_code = id.error().code;
      result.error_message = id.error().message;
      ++*response.failed_entry_count;
    }
  }
  return response;
}

Result<TestEventPatternResponse> test_event_pattern(Context&, const TestEventPatternRequest& input) {
  const auto pattern = control::parse_event_pattern(*input.event_pattern);
  if (!pattern) return pattern.error();
  json::value event;
  JsonError error;
  bool good = parse_json(*input.event, event, error) && event.is_object();
  for (const char* member : {"id", "account", "source", "time", "region", "resources", "detail-type"}) {
    good = good && find(event, member);
  }
  if (!good) return invalid("Parameter Event is not valid.");
  return TestEventPatternResponse{control::matches_event(*pattern, event)};
}

}  // namespace berth::events
