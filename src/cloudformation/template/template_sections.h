// How each section of a template is read; parse_template() puts them together. Internal to this folder.
#pragma once

#include "cloudformation/template/template.h"

namespace berth::cfn {

// Names of resources, parameters and outputs.
bool is_alphanumeric(std::string_view name);
// `Fn::ForEach::Name`, allowed as a member's name where the template declares AWS::LanguageExtensions.
bool is_loop(std::string_view member);
// {"Ref": ...} or {"Fn::...": ...}
bool is_function(const json::value& value);

// `value` as a string; an error as AWS words it ("Every Description member must be a string.") when it is
// none.
Result<std::string> string_member(std::string_view name, const json::value& value);

Result<Parameter> read_parameter(std::string_view name, const json::value& value);
Result<Resource> read_resource(std::string_view logical_id, const json::value& value,
                               bool language_extensions);
Result<Output> read_output(std::string_view name, const json::value& value);
Result<json::object> read_mappings(const json::value& value);

}  // namespace berth::cfn
