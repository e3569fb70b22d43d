// A template whose form is valid: its sections by AWS's names, in the order written. Functions are still
// unevaluated in it; parameters.h, functions.h and dependency_order.h work from here. It knows no resource
// type.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::cfn {

inline constexpr std::size_t resources_max = 500;
inline constexpr std::size_t parameters_max = 200;
inline constexpr std::size_t outputs_max = 200;
inline constexpr std::size_t mappings_max = 200;
inline constexpr std::size_t description_bytes_max = 1024;

struct Parameter {
  std::string name;
  std::string type;
  std::optional<std::string> default_value;
  std::vector<std::string> allowed_values;
  std::optional<std::string> allowed_pattern;
  std::optional<long long> min_length;
  std::optional<long long> max_length;
  std::optional<std::string> min_value;  // as written, for the messages
  std::optional<std::string> max_value;
  bool no_echo = false;
  std::string description;
  std::string constraint_description;
};

struct Resource {
  std::string logical_id;
  std::string type;
  json::object properties;
  std::vector<std::string> depends_on;
  std::string condition;  // empty: always
  std::string deletion_policy = "Delete";
  std::string update_replace_policy = "Delete";
  json::object metadata;
};

struct Output {
  std::string name;
  std::string description;
  json::value value;
  json::value export_name;  // null: not exported
  std::string condition;
};

struct RuleAssertion {
  json::value expression;
  std::string description;
};

struct Rule {
  std::string name;
  json::value condition;  // null: always
  std::vector<RuleAssertion> assertions;
};

struct Template {
  std::string description;
  json::object metadata;
  std::vector<std::string> transforms;
  std::vector<Parameter> parameters;
  std::vector<Rule> rules;
  json::object mappings;
  json::object conditions;
  std::vector<Resource> resources;
  std::vector<Output> outputs;

  // Fn::ForEach blocks of Conditions, Resources and Outputs are in none of the above: the template has to go
  // through expand_language_extensions() first.
  bool has_loops = false;

  const Parameter* parameter(std::string_view name) const;
  const Resource* resource(std::string_view logical_id) const;
  bool uses_language_extensions() const;
};

// Everything AWS checks without parameter values, except references between parts, which check_references()
// (dependency_order.h) judges once loops are expanded.
Result<Template> parse_template(const json::value& document);

bool is_list_type(std::string_view parameter_type);
// `AWS::SSM::Parameter::Value<T>` -> `T`; nullopt for every other type.
std::optional<std::string> ssm_value_type(std::string_view parameter_type);

}  // namespace berth::cfn
