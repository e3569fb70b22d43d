// EventBridge's event patterns: whether a pattern is well formed, and whether an event matches it. Pure;
// which rules have which patterns, others know.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace berth::control {

// The document that the text states, or InvalidEventPatternException.
Result<json::value> parse_event_pattern(std::string_view text);

// `pattern` is what parse_event_pattern() gave.
bool matches_event(const json::value& pattern, const json::value& event);

}  // namespace berth::control
