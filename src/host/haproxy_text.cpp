#include "host/haproxy_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/digest.h"
#include "base/text.h"

namespace berth::host::haproxy {
namespace {

bool is_alnum(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}
bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

// "loadbalancer/app/web/50dc6c495c0c9188" and "targetgroup/web/73e2d6bc24d8a067" are both named "web".
std::string resource_name(std::string_view arn) {
  const auto parts = split(arn, '/');
  std::string name = parts.size() >= 3 ? parts[parts.size() - 2] : "x";
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_alnum(c) && c != '-'; }, '-');
  return name;
}

std::string in_weak_quotes(char c) {
  switch (c) {
    case '\r':
      return "\\r";
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '"':
    case '\\':
    case '$':
      return std::string("\\") + c;
    default:
      return is_printable(c) ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

std::string section_name(std::string_view prefix, std::string_view arn) {
  return fmt::format("{}_{}_{}", prefix, resource_name(arn), hex(sha256(arn)).substr(0, 8));
}

std::string word(std::string_view text) {
  const auto is_plain = [](char c) {
    return is_alnum(c) || std::string_view("-_./:,=@").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  const auto is_quotable = [](char c) { return is_printable(c) && c != '\''; };
  if (std::all_of(text.begin(), text.end(), is_quotable)) return fmt::format("'{}'", text);
  std::string quoted = "\"";
  for (const char c : text) quoted += in_weak_quotes(c);
  return quoted + "\"";
}

std::string log_format_literal(std::string_view text) {
  return replace_all(std::string(text), "%", "%%");
}

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?") != std::string_view::npos;
}

std::string wildcard_regex(std::string_view pattern, std::string_view any) {
  std::string regex;
  for (const char c : pattern) {
    if (c == '*') {
      regex += std::string(any) + "*";
    } else if (c == '?') {
      regex += any;
    } else if (is_alnum(c) || c == '_' || c == '/' || c == '-' || static_cast<unsigned char>(c) >= 0x80) {
      regex += c;
    } else {
      regex +=
          is_printable(c) ? std::string("\\") + c : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return regex;
}

}  // namespace berth::host::haproxy
