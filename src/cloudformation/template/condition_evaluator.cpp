#include <array>
#include <set>

#include "cloudformation/template/evaluator.h"
#include "cloudformation/template/references.h"
#include "cloudformation/template/template_error.h"
#include "cloudformation/template/template_sections.h"

namespace berth::cfn {
namespace {

constexpr std::size_t condition_chain_max = 100;  // conditions looking at one another

class ConditionEvaluator {
 public:
  ConditionEvaluator(const Template& of, const ParameterValues& parameters, const Environment& environment)
      : scope_{of, parameters, done_, environment} {}

  Result<Conditions> all() {
    for (const auto& condition : scope_.of.conditions) {
      if (auto value = named(std::string(condition.key()), "Condition"); !value) return value.error();
    }
    return std::move(done_);
  }

 private:
  Result<bool> named(const std::string& name, std::string_view user) {
    if (const auto known = done_.find(name); known != done_.end()) return known->second;
    const auto* expression = scope_.of.conditions.if_contains(name);
    if (!expression) return template_error("unresolved condition dependency {} in {}", name, user);
    if (!open_.insert(name).second) return format_error("Circular dependency between conditions: [{}]", name);
    if (open_.size() > condition_chain_max) {
      return format_error("Conditions refer to one another more than {} deep", condition_chain_max);
    }
    auto value = evaluate_expression(*expression);
    open_.erase(name);
    if (value) done_.emplace(name, *value);
    return value;
  }

  Result<bool> evaluate_expression(const json::value& value) {
    const auto* object = value.if_object();
    if (object && object->size() == 1) {
      const auto& member = *object->begin();
      const std::string_view function = member.key();
      if (function == "Condition" && member.value().is_string()) {
        return named(std::string(member.value().get_string()), "Condition");
      }
      if (function == "Fn::Equals") return equals(member.value());
      if (function == "Fn::Not") return negation(member.value());
      if (function == "Fn::And" || function == "Fn::Or") return combination(function, member.value());
    }
    return format_error("Conditions can only be boolean operations on parameters and other conditions");
  }

  Result<bool> equals(const json::value& argument) {
    const auto malformed = [] {
      return template_error("every Fn::Equals object requires a list of 2 string parameters.");
    };
    const auto* parts = argument.if_array();
    if (!parts || parts->size() != 2) return malformed();
    std::array<json::value, 2> sides;
    for (std::size_t i = 0; i < 2; ++i) {
      auto side = operand((*parts)[i]);
      if (!side) return side.error();
      if (!side->is_string()) return malformed();
      sides[i] = std::move(*side);
    }
    return sides[0].get_string() == sides[1].get_string();
  }

  Result<json::value> operand(const json::value& value) {
    for (const auto& reference : references_of(value, nullptr)) {
      if (scope_.parameters.find(reference.name)) continue;
      return format_error(
          "Unresolved dependencies [{}]. Cannot reference resources in the Conditions block of the template",
          reference.name);
    }
    // Fn::If within a condition looks at conditions by name; they have to be known first.
    for (const auto& name : conditions_used_by(value, false)) {
      if (auto known = named(name, "Fn::If"); !known) return known.error();
    }
    return Evaluator(scope_).evaluate(value);
  }

  Result<bool> negation(const json::value& argument) {
    const auto* parts = argument.if_array();
    if (!parts || parts->size() != 1) {
      return template_error("every Fn::Not object requires a list with exactly 1 boolean parameter.");
    }
    const auto value = evaluate_expression((*parts)[0]);
    if (!value) return value;
    return !*value;
  }

  Result<bool> combination(std::string_view function, const json::value& argument) {
    const auto* parts = argument.if_array();
    if (!parts || parts->size() < 2 || parts->size() > 10) {
      return template_error(
          "every {} object requires a list of at least 2 and at most 10 boolean parameters.", function);
    }
    const bool is_and = function == "Fn::And";
    bool out = is_and;
    for (const auto& part : *parts) {  // all of them, so that a malformed one is always seen
      const auto value = evaluate_expression(part);
      if (!value) return value;
      out = is_and ? out && *value : out || *value;
    }
    return out;
  }

  Conditions done_;
  Scope scope_;
  std::set<std::string> open_;
};

}  // namespace

Result<Conditions> evaluate_conditions(const Template& of, const ParameterValues& parameters,
                                       const Environment& environment) {
  return ConditionEvaluator(of, parameters, environment).all();
}

}  // namespace berth::cfn
