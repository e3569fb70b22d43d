#include <cstdlib>
#include <limits>

#include "json.h"

namespace learner {
namespace {

constexpr std::size_t integer_digits_max = 4300;  // sys.int_info.default_max_str_digits

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_code_point(std::string& out, unsigned code) {
  auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

void set_member(Object& members, std::string name, Value value) {
  for (Member& member : members) {
    if (member.first != name) continue;
    member.second = std::move(value);
    return;
  }
  members.emplace_back(std::move(name), std::move(value));
}

// Follows the order in which CPython's scanner looks at its text, since that decides which error is seen. A
// function that returns false has set the error; `at_` is in bytes.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::variant<Value, DecodeError, Unreadable> document() {
    Value value;
    skip_space();
    if (!read_value(value)) return failure();
    skip_space();
    if (at_ != text_.size()) {
      fail("Extra data", at_);
      return failure();
    }
    return value;
  }

 private:
  std::variant<Value, DecodeError, Unreadable> failure() const {
    if (unreadable_) return Unreadable{};
    std::size_t characters = 0;
    for (char c : text_.substr(0, failed_at_)) characters += (c & 0xC0) != 0x80;
    return DecodeError{message_, characters};
  }

  bool fail(const char* message, std::size_t at) {
    message_ = message;
    failed_at_ = at;
    return false;
  }

  bool refuse() {
    unreadable_ = true;
    return false;
  }

  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  bool skip_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool read_value(Value& out) {
    if (next_is('"')) {
      std::string text;
      if (!read_string(text)) return false;
      out = Value(std::move(text));
      return true;
    }
    if (next_is('{') || next_is('[')) {
      if (depth_ == depth_max) return refuse();
      ++depth_;
      bool ok = next_is('{') ? read_object(out) : read_array(out);
      --depth_;
      return ok;
    }
    return read_word(out) || read_number(out);
  }

  bool read_word(Value& out) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (skip_word("null"))
      out = Value(nullptr);
    else if (skip_word("true"))
      out = Value(true);
    else if (skip_word("false"))
      out = Value(false);
    else if (skip_word("NaN"))
      out = Value(std::numeric_limits<double>::quiet_NaN());
    else if (skip_word("Infinity"))
      out = Value(infinity);
    else if (skip_word("-Infinity"))
      out = Value(-infinity);
    else
      return false;
    return true;
  }

  std::size_t skip_digits(std::size_t at) const {
    while (at < text_.size() && is_digit(text_[at])) ++at;
    return at;
  }

  bool read_number(Value& out) {
    std::size_t end = at_ + next_is('-');
    if (end >= text_.size() || !is_digit(text_[end])) return fail("Expecting value", at_);
    std::size_t digits = end;
    end = text_[end] == '0' ? end + 1 : skip_digits(end);
    std::size_t digit_count = end - digits;
    bool whole = true;
    auto extend = [&](std::size_t from) {
      std::size_t to = skip_digits(from);
      if (to == from) return;
      end = to;
      whole = false;
    };
    if (end < text_.size() && text_[end] == '.') extend(end + 1);
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      bool sign = end + 1 < text_.size() && (text_[end + 1] == '+' || text_[end + 1] == '-');
      extend(end + 1 + sign);
    }
    std::string number(text_.substr(at_, end - at_));
    if (whole && digit_count > integer_digits_max) return refuse();
    at_ = end;
    if (!whole)
      out = Value(std::strtod(number.c_str(), nullptr));
    else
      out = Value(Integer{number == "-0" ? "0" : number});
    return true;
  }

  bool read_array(Value& out) {
    Array items;
    ++at_;
    skip_space();
    while (!next_is(']')) {
      Value item;
      if (!read_value(item)) return false;
      items.push_back(std::move(item));
      skip_space();
      if (next_is(']')) break;
      if (!next_is(',')) return fail("Expecting ',' delimiter", at_);
      ++at_;
      skip_space();
      if (next_is(']')) return fail("Expecting value", at_);
    }
    ++at_;
    out = Value(std::move(items));
    return true;
  }

  bool read_object(Value& out) {
    Object members;
    ++at_;
    skip_space();
    bool first = true;
    while (!(first && next_is('}'))) {
      first = false;
      if (!next_is('"')) return fail("Expecting property name enclosed in double quotes", at_);
      if (!read_member(members)) return false;
      skip_space();
      if (next_is('}')) break;
      if (!next_is(',')) return fail("Expecting ',' delimiter", at_);
      ++at_;
      skip_space();
    }
    ++at_;
    out = Value(std::move(members));
    return true;
  }

  bool read_member(Object& members) {
    std::string name;
    if (!read_string(name)) return false;
    skip_space();
    if (!next_is(':')) return fail("Expecting ':' delimiter", at_);
    ++at_;
    skip_space();
    Value value;
    if (!read_value(value)) return false;
    set_member(members, std::move(name), std::move(value));
    return true;
  }

  bool read_string(std::string& out) {
    std::size_t begin = at_++;
    for (;;) {
      if (at_ == text_.size()) return fail("Unterminated string starting at", begin);
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (at_ + 1 == text_.size()) return fail("Unterminated string starting at", begin);
        if (!read_escape(out)) return false;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) return fail("Invalid control character at", at_);
      out += c;
      ++at_;
    }
  }

  bool read_escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    char letter = text_[at_ + 1];
    if (letter == 'u') return read_unicode_escape(out);
    std::size_t which = letters.find(letter);
    if (which == std::string_view::npos) return fail("Invalid \\escape", at_);
    out += meanings[which];
    at_ += 2;
    return true;
  }

  // Four hexadecimal digits at `at`, or -1.
  int hex4(std::size_t at) const {
    int code = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      int digit = i < text_.size() ? hex_digit(text_[i]) : -1;
      if (digit < 0) return -1;
      code = code * 16 + digit;
    }
    return code;
  }

  bool read_unicode_escape(std::string& out) {
    int code = hex4(at_ + 2);
    // The digits must be followed by something, or CPython finds the escape cut off.
    if (code < 0 || at_ + 6 >= text_.size()) return fail("Invalid \\uXXXX escape", at_ + 1);
    at_ += 6;
    bool high = code >= 0xD800 && code <= 0xDBFF;
    if (high && at_ + 6 < text_.size() && text_.substr(at_, 2) == "\\u") {
      int low = hex4(at_ + 2);
      if (low < 0) return fail("Invalid \\uXXXX escape", at_ + 1);
      if (low >= 0xDC00 && low <= 0xDFFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        at_ += 6;
      }
    }
    append_code_point(out, static_cast<unsigned>(code));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  const char* message_ = "";
  std::size_t failed_at_ = 0;
  bool unreadable_ = false;
};

}  // namespace

std::variant<Value, DecodeError, Unreadable> parse_json(std::string_view bytes) {
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
  if (!is_utf8(bytes, true)) return Unreadable{};
  return Parser(bytes).document();
}

}  // namespace learner
