// The intrinsic functions of a template: conditions, properties and outputs become plain values. What lies
// outside the template (a resource's Ref and attributes, exports, zones, dynamic references) is asked of
// callbacks; nothing is kept between calls.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/template/parameters.h"
#include "cloudformation/template/template.h"

namespace berth::cfn {

// What one evaluation may produce, so that nested functions cannot fill the memory.
inline constexpr std::size_t evaluated_bytes_max = 16u << 20;

// `{{resolve:ssm:name:3}}` is service `ssm`, reference `name:3`.
struct DynamicReference {
  std::string service;
  std::string reference;
};

struct Environment {
  std::string account_id;
  std::string region;
  std::string partition = "aws";
  std::string url_suffix = "amazonaws.com";
  std::string stack_name;
  std::string stack_id;
  std::vector<std::string> notification_arns;

  // Physical id (or what the type's Ref yields) and attribute of a resource of this template.
  std::function<Result<json::value>(std::string_view logical_id)> ref;
  std::function<Result<json::value>(std::string_view logical_id, std::string_view attribute)> attribute;
  std::function<std::vector<std::string>(std::string_view region)> availability_zones;
  std::function<std::optional<std::string>(std::string_view export_name)> exported_value;
  // Empty: dynamic references stay as they are (as AWS keeps them in a change set).
  std::function<Result<std::string>(const DynamicReference& reference)> dynamic_reference;
};

using Conditions = std::map<std::string, bool, std::less<>>;

Result<Conditions> evaluate_conditions(const Template& of, const ParameterValues& parameters,
                                       const Environment& environment);

// Everything a function may look at; all of it outlives the call.
struct Scope {
  const Template& of;
  const ParameterValues& parameters;
  const Conditions& conditions;
  const Environment& environment;
};

// True where `condition` is empty or holds.
bool holds(const Scope& scope, std::string_view condition);

// Any value of the template; null means AWS::NoValue (members and items that are NoValue are gone already).
Result<json::value> evaluate(const json::value& value, const Scope& scope);

// Properties of a resource, dynamic references included.
Result<json::object> resolve_properties(const Resource& resource, const Scope& scope);

struct ResolvedOutput {
  std::string name;
  std::string description;
  std::string value;
  std::string export_name;  // empty: not exported
};

// Outputs whose condition holds.
Result<std::vector<ResolvedOutput>> resolve_outputs(const Scope& scope);

}  // namespace berth::cfn
