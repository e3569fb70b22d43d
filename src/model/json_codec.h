// Shapes as JSON text: the body of AWS's JSON protocols, and the form in which shapes are stored.
#pragma once

#include <string>

#include "base/result.h"
#include "model/shape.h"

namespace berth::model {

// Appends the object. Absent members are left out; times are seconds since the epoch with milliseconds.
void write_json(const Shape& shape, const void* object, std::string& out);

// Fills `object` (fresh) from a document. Unknown members are ignored, as AWS does; a member of the wrong type is a
// SerializationException that names it.
Result<> read_json(const Shape& shape, const json::value& document, void* object);

// As above from a CloudFormation template's properties: names differ in the case of their first letter, scalars may
// come as text, and an unknown property is refused. The error's code is `property_mismatch`, its text as
// CloudFormation's schemas put it: `#/RetentionInDays: expected type: Integer, found: JSONArray`.
inline constexpr std::string_view property_mismatch = "PropertyMismatch";
Result<> read_properties(const Shape& shape, const json::value& properties, void* object);

template <class T>
std::string to_json_text(const T& object) {
  std::string out;
  write_json(shape_of<T>(), &object, out);
  return out;
}

template <class T>
json::value to_json(const T& object) {
  return json::parse(to_json_text(object));
}

template <class T>
Result<T> from_json(const json::value& document) {
  T object;
  if (auto read = read_json(shape_of<T>(), document, &object); !read) return read.error();
  return object;
}

template <class T>
Result<T> from_properties(const json::value& properties) {
  T object;
  if (auto read = read_properties(shape_of<T>(), properties, &object); !read) return read.error();
  return object;
}

// Text of a JSON string with its quotes.
void write_json_string(std::string_view text, std::string& out);
// Integral values without a fraction, NaN and infinities as text, as AWS does.
void write_json_number(double value, std::string& out);

}  // namespace berth::model
