#include "cloudformation/template/evaluator.h"

#include <algorithm>

#include "base/text.h"
#include "cloudformation/template/list_functions.h"
#include "cloudformation/template/references.h"
#include "cloudformation/template/template_error.h"
#include "cloudformation/template/template_sections.h"

namespace berth::cfn {
namespace {

json::value text_value(std::string_view text) {
  return json::value(json::string(text));
}

std::size_t weight(const json::value& value) {
  std::size_t bytes = sizeof(json::value);
  if (const auto* text = value.if_string()) return bytes + text->size();
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) bytes += weight(item);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) bytes += member.key().size() + weight(member.value());
  }
  return bytes;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || c == '.' || c == ':' || is_alphanumeric(std::string_view(&c, 1));
  });
}

}  // namespace

Result<json::value> Evaluator::evaluate(const json::value& value) {
  if (const auto* object = value.if_object()) {
    if (!is_function(value)) return evaluate_object(*object);
    const auto& member = *object->begin();
    return charged(call(member.key(), member.value()));
  }
  if (const auto* list = value.if_array()) return evaluate_list(*list);
  return value;
}

Result<json::value> Evaluator::evaluate_object(const json::object& object) {
  json::object out;
  for (const auto& member : object) {
    auto value = evaluate(member.value());
    if (!value) return value;
    if (!value->is_null()) out.emplace(member.key(), std::move(*value));
  }
  return json::value(std::move(out));
}

Result<json::value> Evaluator::evaluate_list(const json::array& list) {
  json::array out;
  out.reserve(list.size());
  for (const auto& item : list) {
    auto value = evaluate(item);
    if (!value) return value;
    if (!value->is_null()) out.push_back(std::move(*value));
  }
  return json::value(std::move(out));
}

Result<json::value> Evaluator::call(std::string_view function, const json::value& argument) {
  if (function == "Ref") return ref(argument);
  if (function == "Fn::GetAtt") return get_att(argument);
  if (function == "Fn::Sub") return sub(argument);
  if (function == "Fn::If") return choose(argument);
  if (function == "Fn::FindInMap") return find_in_map(argument);
  if (function == "Fn::ImportValue") return import_value(argument);
  if (function == "Fn::GetAZs") return get_azs(argument);
  if (function == "Fn::Length" || function == "Fn::ToJsonString") return extension(function, argument);
  using Function = Result<json::value> (*)(const json::value&);
  static constexpr std::pair<std::string_view, Function> of_argument[] = {{"Fn::Join", join_items},
                                                                          {"Fn::Split", split_text},
                                                                          {"Fn::Select", select_item},
                                                                          {"Fn::Base64", encode_base64},
                                                                          {"Fn::Cidr", cidr_blocks}};
  for (const auto& [name, apply] : of_argument) {
    if (name != function) continue;
    const auto evaluated = evaluate(argument);
    return evaluated ? apply(*evaluated) : evaluated;
  }
  return template_error("{} is not supported here", function);
}

Result<json::value> Evaluator::ref(const json::value& argument) {
  const auto* name = argument.if_string();
  if (!name) return format_error("every Ref object must have a single String value.");
  return named_value(*name);
}

Result<json::value> Evaluator::named_value(std::string_view name) {
  const Environment& environment = scope_.environment;
  if (name == "AWS::NoValue") return json::value(nullptr);
  if (name == "AWS::AccountId") return text_value(environment.account_id);
  if (name == "AWS::Region") return text_value(environment.region);
  if (name == "AWS::Partition") return text_value(environment.partition);
  if (name == "AWS::URLSuffix") return text_value(environment.url_suffix);
  if (name == "AWS::StackName") return text_value(environment.stack_name);
  if (name == "AWS::StackId") return text_value(environment.stack_id);
  if (name == "AWS::NotificationARNs") {
    json::array list;
    for (const auto& arn : environment.notification_arns) list.emplace_back(arn);
    return json::value(std::move(list));
  }
  if (const auto* parameter = scope_.parameters.find(name)) return parameter->reference();
  if (!scope_.of.resource(name) || !environment.ref) {
    return format_error("Unresolved resource dependencies [{}] in the Resources block of the template", name);
  }
  return environment.ref(name);
}

Result<json::value> Evaluator::get_att(const json::value& argument) {
  const auto target = get_att_argument(argument);
  const auto malformed = [] {
    return template_error(
        "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource "
        "attribute");
  };
  if (!target) return malformed();
  auto attribute = evaluate(target->attribute);
  if (!attribute) return attribute;
  if (!attribute->is_string()) return malformed();
  if (!scope_.of.resource(target->logical_id) || !scope_.environment.attribute) {
    return template_error("instance of Fn::GetAtt references undefined resource {}", target->logical_id);
  }
  return scope_.environment.attribute(target->logical_id, attribute->get_string());
}

Result<json::value> Evaluator::sub(const json::value& argument) {
  const auto given = sub_argument(argument);
  if (!given) {
    return template_error(
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string "
        "as first argument, and an optional second argument to specify a mapping of values to "
        "replace in the string");
  }
  json::object variables;
  if (given->variables) {
    for (const auto& variable : *given->variables) {
      auto value = evaluate(variable.value());
      if (!value) return value;
      variables.emplace(variable.key(), std::move(*value));
    }
  }
  std::string out;
  for (const auto& piece : sub_pieces(given->text)) {
    auto text = piece.is_variable ? sub_variable(piece.text, variables) : Result<std::string>(piece.text);
    if (!text) return text.error();
    if (auto done = charge(text->size()); !done) return done.error();
    out += *text;
  }
  return text_value(out);
}

Result<std::string> Evaluator::sub_variable(const std::string& name, const json::object& variables) {
  if (!is_variable_name(name)) {
    return template_error(
        "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, "
        "periods, and colons");
  }
  const auto dot = name.find('.');
  auto value = [&]() -> Result<json::value> {
    if (const auto* variable = variables.if_contains(name)) return *variable;
    if (dot == std::string::npos) return named_value(name);
    const std::string logical_id = name.substr(0, dot);
    if (!scope_.of.resource(logical_id) || !scope_.environment.attribute) {
      return template_error("instance of Fn::Sub references invalid resource attribute {}", name);
    }
    return scope_.environment.attribute(logical_id, std::string_view(name).substr(dot + 1));
  }();
  if (!value) return value.error();
  if (!value->is_string()) {
    return template_error("variable {} in Fn::Sub expression does not resolve to a string", name);
  }
  return std::string(value->get_string());
}

Result<json::value> Evaluator::choose(const json::value& argument) {
  const auto* parts = argument.if_array();
  if (!parts || parts->size() != 3 || !(*parts)[0].is_string()) {
    return template_error("Fn::If requires a list argument with three elements");
  }
  const std::string_view name = (*parts)[0].get_string();
  const auto condition = scope_.conditions.find(name);
  if (condition == scope_.conditions.end()) {
    return template_error("unresolved condition dependency {} in Fn::If", name);
  }
  return evaluate((*parts)[condition->second ? 1 : 2]);
}

Result<json::value> Evaluator::find_in_map(const json::value& argument) {
  const auto* parts = argument.if_array();
  const bool has_default = parts && parts->size() == 4 && scope_.of.uses_language_extensions();
  const auto malformed = [] {
    return template_error(
        "every Fn::FindInMap object requires three parameters, the map name, map key and the "
        "attribute for return value");
  };
  if (!parts || (parts->size() != 3 && !has_default)) return malformed();
  std::string keys[3];
  for (std::size_t i = 0; i < 3; ++i) {
    auto key = evaluate((*parts)[i]);
    if (!key) return key;
    if (!key->is_string()) return malformed();
    keys[i] = std::string(key->get_string());
  }
  const auto* map = scope_.of.mappings.if_contains(keys[0]);
  const auto* row = map ? find(*map, keys[1]) : nullptr;
  const auto* found = row ? find(*row, keys[2]) : nullptr;
  if (found) return *found;
  const auto* fallback = has_default ? find((*parts)[3], "DefaultValue") : nullptr;
  if (fallback) return evaluate(*fallback);
  if (!map)
    return template_error("Mapping named '{}' is not present in the 'Mappings' section of template.",
                          keys[0]);
  return template_error("Unable to get mapping for {}::{}::{}", keys[0], keys[1], keys[2]);
}

Result<json::value> Evaluator::import_value(const json::value& argument) {
  const auto name = evaluate(argument);
  if (!name) return name;
  if (!name->is_string())
    return template_error("every Fn::ImportValue object must have a String-typed value.");
  const std::string_view text = name->get_string();
  const auto exported =
      scope_.environment.exported_value ? scope_.environment.exported_value(text) : std::nullopt;
  if (!exported) return validation_error("No export named " + std::string(text) + " found.");
  return text_value(*exported);
}

Result<json::value> Evaluator::get_azs(const json::value& argument) {
  const auto region = evaluate(argument);
  if (!region) return region;
  if (!region->is_string()) return template_error("every Fn::GetAZs object must have a String-typed value.");
  const auto& environment = scope_.environment;
  const std::string_view name =
      region->get_string().empty() ? environment.region : std::string_view(region->get_string());
  json::array zones;
  if (environment.availability_zones) {
    for (const auto& zone : environment.availability_zones(name)) zones.emplace_back(zone);
  }
  return json::value(std::move(zones));
}

Result<json::value> Evaluator::extension(std::string_view function, const json::value& argument) {
  if (!scope_.of.uses_language_extensions()) {
    return template_error("{} requires the transform AWS::LanguageExtensions", function);
  }
  const auto value = evaluate(argument);
  if (!value) return value;
  return function == "Fn::Length" ? length_of(*value) : to_json_string(*value);
}

Result<void> Evaluator::charge(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > evaluated_bytes_max) {
    return template_error("the evaluated value exceeds {} bytes", evaluated_bytes_max);
  }
  return {};
}

Result<json::value> Evaluator::charged(Result<json::value> value) {
  if (!value) return value;
  if (auto done = charge(weight(*value)); !done) return done.error();
  return value;
}

}  // namespace berth::cfn
