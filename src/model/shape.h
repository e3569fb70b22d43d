// Descriptors of AWS's shapes: what the generated structs look like in memory and on the wire. One generic walker
// per protocol works from them; nobody writes parsing for an operation. Generated code defines the descriptors
// (tools/modelgen), this header what they are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "loop/time.h"
#include "model/box.h"

namespace berth::model {

// In C++: bool, int64_t, double, std::string, Time, std::string, json::value, vector, map by string, struct.
enum class Kind : std::uint8_t {
  boolean,
  integer,
  number,
  string,
  timestamp,
  blob,
  document,
  list,
  map,
  structure
};

struct Shape;

// Access to one std::optional<T> without knowing T.
struct Slot {
  const void* (*get)(const void* slot);  // null when absent
  void* (*set)(void* slot);              // makes it present with a default value
};

// Where a REST request or answer has a member.
enum class Location : std::uint8_t { body, label, query, header, prefix_headers, payload };

struct Member {
  const char* name;      // as JSON and CBOR have it
  const char* xml_name;  // as Query and XML have it
  const char* ec2_name;  // as EC2's requests have it
  const Shape* shape;
  std::size_t offset;  // of the std::optional in the struct
  const Slot* slot;
  bool required;
  bool flattened;  // XML lists without an element around them
  std::span<const char* const> enum_values;
  Location location = Location::body;
  const char* location_name = "";  // of the header (lower case), prefix or query parameter

  const void* get(const void* object) const { return slot->get(static_cast<const char*>(object) + offset); }
  void* set(void* object) const { return slot->set(static_cast<char*>(object) + offset); }
};

struct ListAccess {
  std::size_t (*size)(const void* list);
  const void* (*at)(const void* list, std::size_t index);
  void* (*append)(void* list);
};

struct MapAccess {
  void (*each)(const void* map, const std::function<void(const std::string& key, const void* value)>& visit);
  void* (*insert)(void* map, const std::string& key);
};

using Object = std::unique_ptr<void, void (*)(void*)>;

struct Shape {
  Kind kind;
  const char* name;
  std::span<const Member> members{};  // structure
  const Shape* element = nullptr;     // list, map
  const char* element_xml_name = "member";
  const char* key_xml_name = "key";
  const ListAccess* list = nullptr;
  const MapAccess* map = nullptr;
  Object (*make)() = nullptr;  // structure: a fresh object with every member absent
  const char* xml_root = nullptr;  // of an output's XML where it is not the shape's name
};

struct Operation {
  const char* name;
  const Shape* input;
  const Shape* output;
  int status = 200;  // of a REST answer
};

// What a REST request must have to mean an operation; of those that fit, the one that asks for most.
struct RestRoute {
  const char* operation;
  const char* method;
  bool bucket;
  bool key;
  const char* query;    // `name` or `name=value`, with spaces between
  const char* headers;  // likewise
};

struct ErrorShape {
  const char* name;
  const char* query_code;
  int status;
};

struct Protocols {
  bool json_1_0 = false;
  bool json_1_1 = false;
  bool query = false;
  bool ec2 = false;
  bool cbor = false;
  bool rest_xml = false;
};

struct Service {
  const char* name;   // "ecs": the folder in src/services
  const char* title;  // "ECS"
  std::span<const char* const> signing_names;
  const char* json_target;  // "AmazonEC2ContainerServiceV20141113"
  const char* xml_namespace;
  const char* api_version;
  const char* validation_error;  // the code of a request that does not fit the model
  Protocols protocols;
  std::span<const Operation> operations;            // those that berth implements
  std::span<const char* const> all_operations;      // those that AWS has
  std::span<const ErrorShape> errors;
  std::span<const RestRoute> routes{};  // of all that AWS has, where the path says what is asked for

  const Operation* find_operation(std::string_view operation) const;
  bool knows_operation(std::string_view operation) const;
  const ErrorShape* find_error(std::string_view code) const;
};

template <class T>
const Shape& shape_of();

inline constexpr Shape boolean_shape{Kind::boolean, "Boolean"};
inline constexpr Shape integer_shape{Kind::integer, "Integer"};
inline constexpr Shape number_shape{Kind::number, "Number"};
inline constexpr Shape string_shape{Kind::string, "String"};
inline constexpr Shape timestamp_shape{Kind::timestamp, "Timestamp"};
inline constexpr Shape blob_shape{Kind::blob, "Blob"};
inline constexpr Shape document_shape{Kind::document, "Document"};

namespace detail {

template <class T>
struct Unboxed {
  static const void* read(const T& value) { return &value; }
  static void* write(T& value) { return &value; }
};

template <class T>
struct Unboxed<Box<T>> {
  static const void* read(const Box<T>& box) { return &*box; }
  static void* write(Box<T>& box) { return &*box; }
};

template <class T>
inline constexpr ListAccess list_access{
    [](const void* list) { return static_cast<const std::vector<T>*>(list)->size(); },
    [](const void* list, std::size_t index) {
      return Unboxed<T>::read((*static_cast<const std::vector<T>*>(list))[index]);
    },
    [](void* list) { return Unboxed<T>::write(static_cast<std::vector<T>*>(list)->emplace_back()); },
};

// std::vector<bool> has no addressable elements; no shape of AWS that berth reads needs one.
template <>
inline constexpr ListAccess list_access<bool>{};

template <class T>
inline constexpr MapAccess map_access{
    [](const void* map, const std::function<void(const std::string&, const void*)>& visit) {
      for (const auto& [key, value] : *static_cast<const std::map<std::string, T>*>(map)) {
        visit(key, Unboxed<T>::read(value));
      }
    },
    [](void* map, const std::string& key) {
      return Unboxed<T>::write((*static_cast<std::map<std::string, T>*>(map))[key]);
    },
};

}  // namespace detail

template <class T>
inline constexpr Slot optional_slot{
    [](const void* slot) -> const void* {
      const auto& value = *static_cast<const std::optional<T>*>(slot);
      return value ? detail::Unboxed<T>::read(*value) : nullptr;
    },
    [](void* slot) -> void* {
      return detail::Unboxed<T>::write(static_cast<std::optional<T>*>(slot)->emplace());
    },
};

template <class T>
constexpr Shape list_shape(const char* name, const Shape* element, const char* element_xml_name) {
  return {.kind = Kind::list,
          .name = name,
          .element = element,
          .element_xml_name = element_xml_name,
          .list = &detail::list_access<T>};
}

template <class T>
constexpr Shape map_shape(const char* name, const Shape* element, const char* key_xml_name,
                          const char* element_xml_name) {
  return {.kind = Kind::map,
          .name = name,
          .element = element,
          .element_xml_name = element_xml_name,
          .key_xml_name = key_xml_name,
          .map = &detail::map_access<T>};
}

template <class T>
constexpr Shape structure_shape(const char* name, std::span<const Member> members,
                                const char* xml_root = nullptr) {
  return {.kind = Kind::structure,
          .name = name,
          .members = members,
          .make = [] { return Object(new T(), [](void* object) { delete static_cast<T*>(object); }); },
          .xml_root = xml_root};
}

}  // namespace berth::model
