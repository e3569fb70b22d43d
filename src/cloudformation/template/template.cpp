#include "cloudformation/template/template.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cloudformation/template/rules.h"
#include "cloudformation/template/template_error.h"
#include "cloudformation/template/template_sections.h"

namespace berth::cfn {
namespace {

constexpr std::string_view language_extensions_transform = "AWS::LanguageExtensions";
constexpr std::string_view ssm_value_prefix = "AWS::SSM::Parameter::Value<";

Result<void> refuse_nulls(const json::value& value, const std::string& path) {
  if (value.is_null())
    return validation_error(fmt::format("[{}] 'null' values are not allowed in templates", path));
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (auto checked = refuse_nulls(member.value(), path + "/" + std::string(member.key())); !checked) {
        return checked;
      }
    }
  } else if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (auto checked = refuse_nulls((*list)[i], path + "/" + std::to_string(i)); !checked) return checked;
    }
  }
  return {};
}

Result<void> check_section_names(const json::object& document) {
  static constexpr std::array known = {"AWSTemplateFormatVersion",
                                       "Description",
                                       "Metadata",
                                       "Parameters",
                                       "Mappings",
                                       "Conditions",
                                       "Transform",
                                       "Resources",
                                       "Outputs",
                                       "Rules",
                                       "Hooks"};
  std::vector<std::string> unknown;
  for (const auto& section : document) {
    const std::string name(section.key());
    if (std::find(known.begin(), known.end(), name) == known.end()) unknown.push_back(name);
    if (name == "Hooks") return format_error("{} are not supported.", name);
  }
  if (unknown.empty()) return {};
  return validation_error("Invalid template property or properties [" + join(unknown, ", ") + "]");
}

Result<json::object> object_section(const json::object& document, std::string_view name) {
  const auto* section = document.if_contains(name);
  if (!section) return json::object();
  if (!section->is_object()) return format_error("{} must be an object.", name);
  return section->get_object();
}

Result<void> read_head(const json::object& document, Template& out) {
  if (const auto* version = document.if_contains("AWSTemplateFormatVersion")) {
    if (!version->is_string() || version->get_string() != "2010-09-09") {
      return format_error("unsupported value for AWSTemplateFormatVersion.");
    }
  }
  if (const auto* description = document.if_contains("Description")) {
    auto text = string_member("Description", *description);
    if (!text) return text.error();
    if (text->size() > description_bytes_max) {
      return format_error("'Description' length is greater than {}.", description_bytes_max);
    }
    out.description = *text;
  }
  auto metadata = object_section(document, "Metadata");
  if (!metadata) return metadata.error();
  out.metadata = std::move(*metadata);
  return {};
}

Result<void> read_transforms(const json::object& document, Template& out) {
  const auto* transform = document.if_contains("Transform");
  if (!transform) return {};
  const json::array names = transform->is_array() ? transform->get_array() : json::array{*transform};
  for (const auto& value : names) {
    auto name = string_member("Transform", value);
    if (!name) return name.error();
    if (*name != language_extensions_transform) return validation_error("No transform named " + *name + " found.");
    out.transforms.push_back(*name);
  }
  return {};
}

template <class Item, class Read>
Result<void> read_items(const json::object& document, std::string_view section, std::size_t items_max,
                        std::vector<Item>& items, bool& has_loops, bool loops_allowed, Read read) {
  auto members = object_section(document, section);
  if (!members) return members.error();
  for (const auto& member : *members) {
    if (loops_allowed && is_loop(member.key())) {
      has_loops = true;
      continue;
    }
    auto item = read(member.key(), member.value());
    if (!item) return item.error();
    items.push_back(std::move(*item));
  }
  if (items.size() > items_max) {
    return format_error("Number of {}, {}, is greater than maximum allowed, {}", lower(section), items.size(),
                        items_max);
  }
  return {};
}

Result<void> read_parameters(const json::object& document, Template& out) {
  bool no_loops = false;
  return read_items(document, "Parameters", parameters_max, out.parameters, no_loops, false, read_parameter);
}

Result<void> read_resources(const json::object& document, Template& out) {
  const bool extended = out.uses_language_extensions();
  const auto* section = document.if_contains("Resources");
  if (!section || (section->is_object() && section->get_object().empty())) {
    return format_error("At least one Resources member must be defined.");
  }
  return read_items(document, "Resources", resources_max, out.resources, out.has_loops, extended,
                    [extended](std::string_view logical_id, const json::value& value) {
                      return read_resource(logical_id, value, extended);
                    });
}

Result<void> read_conditions(const json::object& document, Template& out) {
  auto conditions = object_section(document, "Conditions");
  if (!conditions) return conditions.error();
  for (const auto& condition : *conditions) {
    if (out.uses_language_extensions() && is_loop(condition.key())) {
      out.has_loops = true;
      continue;
    }
    if (!condition.value().is_object()) {
      return format_error("Conditions can only be boolean operations on parameters and other conditions");
    }
    out.conditions.emplace(condition.key(), condition.value());
  }
  return {};
}

Result<void> read_outputs(const json::object& document, Template& out) {
  return read_items(document, "Outputs", outputs_max, out.outputs, out.has_loops,
                    out.uses_language_extensions(), read_output);
}

Result<void> read_mappings_section(const json::object& document, Template& out) {
  auto section = object_section(document, "Mappings");
  if (!section) return section.error();
  auto mappings = read_mappings(*section);
  if (!mappings) return mappings.error();
  out.mappings = std::move(*mappings);
  return {};
}

Result<void> read_rules_section(const json::object& document, Template& out) {
  auto section = object_section(document, "Rules");
  if (!section) return section.error();
  auto rules = read_rules(*section);
  if (!rules) return rules.error();
  out.rules = std::move(*rules);
  return {};
}

}  // namespace

Result<Template> parse_template(const json::value& document) {
  const auto* object = document.if_object();
  if (!object) return format_error("unsupported structure.");
  if (auto checked = check_section_names(*object); !checked) return checked.error();
  if (auto checked = refuse_nulls(document, ""); !checked) return checked.error();
  Template out;
  for (auto* read : {read_head, read_transforms, read_parameters, read_rules_section, read_mappings_section, read_conditions,
                     read_resources, read_outputs}) {
    if (auto done = read(*object, out); !done) return done.error();
  }
  return out;
}

const Parameter* Template::parameter(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const Parameter& item) { return item.name == name; });
  return found == parameters.end() ? nullptr : &*found;
}

const Resource* Template::resource(std::string_view logical_id) const {
  const auto found = std::find_if(resources.begin(), resources.end(),
                                  [&](const Resource& item) { return item.logical_id == logical_id; });
  return found == resources.end() ? nullptr : &*found;
}

bool Template::uses_language_extensions() const {
  return !transforms.empty();
}

std::optional<std::string> ssm_value_type(std::string_view parameter_type) {
  if (!parameter_type.starts_with(ssm_value_prefix) || !parameter_type.ends_with('>')) return std::nullopt;
  parameter_type.remove_prefix(ssm_value_prefix.size());
  parameter_type.remove_suffix(1);
  return std::string(parameter_type);
}

bool is_list_type(std::string_view parameter_type) {
  if (const auto inner = ssm_value_type(parameter_type)) return is_list_type(*inner);
  return parameter_type == "CommaDelimitedList" || parameter_type.starts_with("List<");
}

}  // namespace berth::cfn
