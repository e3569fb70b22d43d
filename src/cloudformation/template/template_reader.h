// The text of a template, YAML or JSON, becomes one json::value: members in the order written, the short YAML
// tags
// (!Ref, !Sub, ...) in their long form, every scalar a string with the text it had (`40.0` stays `40.0`, a
// date stays a date). It does not know what a template must contain; parse_template() does.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace berth::cfn {

inline constexpr std::size_t template_body_bytes_max = 51'200;    // TemplateBody
inline constexpr std::size_t template_url_bytes_max = 1'000'000;  // TemplateURL
inline constexpr int template_depth_max = 100;                    // nested lists and maps

// The result is always an object. Booleans of YAML 1.1 (yes, on, True, ...) become `true` and `false` as on
// AWS; nulls stay null, which parse_template() refuses. Duplicate keys, aliases and unknown tags are refused.
Result<json::value> read_template(std::string_view text, std::size_t bytes_max = template_body_bytes_max);

}  // namespace berth::cfn
