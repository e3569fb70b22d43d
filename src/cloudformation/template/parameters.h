// The values a stack's parameters take: what the caller gives, the previous values, the defaults, each
// checked against its constraints; SSM parameter types are looked up every time. It stores nothing: the
// caller keeps the result as the next update's previous values.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/template/template.h"

namespace berth::cfn {

inline constexpr std::size_t parameter_value_bytes_max = 4096;

// One entry of Parameters in CreateChangeSet, CreateStack and UpdateStack.
struct ParameterInput {
  std::string key;
  std::optional<std::string> value;
  bool use_previous_value = false;
};

struct ParameterValue {
  std::string key;
  std::string value;                    // of an SSM type: the name
  std::optional<std::string> resolved;  // of an SSM type: what stood under that name
  bool is_list = false;
  bool no_echo = false;

  // What Ref yields: a string, or a list of strings.
  json::value reference() const;
  // As DescribeStacks shows them: `****` for NoEcho.
  std::string shown_value() const;
  std::optional<std::string> shown_resolved_value() const;
};

class ParameterValues {
 public:
  ParameterValues() = default;
  explicit ParameterValues(std::vector<ParameterValue> values) : values_(std::move(values)) {}

  const ParameterValue* find(std::string_view key) const;
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }
  std::size_t size() const { return values_.size(); }

 private:
  std::vector<ParameterValue> values_;  // in the template's order
};

// `type` is what stands in `AWS::SSM::Parameter::Value<type>`. The error code ParameterNotFound makes the
// names part of one "Unable to fetch parameters" message; any other error is passed on.
using SsmLookup = std::function<Result<std::string>(std::string_view type, std::string_view name)>;

// `previous`: null when the stack is created. Entries without a value use the default, else are missing.
Result<ParameterValues> resolve_parameters(const Template& of, const std::vector<ParameterInput>& inputs,
                                           const ParameterValues* previous, const SsmLookup& ssm_lookup);

}  // namespace berth::cfn
