// JSON as Python's `json` module reads and writes it: its error texts and positions, its spelling of numbers,
// its escapes, and `repr` for log lines. Clients of the article's application see these bytes, which is why a
// general JSON library does not do. It is not a fast parser, and a document deeper than `depth_max` is
// refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace learner {

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;
using Object = std::vector<Member>;  // in order of first appearance, names are unique

// Python's integers have no bound, so they are kept as their digits.
struct Integer {
  std::string digits;
};

class Value {
 public:
  using Data = std::variant<std::nullptr_t, bool, Integer, double, std::string, Array, Object>;

  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(Integer{std::to_string(value)}) {}
  Value(Integer value) : data_(std::move(value)) {}
  Value(double value) : data_(value) {}
  Value(const char* text) : data_(std::string(text)) {}
  Value(std::string text) : data_(std::move(text)) {}
  Value(Array items) : data_(std::move(items)) {}
  Value(Object members) : data_(std::move(members)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(data_); }
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const Array* as_array() const { return std::get_if<Array>(&data_); }
  const Object* as_object() const { return std::get_if<Object>(&data_); }
  const Data& data() const { return data_; }

  // The member of that name, or null when there is none or this is no object.
  const Value* find(std::string_view name) const;

 private:
  Data data_ = nullptr;
};

inline constexpr int depth_max = 200;

// json.JSONDecodeError; `position` counts characters, not bytes.
struct DecodeError {
  std::string message;
  std::size_t position = 0;
};
// What Python answers with another exception: text that is no UTF-8, too deep, or an integer of over 4,300
// digits.
struct Unreadable {};

std::variant<Value, DecodeError, Unreadable> parse_json(std::string_view bytes);

// json.dumps(value, ensure_ascii=False, separators=(",", ":")).
std::string to_json(const Value& value);

// Python refuses to send what JSON or UTF-8 cannot carry: NaN, infinities, lone surrogates.
bool is_sendable(const Value& value);

// True when the bytes are UTF-8; surrogates (as an escape like \ud800 leaves them) pass when `surrogates` is
// set.
bool is_utf8(std::string_view bytes, bool surrogates);

// repr(value), as `{value}` in a log message prints it.
std::string repr(const Value& value);

}  // namespace learner
