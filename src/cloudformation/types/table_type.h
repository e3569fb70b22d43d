// TableType: a resource type whose properties stand in a table, which answers the questions about names,
// needs and replacement. What creating, updating and deleting means is each type's own.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cloudformation/resource_type.h"
#include "model/json_codec.h"

namespace berth::cfn {

// What a value must be. A `document` is a policy, which may be written as text; what stands inside lists and
// objects is left to the service, which reads the whole property as a shape of its API.
enum class PropertyKind { any, text, boolean, integer, number, list, object, document };

struct Property {
  std::string_view name;
  bool required = false;
  RequiresRecreation recreation = RequiresRecreation::never;
  PropertyKind kind = PropertyKind::any;
};

// Short words for the tables.
inline constexpr RequiresRecreation replaces = RequiresRecreation::always;
inline constexpr RequiresRecreation in_place = RequiresRecreation::never;
inline constexpr PropertyKind as_text = PropertyKind::text;
inline constexpr PropertyKind as_boolean = PropertyKind::boolean;
inline constexpr PropertyKind as_integer = PropertyKind::integer;
inline constexpr PropertyKind as_number = PropertyKind::number;
inline constexpr PropertyKind as_list = PropertyKind::list;
inline constexpr PropertyKind as_object = PropertyKind::object;
inline constexpr PropertyKind as_document = PropertyKind::document;

class TableType : public ResourceType {
 public:
  TableType(std::string_view name, std::vector<Property> properties)
      : name_(name), properties_(std::move(properties)) {}

  std::string_view name() const final { return name_; }
  RecreationTable recreation() const final;
  Result<> check(const json::object& properties) const override;
  bool takes_stack_tags() const override;

 private:
  std::string_view name_;
  std::vector<Property> properties_;
};

// For a create() that would else take over what somebody has made under the same identifier, and delete it
// with the stack one day.
Error already_exists(std::string_view type, std::string_view identifier);

// The text of a property, or an empty one.
std::string text_property(const json::object& properties, std::string_view name);
// What is not known before resources exist, or is looked up in Parameter Store, shows when it is used.
bool is_known_later(const json::object& properties, std::string_view name);
bool has_property(const json::object& properties, std::string_view name);
// Properties under other names: {"GroupDescription", "Description"}. An empty new name drops the property.
using PropertyNames = std::initializer_list<std::pair<std::string_view, std::string_view>>;
json::object renamed(json::object properties, PropertyNames names);

// The request that the properties state; `renamed` away what the request does not know first. Errors name
// what was renamed as the template does: {"ClusterSettings", "Settings"}.
Error in_template_names(Error error, PropertyNames names);

template <class Request>
Result<Request> request_of(const json::object& properties, PropertyNames names = {}) {
  auto request = model::from_properties<Request>(properties);
  if (!request) return in_template_names(request.error(), names);
  return request;
}

// The stack's tags and the resource's own, which win.
using TagList = std::vector<std::pair<std::string, std::string>>;
TagList tags_of(const TypeContext& context, const json::object& properties,
                std::string_view property = "Tags");

template <class Tag>
std::vector<Tag> tag_structs(const TagList& tags) {
  std::vector<Tag> out;
  for (const auto& [key, value] : tags) {
    Tag& tag = out.emplace_back();
    tag.key = key;
    tag.value = value;
  }
  return out;
}

std::map<std::string, std::string> tag_map(const TagList& tags);

// Deletes that find nothing have done their work.
template <class T>
Result<> ignoring(const Result<T>& outcome, std::initializer_list<std::string_view> codes) {
  if (outcome) return {};
  for (const auto code : codes) {
    if (outcome.error().code == code) return {};
  }
  return outcome.error();
}

template <class T>
Result<> done(const Result<T>& outcome) {
  if (!outcome) return outcome.error();
  return {};
}

}  // namespace berth::cfn
