#include "cloudformation/template/template_sections.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cloudformation/template/template_error.h"

namespace berth::cfn {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

template <std::size_t count>
std::optional<std::string> unknown_member(const json::object& object,
                                          const std::array<const char*, count>& known) {
  for (const auto& member : object) {
    const std::string name(member.key());
    if (std::find(known.begin(), known.end(), name) == known.end()) return name;
  }
  return std::nullopt;
}

// Fills `out` when the member is there.
Result<void> read_string(const json::object& object, std::string_view name, std::string& out) {
  const auto* value = object.if_contains(name);
  if (!value) return {};
  auto text = string_member(name, *value);
  if (!text) return text.error();
  out = std::move(*text);
  return {};
}

Result<void> read_string(const json::object& object, std::string_view name, std::optional<std::string>& out) {
  if (!object.contains(name)) return {};
  std::string text;
  if (auto done = read_string(object, name, text); !done) return done;
  out = std::move(text);
  return {};
}

Result<void> read_length(const json::object& object, std::string_view name, std::optional<long long>& out) {
  std::optional<std::string> text;
  if (auto done = read_string(object, name, text); !done || !text) return done;
  out = parse_integer(*text);
  if (!out) return format_error("Every {} member must be a number.", name);
  return {};
}

Result<void> read_bound(const json::object& object, std::string_view name, std::optional<std::string>& out) {
  if (auto done = read_string(object, name, out); !done || !out) return done;
  if (!parse_number(*out)) return format_error("Every {} member must be a number.", name);
  return {};
}

bool is_known_parameter_type(std::string_view type) {
  static constexpr std::array simple = {"String", "Number", "CommaDelimitedList", "List<Number>",
                                        "AWS::SSM::Parameter::Name"};
  static constexpr std::array aws = {"AWS::EC2::AvailabilityZone::Name",
                                     "AWS::EC2::Image::Id",
                                     "AWS::EC2::Instance::Id",
                                     "AWS::EC2::KeyPair::KeyName",
                                     "AWS::EC2::SecurityGroup::GroupName",
                                     "AWS::EC2::SecurityGroup::Id",
                                     "AWS::EC2::Subnet::Id",
                                     "AWS::EC2::Volume::Id",
                                     "AWS::EC2::VPC::Id",
                                     "AWS::Route53::HostedZone::Id"};
  const auto is_aws = [](std::string_view name) {
    return std::find(aws.begin(), aws.end(), name) != aws.end();
  };
  if (std::find(simple.begin(), simple.end(), type) != simple.end() || is_aws(type)) return true;
  if (const auto inner = ssm_value_type(type)) {
    return *inner == "String" || *inner == "CommaDelimitedList" || *inner == "List<String>" ||
           (*inner != "List<Number>" && *inner != "Number" && !inner->starts_with("AWS::SSM") &&
            is_known_parameter_type(*inner));
  }
  return type.starts_with("List<") && type.ends_with('>') && is_aws(type.substr(5, type.size() - 6));
}

Result<void> read_allowed_values(const json::object& object, Parameter& out) {
  const auto* values = object.if_contains("AllowedValues");
  if (!values) return {};
  if (!values->is_array()) return format_error("Every AllowedValues member must be a list.");
  for (const auto& value : values->get_array()) {
    auto text = string_member("AllowedValues", value);
    if (!text) return text.error();
    out.allowed_values.push_back(std::move(*text));
  }
  return {};
}

Result<void> read_parameter_members(const json::object& object, Parameter& out) {
  std::string no_echo;
  for (const auto& done :
       {read_string(object, "Default", out.default_value),
        read_string(object, "Description", out.description),
        read_string(object, "AllowedPattern", out.allowed_pattern), read_string(object, "NoEcho", no_echo),
        read_string(object, "ConstraintDescription", out.constraint_description),
        read_length(object, "MinLength", out.min_length), read_length(object, "MaxLength", out.max_length),
        read_bound(object, "MinValue", out.min_value), read_bound(object, "MaxValue", out.max_value),
        read_allowed_values(object, out)}) {
    if (!done) return done;
  }
  out.no_echo = equal_ignoring_case(no_echo, "true");
  return {};
}

Result<void> read_depends_on(const json::object& object, Resource& out) {
  const auto* value = object.if_contains("DependsOn");
  if (!value) return {};
  const json::array names = value->is_array() ? value->get_array() : json::array{*value};
  for (const auto& name : names) {
    if (!name.is_string()) return format_error("DependsOn must be a string or list of strings.");
    out.depends_on.emplace_back(name.get_string());
  }
  return {};
}

// With AWS::LanguageExtensions a policy may be a function; expand_language_extensions() evaluates it and
// parses again.
Result<void> read_policy(const json::object& object, std::string_view name, bool language_extensions,
                         const std::string& logical_id, std::string& out) {
  const auto* value = object.if_contains(name);
  if (!value || (language_extensions && is_function(*value))) return {};
  if (auto done = read_string(object, name, out); !done) return done;
  const bool known = out == "Delete" || out == "Retain" || out == "Snapshot" ||
                     (out == "RetainExceptOnCreate" && name == "DeletionPolicy");
  if (!known) return format_error("Unrecognized {} {} for resource {}", name, out, logical_id);
  return {};
}

Result<void> read_resource_members(const json::object& object, bool language_extensions, Resource& out) {
  if (object.contains("CreationPolicy") || object.contains("UpdatePolicy")) {
    return format_error("{} is not supported for resource {}",
                        object.contains("CreationPolicy") ? "CreationPolicy" : "UpdatePolicy",
                        out.logical_id);
  }
  for (const auto& done :
       {read_string(object, "Type", out.type), read_string(object, "Condition", out.condition),
        read_depends_on(object, out),
        read_policy(object, "DeletionPolicy", language_extensions, out.logical_id, out.deletion_policy),
        read_policy(object, "UpdateReplacePolicy", language_extensions, out.logical_id,
                    out.update_replace_policy)}) {
    if (!done) return done;
  }
  for (const auto& [name, target] :
       {std::pair{"Properties", &out.properties}, std::pair{"Metadata", &out.metadata}}) {
    const auto* value = object.if_contains(name);
    if (value && !value->is_object()) {
      return format_error("[/Resources/{}/{}] Every {} member must be an object.", out.logical_id, name,
                          name);
    }
    if (value) *target = value->get_object();
  }
  return {};
}

bool is_mapping_leaf(const json::value& value) {
  if (value.is_string()) return true;
  const auto* list = value.if_array();
  return list &&
         std::all_of(list->begin(), list->end(), [](const json::value& item) { return item.is_string(); });
}

Result<void> check_mapping(std::string_view name, const json::object& mapping) {
  for (const auto& row : mapping) {
    const auto* attributes = row.value().if_object();
    if (!attributes) {
      return format_error("[/Mappings/{}/{}] Every Mappings attribute must be a map", name,
                          std::string_view(row.key()));
    }
    for (const auto& attribute : *attributes) {
      const std::string_view key = attribute.key();
      if (!std::all_of(key.begin(), key.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; })) {
        return format_error("Mappings attribute name '{}' must contain only alphanumeric characters.", key);
      }
      if (!is_mapping_leaf(attribute.value())) {
        return format_error("Every Mappings attribute must be a String or a List.");
      }
    }
  }
  return {};
}

}  // namespace

bool is_alphanumeric(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_letter_or_digit);
}

bool is_loop(std::string_view member) {
  return member.starts_with("Fn::ForEach::");
}

bool is_function(const json::value& value) {
  const auto* object = value.if_object();
  if (!object || object->size() != 1) return false;
  const std::string_view name = object->begin()->key();
  return name == "Ref" || (name.starts_with("Fn::") && !is_loop(name));
}

Result<std::string> string_member(std::string_view name, const json::value& value) {
  if (!value.is_string()) return format_error("Every {} member must be a string.", name);
  return std::string(value.get_string());
}

Result<Parameter> read_parameter(std::string_view name, const json::value& value) {
  static constexpr std::array known = {
      "Type",      "Default",  "NoEcho",   "AllowedValues", "AllowedPattern",       "MaxLength",
      "MinLength", "MaxValue", "MinValue", "Description",   "ConstraintDescription"};
  if (!is_alphanumeric(name)) return format_error("Parameter name {} is non alphanumeric.", name);
  const auto* object = value.if_object();
  if (!object) return format_error("Any Parameters member must be an object.");
  if (const auto unknown = unknown_member(*object, known)) {
    return validation_error("Invalid template parameter property '" + *unknown + "'");
  }
  if (!object->contains("Type")) return format_error("Every Parameters object must contain a Type member.");
  Parameter out;
  out.name = name;
  if (auto done = read_string(*object, "Type", out.type); !done) return done.error();
  if (!is_known_parameter_type(out.type)) return format_error("Unrecognized parameter type: {}", out.type);
  if (auto done = read_parameter_members(*object, out); !done) return done.error();
  return out;
}

Result<Resource> read_resource(std::string_view logical_id, const json::value& value,
                               bool language_extensions) {
  static constexpr std::array known = {
      "Type",           "Properties",          "DependsOn",      "Condition",   "Metadata",
      "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy"};
  if (!is_alphanumeric(logical_id)) return format_error("Resource name {} is non alphanumeric.", logical_id);
  const auto* object = value.if_object();
  if (!object) return format_error("Any Resources member must be an object.");
  if (!object->contains("Type")) {
    return format_error("[/Resources/{}] Every Resources object must contain a Type member.", logical_id);
  }
  if (const auto unknown = unknown_member(*object, known)) {
    return validation_error("Invalid template resource property '" + *unknown + "'");
  }
  Resource out;
  out.logical_id = logical_id;
  if (auto done = read_resource_members(*object, language_extensions, out); !done) return done.error();
  return out;
}

Result<Output> read_output(std::string_view name, const json::value& value) {
  static constexpr std::array known = {"Description", "Value", "Export", "Condition"};
  if (!is_alphanumeric(name)) return format_error("Output name {} is non alphanumeric.", name);
  const auto* object = value.if_object();
  if (!object) return format_error("Any Outputs member must be an object.");
  if (!object->contains("Value")) return format_error("Every Outputs member must contain a Value object");
  if (const auto unknown = unknown_member(*object, known)) {
    return validation_error("Invalid template output property '" + *unknown + "'");
  }
  Output out;
  out.name = name;
  out.value = object->at("Value");
  for (const auto& done : {read_string(*object, "Description", out.description),
                           read_string(*object, "Condition", out.condition)}) {
    if (!done) return done.error();
  }
  if (const auto* exported = object->if_contains("Export")) {
    const auto* export_name = find(*exported, "Name");
    if (!export_name)
      return format_error("Output {} is malformed. The Export member must contain a Name.", name);
    out.export_name = *export_name;
  }
  return out;
}

Result<json::object> read_mappings(const json::value& value) {
  const json::object& mappings = value.get_object();
  if (mappings.size() > mappings_max) {
    return format_error("Number of mappings, {}, is greater than maximum allowed, {}", mappings.size(),
                        mappings_max);
  }
  for (const auto& mapping : mappings) {
    const std::string_view name = mapping.key();
    if (!is_alphanumeric(name)) return format_error("Mapping name {} is non alphanumeric.", name);
    if (!mapping.value().is_object()) return format_error("Every Mappings member must be a map.");
    if (auto checked = check_mapping(name, mapping.value().get_object()); !checked) return checked.error();
  }
  return mappings;
}

}  // namespace berth::cfn
