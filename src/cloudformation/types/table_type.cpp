#include "cloudformation/types/table_type.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace berth::cfn {

namespace {

bool is_text(const json::value& value) {
  return value.is_string() || value.is_number() || value.is_bool();
}

bool is_boolean(const json::value& value) {
  return value.is_bool() ||
         (value.is_string() && (value.get_string() == "true" || value.get_string() == "false"));
}

bool is_number(const json::value& value) {
  return value.is_number() ||
         (value.is_string() && parse_number(std::string_view(value.get_string())).has_value());
}

bool is_known_later(const json::value& value) {
  return value.is_string() && std::string_view(value.get_string()).starts_with("{{");
}

std::string_view kind_name(const json::value& value) {
  if (value.is_object()) return "JSONObject";
  if (value.is_array()) return "JSONArray";
  if (value.is_bool()) return "Boolean";
  return value.is_number() ? "Number" : "String";
}

// "expected type: String, found: JSONArray", or nothing.
std::string kind_problem(PropertyKind kind, const json::value& value) {
  const auto expected = [&](std::string_view type) {
    return fmt::format("expected type: {}, found: {}", type, kind_name(value));
  };
  if (is_known_later(value)) return {};
  switch (kind) {
    case PropertyKind::any:
      return {};
    case PropertyKind::text:
      return is_text(value) ? "" : expected("String");
    case PropertyKind::boolean:
      return is_boolean(value) ? "" : expected("Boolean");
    case PropertyKind::integer:
      return is_number(value) ? "" : expected("Integer");
    case PropertyKind::number:
      return is_number(value) ? "" : expected("Number");
    case PropertyKind::list:
      return value.is_array() ? "" : expected("JSONArray");
    case PropertyKind::object:
      return value.is_object() ? "" : expected("JSONObject");
    case PropertyKind::document:
      return value.is_object() || value.is_string() ? "" : expected("JSONObject");
  }
  return {};
}

}  // namespace

Error already_exists(std::string_view type, std::string_view identifier) {
  return Error{"AlreadyExistsException",
               fmt::format("Resource of type '{}' with identifier '{}' already exists.", type, identifier)};
}

RecreationTable TableType::recreation() const {
  RecreationTable table;
  for (const auto& property : properties_) {
    if (property.recreation != in_place) table.emplace(property.name, property.recreation);
  }
  return table;
}

Result<> TableType::check(const json::object& properties) const {
  for (const auto& entry : properties) {
    const bool known = std::any_of(properties_.begin(), properties_.end(), [&](const Property& property) {
      return property.name == std::string_view(entry.key());
    });
    if (!known) {
      return Error{"ValidationError",
                   fmt::format("#: extraneous key [{}] is not permitted", std::string_view(entry.key()))};
    }
  }
  for (const auto& property : properties_) {
    if (property.required && !properties.contains(property.name)) {
      return Error{"ValidationError", fmt::format("#: required key [{}] not found", property.name)};
    }
    if (const auto* value = properties.if_contains(property.name)) {
      const auto problem = kind_problem(property.kind, *value);
      if (!problem.empty()) return Error{"ValidationError", fmt::format("#/{}: {}", property.name, problem)};
    }
  }
  return {};
}

bool TableType::takes_stack_tags() const {
  return std::any_of(properties_.begin(), properties_.end(),
                     [](const Property& property) { return property.name == "Tags"; });
}

std::string text_property(const json::object& properties, std::string_view name) {
  const auto* value = properties.if_contains(name);
  if (!value) return {};
  if (const auto* text = value->if_string()) return std::string(text->data(), text->size());
  return json::serialize(*value);
}

bool is_known_later(const json::object& properties, std::string_view name) {
  const auto* value = properties.if_contains(name);
  return value && is_known_later(*value);
}

bool has_property(const json::object& properties, std::string_view name) {
  return properties.contains(name);
}

Error in_template_names(Error error, PropertyNames names) {
  for (const auto& [in_template, in_api] : names) {
    const std::string path = fmt::format("#/{}", in_api);
    if (!error.message.starts_with(path) || error.message.find_first_of("/:", path.size()) != path.size()) {
      continue;
    }
    error.message.replace(0, path.size(), fmt::format("#/{}", in_template));
    break;
  }
  return error;
}

json::object renamed(json::object properties, PropertyNames names) {
  for (const auto& [from, to] : names) {
    const auto* value = properties.if_contains(from);
    if (!value) continue;
    json::value kept = *value;
    properties.erase(from);
    if (!to.empty()) properties[to] = std::move(kept);
  }
  return properties;
}

TagList tags_of(const TypeContext& context, const json::object& properties, std::string_view property) {
  TagList tags = context.stack_tags;
  const auto put = [&](std::string key, std::string value) {
    const auto same =
        std::find_if(tags.begin(), tags.end(), [&](const auto& tag) { return tag.first == key; });
    if (same == tags.end()) {
      tags.emplace_back(std::move(key), std::move(value));
    } else {
      same->second = std::move(value);
    }
  };
  const auto* own = properties.if_contains(property);
  if (own && own->is_array()) {
    for (const auto& tag : own->get_array()) put(string_or(tag, "Key"), string_or(tag, "Value"));
  } else if (own && own->is_object()) {
    for (const auto& entry : own->get_object())
      put(std::string(entry.key()), text_property(own->get_object(), entry.key()));
  }
  return tags;
}

std::map<std::string, std::string> tag_map(const TagList& tags) {
  return {tags.begin(), tags.end()};
}

}  // namespace berth::cfn
