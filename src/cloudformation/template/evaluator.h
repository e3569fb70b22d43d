// The walk behind evaluate(): one object per evaluation, counting what it produces. Functions of text and
// lists are in list_functions.h; what looks at the template is here. Internal to this folder.
#pragma once

#include <cstddef>
#include <string_view>

#include "cloudformation/template/functions.h"

namespace berth::cfn {

class Evaluator {
 public:
  explicit Evaluator(const Scope& scope) : scope_(scope) {}

  Result<json::value> evaluate(const json::value& value);

 private:
  Result<json::value> evaluate_object(const json::object& object);
  Result<json::value> evaluate_list(const json::array& list);
  Result<json::value> call(std::string_view function, const json::value& argument);

  Result<json::value> ref(const json::value& argument);
  Result<json::value> named_value(std::string_view name);
  Result<json::value> get_att(const json::value& argument);
  Result<json::value> sub(const json::value& argument);
  Result<std::string> sub_variable(const std::string& name, const json::object& variables);
  Result<json::value> choose(const json::value& argument);
  Result<json::value> find_in_map(const json::value& argument);
  Result<json::value> import_value(const json::value& argument);
  Result<json::value> get_azs(const json::value& argument);
  Result<json::value> extension(std::string_view function, const json::value& argument);

  // Fails once the evaluation has produced more than evaluated_bytes_max.
  Result<void> charge(std::size_t bytes);
  Result<json::value> charged(Result<json::value> value);

  const Scope& scope_;
  std::size_t bytes_ = 0;
};

}  // namespace berth::cfn
