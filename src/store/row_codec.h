// Rows of the store as JSON text. A row is a struct described by BOOST_DESCRIBE_STRUCT whose members are scalars,
// enumerations (BOOST_DESCRIBE_ENUM), Time, Duration, optionals, vectors, maps, other described structs, or shapes
// generated from AWS's schemas. A member that an older store lacks keeps its default; one it has too much is ignored.
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "loop/time.h"
#include "model/json_codec.h"

namespace berth::row_codec {

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_any_access>;

inline json::value write(bool value) { return value; }
inline json::value write(const std::string& value) { return json::string(value); }
inline json::value write(const json::value& value) { return value; }
inline json::value write(Time value) { return value.us; }
template <class Tag>
json::value write(Span<Tag> value) {
  return value.us;
}
template <class T>
  requires std::is_arithmetic_v<T>
json::value write(T value) {
  return value;
}
template <DescribedEnum T>
json::value write(T value) {
  return json::string(boost::describe::enum_to_string(value, ""));
}

template <class T>
  requires std::is_class_v<T>
json::value write(const T& value);

template <class T>
json::value write(const std::optional<T>& value) {
  return value ? write(*value) : json::value(nullptr);
}
template <class T>
json::value write(const std::vector<T>& values) {
  json::array out;
  for (const auto& value : values) out.push_back(write(static_cast<const T&>(value)));
  return out;
}
template <class T>
json::value write(const std::set<T>& values) {
  json::array out;
  for (const auto& value : values) out.push_back(write(value));
  return out;
}
template <class T>
json::value write(const std::map<std::string, T>& values) {
  json::object out;
  for (const auto& [key, value] : values) out[key] = write(value);
  return out;
}

template <class T>
  requires std::is_class_v<T>
json::value write(const T& value) {
  if constexpr (Described<T>) {
    json::object out;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) { out[member.name] = write(value.*member.pointer); });
    return out;
  } else {
    return model::to_json(value);
  }
}

// Each reader leaves its target alone when the document does not fit.
inline void read(const json::value& from, bool& to) {
  if (from.is_bool()) to = from.get_bool();
}
inline void read(const json::value& from, std::string& to) {
  if (from.is_string()) to = std::string(from.get_string());
}
inline void read(const json::value& from, json::value& to) { to = from; }
inline void read(const json::value& from, Time& to) {
  if (from.is_number()) to.us = from.to_number<std::int64_t>();
}
template <class Tag>
void read(const json::value& from, Span<Tag>& to) {
  if (from.is_number()) to.us = from.to_number<std::int64_t>();
}
template <class T>
  requires std::is_arithmetic_v<T>
void read(const json::value& from, T& to) {
  if (from.is_number()) to = from.to_number<T>();
}
template <DescribedEnum T>
void read(const json::value& from, T& to) {
  if (from.is_string()) boost::describe::enum_from_string(from.get_string().c_str(), to);
}

template <class T>
  requires std::is_class_v<T>
void read(const json::value& from, T& to);

template <class T>
void read(const json::value& from, std::optional<T>& to) {
  if (from.is_null()) {
    to.reset();
  } else {
    read(from, to.emplace());
  }
}
template <class T>
void read(const json::value& from, std::vector<T>& to) {
  const auto* array = from.if_array();
  if (!array) return;
  to.clear();
  for (const auto& element : *array) read(element, to.emplace_back());
}
template <class T>
void read(const json::value& from, std::set<T>& to) {
  const auto* array = from.if_array();
  if (!array) return;
  to.clear();
  for (const auto& element : *array) {
    T value{};
    read(element, value);
    to.insert(std::move(value));
  }
}
template <class T>
void read(const json::value& from, std::map<std::string, T>& to) {
  const auto* object = from.if_object();
  if (!object) return;
  to.clear();
  for (const auto& entry : *object) read(entry.value(), to[std::string(entry.key())]);
}

template <class T>
  requires std::is_class_v<T>
void read(const json::value& from, T& to) {
  if constexpr (Described<T>) {
    const auto* object = from.if_object();
    if (!object) return;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      if (const auto* value = object->if_contains(member.name)) read(*value, to.*member.pointer);
    });
  } else {
    if (auto value = model::from_json<T>(from)) to = std::move(*value);
  }
}

}  // namespace berth::row_codec
