// Text of the HAProxy configuration language: names made from ARNs, words quoted so that no value of a user's
// can end its word or line, wildcards as regular expressions. It knows the language, not what is configured.
#pragma once

#include <string>
#include <string_view>

namespace berth::host::haproxy {

// A name for a section: "<prefix>_<name of the resource>_<8 hex digits of the ARN's hash>".
std::string section_name(std::string_view prefix, std::string_view arn);

// One word of the configuration, whatever bytes it holds.
std::string word(std::string_view text);
// The text as part of a log-format string (before word() is applied).
std::string log_format_literal(std::string_view text);

bool has_wildcard(std::string_view pattern);
// `*` any run, `?` any one character of `any`; everything else stands for itself. Not anchored.
std::string wildcard_regex(std::string_view pattern, std::string_view any = ".");

}  // namespace berth::host::haproxy
