// Small operations on text that the standard library lacks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string replace_all(std::string text, std::string_view what, std::string_view with);

// The whole text as a number, or nullopt.
std::optional<long long> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);

// Shortest decimal that reads back as the same double: 40.0 -> "40", 0.1 -> "0.1".
std::string shortest(double value);
// As Java prints a double, which is how CloudWatch's texts do: 40.0 -> "40.0".
std::string java_double(double value);

// `*` any run, `?` any one character; case-sensitive, the whole text must match.
bool matches_wildcard(std::string_view pattern, std::string_view text);

// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);

}  // namespace berth
