#include "json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace learner {
namespace {

// One character of UTF-8 at the front of `bytes`: its length, or 0 when there is none. `code` is set.
std::size_t decode_one(std::string_view bytes, unsigned& code) {
  auto byte = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  unsigned first = byte(0);
  if (first < 0x80) {
    code = first;
    return 1;
  }
  std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() < length) return 0;
  code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  return overlong || code > 0x10FFFF ? 0 : length;
}

bool is_surrogate(unsigned code) {
  return code >= 0xD800 && code <= 0xDFFF;
}

void append_hex(std::string& out, unsigned code, int width) {
  constexpr char digits[] = "0123456789abcdef";
  for (int shift = (width - 1) * 4; shift >= 0; shift -= 4) out += digits[code >> shift & 0xF];
}

// repr(float): the shortest digits that read back, in scientific notation from 1e16 up and below 1e-4.
std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[64];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  std::string text(buffer, end);
  std::size_t e = text.find('e');
  int exponent = std::stoi(text.substr(e + 1));
  if (exponent >= 16 || exponent < -4) return text;
  std::string sign = text[0] == '-' ? "-" : "";
  std::string digits = text.substr(sign.size(), e - sign.size());
  std::erase(digits, '.');
  if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  std::string fraction = digits.substr(whole);
  return sign + digits.substr(0, whole) + "." + (fraction.empty() ? "0" : fraction);
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view specials = "\"\\\b\f\n\r\t";
  constexpr std::string_view letters = "\"\\bfnrt";
  out += '"';
  for (char c : text) {
    std::size_t which = specials.find(c);
    if (which != std::string_view::npos) {
      out += '\\';
      out += letters[which];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u";
      append_hex(out, static_cast<unsigned char>(c), 4);
    } else {
      out += c;
    }
  }
  out += '"';
}

// The greater part of what str.isprintable() denies: controls, separators other than space, format
// characters, surrogates and private use.
bool is_printable(unsigned code) {
  constexpr std::pair<unsigned, unsigned> hidden[] = {
      {0x00, 0x1F},     {0x7F, 0xA0},       {0xAD, 0xAD},     {0x600, 0x605},   {0x61C, 0x61C},
      {0x6DD, 0x6DD},   {0x1680, 0x1680},   {0x180E, 0x180E}, {0x2000, 0x200F}, {0x2028, 0x202F},
      {0x205F, 0x206F}, {0x3000, 0x3000},   {0xD800, 0xF8FF}, {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB},
      {0xFFFE, 0xFFFF}, {0xE0000, 0x10FFFF}};
  return std::none_of(std::begin(hidden), std::end(hidden),
                      [code](auto range) { return code >= range.first && code <= range.second; });
}

void append_code_repr(std::string& out, unsigned code) {
  if (code <= 0xFF) {
    out += "\\x";
    append_hex(out, code, 2);
  } else if (code <= 0xFFFF) {
    out += "\\u";
    append_hex(out, code, 4);
  } else {
    out += "\\U";
    append_hex(out, code, 8);
  }
}

std::string string_repr(std::string_view text) {
  bool double_quoted = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  char quote = double_quoted ? '"' : '\'';
  std::string out(1, quote);
  while (!text.empty()) {
    unsigned code = 0xFFFF;
    std::size_t length = std::max<std::size_t>(1, decode_one(text, code));
    if (code == static_cast<unsigned char>(quote) || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code == '\t') {
      out += "\\t";
    } else if (is_printable(code)) {
      out += text.substr(0, length);
    } else {
      append_code_repr(out, code);
    }
    text.remove_prefix(length);
  }
  return out + quote;
}

// Both spellings share their shape: brackets around items with separators between.
struct JsonSpelling {
  static constexpr std::string_view comma = ",", colon = ":";
  static std::string of(std::nullptr_t) { return "null"; }
  static std::string of(bool value) { return value ? "true" : "false"; }
  static std::string of(const Integer& value) { return value.digits; }
  static std::string of(double value) { return float_repr(value); }
  static std::string of(const std::string& text) {
    std::string out;
    append_json_string(out, text);
    return out;
  }
};

struct PythonSpelling {
  static constexpr std::string_view comma = ", ", colon = ": ";
  static std::string of(std::nullptr_t) { return "None"; }
  static std::string of(bool value) { return value ? "True" : "False"; }
  static std::string of(const Integer& value) { return value.digits; }
  static std::string of(double value) { return float_repr(value); }
  static std::string of(const std::string& text) { return string_repr(text); }
};

template <class Spelling>
void append(std::string& out, const Value& value) {
  std::string_view separator;
  if (const Array* items = value.as_array()) {
    out += '[';
    for (const Value& item : *items) {
      out += std::exchange(separator, Spelling::comma);
      append<Spelling>(out, item);
    }
    out += ']';
  } else if (const Object* members = value.as_object()) {
    out += '{';
    for (const auto& [name, member] : *members) {
      out += std::exchange(separator, Spelling::comma);
      out += Spelling::of(name);
      out += Spelling::colon;
      append<Spelling>(out, member);
    }
    out += '}';
  } else {
    std::visit(
        [&out](const auto& scalar) {
          if constexpr (requires { Spelling::of(scalar); }) out += Spelling::of(scalar);
        },
        value.data());
  }
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  const Object* members = as_object();
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

std::string to_json(const Value& value) {
  std::string out;
  append<JsonSpelling>(out, value);
  return out;
}

std::string repr(const Value& value) {
  std::string out;
  append<PythonSpelling>(out, value);
  return out;
}

bool is_utf8(std::string_view bytes, bool surrogates) {
  while (!bytes.empty()) {
    unsigned code = 0;
    std::size_t length = decode_one(bytes, code);
    if (length == 0 || (is_surrogate(code) && !surrogates)) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

bool is_sendable(const Value& value) {
  if (const double* number = std::get_if<double>(&value.data())) return std::isfinite(*number);
  if (const std::string* text = value.as_string()) return is_utf8(*text, false);
  if (const Array* items = value.as_array()) return std::all_of(items->begin(), items->end(), is_sendable);
  if (const Object* members = value.as_object()) {
    return std::all_of(members->begin(), members->end(), [](const Member& member) {
      return is_utf8(member.first, false) && is_sendable(member.second);
    });
  }
  return true;
}

}  // namespace learner
