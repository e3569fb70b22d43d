#include "cloudformation/template/parameters.h"

#include <algorithm>
// Steps of one match; the default of 10^8 would let a pattern stop the daemon for a quarter of a second.
#define BOOST_REGEX_MAX_STATE_COUNT 1000000
#include <boost/regex.hpp>

#include "base/text.h"
#include "cloudformation/template/template_error.h"

namespace berth::cfn {
namespace {

constexpr std::string_view hidden = "****";

Error constraint_error(const Parameter& parameter, const std::string& what) {
  if (!parameter.constraint_description.empty()) {
    return validation_error("Parameter " + parameter.name +
                            " failed to satisfy constraint: " + parameter.constraint_description);
  }
  return validation_error("Parameter '" + parameter.name + "' " + what);
}

std::vector<std::string> items_of(std::string_view text) {
  std::vector<std::string> items = split(text, ',');
  for (auto& item : items) item = std::string(trim(item));
  return items;
}

// The whole value must match. A pattern that is none, or that would take for ever, is the template's fault.
Result<bool> matches_pattern(const Parameter& parameter, const std::string& value) try {
  const boost::regex pattern(*parameter.allowed_pattern, boost::regex::perl);
  return boost::regex_match(value, pattern);
} catch (const std::exception&) {
  return format_error("Parameter '{}' has an invalid AllowedPattern", parameter.name);
}

Result<void> check_length(const Parameter& parameter, const std::string& value) {
  const auto size = static_cast<long long>(value.size());
  if (parameter.min_length && size < *parameter.min_length) {
    return constraint_error(parameter,
                            fmt::format("must contain at least {} characters", *parameter.min_length));
  }
  if (parameter.max_length && size > *parameter.max_length) {
    return constraint_error(parameter,
                            fmt::format("must contain at most {} characters", *parameter.max_length));
  }
  return {};
}

Result<void> check_number(const Parameter& parameter, const std::string& value) {
  const auto number = parse_number(value);
  if (!number) return constraint_error(parameter, "must be a number");
  if (parameter.min_value && *number < *parse_number(*parameter.min_value)) {
    return constraint_error(parameter, "must be a number not less than " + *parameter.min_value);
  }
  if (parameter.max_value && *number > *parse_number(*parameter.max_value)) {
    return constraint_error(parameter, "must be a number not greater than " + *parameter.max_value);
  }
  return {};
}

Result<void> check_one(const Parameter& parameter, const std::string& value) {
  const auto& allowed = parameter.allowed_values;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    return constraint_error(parameter, "must be one of AllowedValues");
  }
  if (parameter.type == "Number" || parameter.type == "List<Number>") {
    if (auto checked = check_number(parameter, value); !checked) return checked;
  }
  if (auto checked = check_length(parameter, value); !checked) return checked;
  if (!parameter.allowed_pattern) return {};
  const auto matched = matches_pattern(parameter, value);
  if (!matched) return matched.error();
  if (!*matched) return constraint_error(parameter, "must match pattern " + *parameter.allowed_pattern);
  return {};
}

// The constraints of an SSM type bear on the name, never on a list's items.
Result<void> check_value(const Parameter& parameter, const std::string& value) {
  if (value.size() > parameter_value_bytes_max) {
    return validation_error(fmt::format("Parameter '{}' must contain at most {} characters", parameter.name,
                                        parameter_value_bytes_max));
  }
  if (ssm_value_type(parameter.type) || !is_list_type(parameter.type)) return check_one(parameter, value);
  for (const auto& item : items_of(value)) {
    if (auto checked = check_one(parameter, item); !checked) return checked;
  }
  return {};
}

Result<void> check_inputs(const Template& of, const std::vector<ParameterInput>& inputs,
                          const ParameterValues* previous) {
  std::vector<std::string> unknown;
  for (const auto& input : inputs) {
    if (!of.parameter(input.key)) unknown.push_back(input.key);
  }
  if (!unknown.empty()) {
    return validation_error("Parameters: [" + join(unknown, ",") + "] do not exist in the template");
  }
  for (const auto& input : inputs) {
    if (!input.use_previous_value) continue;
    const auto bad_input = [&](const char* why) {
      return validation_error("Invalid input for parameter key " + input.key +
                              ". Cannot specify usePreviousValue as true " + why);
    };
    if (input.value && !input.value->empty()) return bad_input("and non empty value for a parameter");
    if (!previous || !previous->find(input.key))
      return bad_input("for a parameter key not in the previous template");
  }
  return {};
}

std::optional<std::string> pick_value(const Parameter& parameter, const std::vector<ParameterInput>& inputs,
                                      const ParameterValues* previous) {
  const auto input = std::find_if(inputs.rbegin(), inputs.rend(),
                                  [&](const auto& item) { return item.key == parameter.name; });
  if (input != inputs.rend() && input->use_previous_value) return previous->find(parameter.name)->value;
  if (input != inputs.rend() && input->value) return input->value;
  return parameter.default_value;
}

Result<void> look_up(std::vector<ParameterValue>& values, const Template& of, const SsmLookup& ssm_lookup) {
  std::vector<std::string> missing;
  for (auto& value : values) {
    const auto type = ssm_value_type(of.parameter(value.key)->type);
    if (!type) continue;
    auto found = ssm_lookup(*type, value.value);
    if (found) {
      value.resolved = std::move(*found);
    } else if (found.error().code == "ParameterNotFound") {
      missing.push_back(value.value);
    } else {
      return found.error();
    }
  }
  if (missing.empty()) return {};
  return validation_error("Unable to fetch parameters [" + join(missing, ",") +
                          "] from parameter store for this account.");
}

}  // namespace

json::value ParameterValue::reference() const {
  const std::string& text = resolved ? *resolved : value;
  if (!is_list) return json::value(json::string(text));
  json::array list;
  for (const auto& item : items_of(text)) list.emplace_back(item);
  return list;
}

std::string ParameterValue::shown_value() const {
  return no_echo ? std::string(hidden) : value;
}

std::optional<std::string> ParameterValue::shown_resolved_value() const {
  return resolved && no_echo ? std::string(hidden) : resolved;
}

const ParameterValue* ParameterValues::find(std::string_view key) const {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [&](const ParameterValue& item) { return item.key == key; });
  return found == values_.end() ? nullptr : &*found;
}

Result<ParameterValues> resolve_parameters(const Template& of, const std::vector<ParameterInput>& inputs,
                                           const ParameterValues* previous, const SsmLookup& ssm_lookup) {
  if (auto checked = check_inputs(of, inputs, previous); !checked) return checked.error();
  std::vector<ParameterValue> values;
  std::vector<std::string> missing;
  for (const auto& parameter : of.parameters) {
    auto value = pick_value(parameter, inputs, previous);
    if (!value) {
      missing.push_back(parameter.name);
      continue;
    }
    values.push_back(
        {parameter.name, std::move(*value), std::nullopt, is_list_type(parameter.type), parameter.no_echo});
  }
  if (!missing.empty()) return validation_error("Parameters: [" + join(missing, ",") + "] must have values");
  for (const auto& value : values) {
    if (auto checked = check_value(*of.parameter(value.key), value.value); !checked) return checked.error();
  }
  if (auto done = look_up(values, of, ssm_lookup); !done) return done.error();
  return ParameterValues(std::move(values));
}

}  // namespace berth::cfn
