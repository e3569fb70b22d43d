#include "base/json.h"

#include <algorithm>
#include <boost/json/src.hpp>

namespace berth {

bool parse_json(std::string_view text, json::value& out, JsonError& error) {
  json::error_code code;
  json::stream_parser parser;
  const std::size_t used = parser.write_some(text.data(), text.size(), code);
  std::size_t stopped_at = used;
  if (!code) {
    const auto rest = text.substr(used);
    const auto extra = rest.find_first_not_of(" \t\r\n");
    if (extra != std::string_view::npos) {
      code = json::error::extra_data;
      stopped_at = used + extra;
    } else {
      parser.finish(code);
    }
  }
  if (code) {
    const auto before = text.substr(0, stopped_at);
    const auto last_newline = before.rfind('\n');
    error.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    error.column = 1 + static_cast<int>(last_newline == std::string_view::npos
                                            ? before.size()
                                            : before.size() - last_newline - 1);
    error.message = code.message();
    return false;
  }
  out = parser.release();
  return true;
}

const json::value* find(const json::value& value, std::string_view member) {
  const auto* object = value.if_object();
  return object ? object->if_contains(member) : nullptr;
}

std::string string_or(const json::value& value, std::string_view member, std::string_view fallback) {
  const auto* found = find(value, member);
  const auto* text = found ? found->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string(fallback);
}

namespace {

void write_pretty(const json::value& value, std::size_t depth, std::string& out) {
  const std::string inner(2 * (depth + 1), ' ');
  const std::string outer(2 * depth, ' ');
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    for (auto it = object->begin(); it != object->end(); ++it) {
      if (it != object->begin()) out += ",\n";
      out += inner + json::serialize(it->key()) + ": ";
      write_pretty(it->value(), depth + 1, out);
    }
    out += "\n" + outer + "}";
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += "[\n";
    for (auto it = array->begin(); it != array->end(); ++it) {
      if (it != array->begin()) out += ",\n";
      out += inner;
      write_pretty(*it, depth + 1, out);
    }
    out += "\n" + outer + "]";
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string pretty(const json::value& value) {
  std::string out;
  write_pretty(value, 0, out);
  return out;
}

}  // namespace berth
