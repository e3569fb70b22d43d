// JSON for the whole project: Boost.JSON under one name, with the few readers that the library lacks.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace berth {

namespace json = boost::json;

struct JsonError {
  int line = 1;  // 1-based
  int column = 1;
  std::string message;
};

// Parses one complete document. On failure `error` says where.
bool parse_json(std::string_view text, json::value& out, JsonError& error);

// Member of an object by name, or null when `value` is no object or has no such member.
const json::value* find(const json::value& value, std::string_view member);

// The member's string, or `fallback` when it is absent or no string.
std::string string_or(const json::value& value, std::string_view member, std::string_view fallback = {});

// Indented by two spaces, for files and terminals that people read.
std::string pretty(const json::value& value);

}  // namespace berth
