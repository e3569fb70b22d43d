#include "cloudformation/template/rules.h"

#include <algorithm>

#include "cloudformation/template/evaluator.h"
#include "cloudformation/template/references.h"
#include "cloudformation/template/template_error.h"
#include "cloudformation/template/template_sections.h"

namespace berth::cfn {
namespace {

// {"Fn::X": argument}; nullptr when it is none.
const json::object::value_type* function_of(const json::value& value) {
  const auto* object = value.if_object();
  return object && object->size() == 1 ? &*object->begin() : nullptr;
}

class RuleEvaluator {
 public:
  explicit RuleEvaluator(const Scope& scope) : scope_(scope) {}

  Result<bool> judge(const json::value& expression) {
    const auto* member = function_of(expression);
    const std::string_view function = member ? std::string_view(member->key()) : std::string_view();
    if (function == "Fn::And" || function == "Fn::Or") return combination(function, member->value());
    if (function == "Fn::Not") return negation(member->value());
    if (function == "Fn::Equals") return equals(member->value());
    if (function == "Fn::Contains" || function == "Fn::EachMemberEquals" || function == "Fn::EachMemberIn")
      return about_list(function, member->value());
    return format_error("Rules can only be boolean operations on parameters{}",
                        member ? ", not " + std::string(function) : "");
  }

 private:
  Result<bool> combination(std::string_view function, const json::value& argument) {
    const auto* parts = argument.if_array();
    if (!parts || parts->size() < 2 || parts->size() > 10) {
      return template_error(
          "every {} object requires a list of at least 2 and at most 10 boolean parameters.", function);
    }
    const bool is_and = function == "Fn::And";
    bool out = is_and;
    for (const auto& part : *parts) {
      const auto value = judge(part);
      if (!value) return value;
      out = is_and ? out && *value : out || *value;
    }
    return out;
  }

  Result<bool> negation(const json::value& argument) {
    const auto* parts = argument.if_array();
    if (!parts || parts->size() != 1) {
      return template_error("every Fn::Not object requires a list with exactly 1 boolean parameter.");
    }
    const auto value = judge((*parts)[0]);
    if (!value) return value;
    return !*value;
  }

  Result<bool> equals(const json::value& argument) {
    const auto* parts = argument.if_array();
    if (!parts || parts->size() != 2) {
      return template_error("every Fn::Equals object requires a list of 2 string parameters.");
    }
    const auto left = text((*parts)[0]);
    if (!left) return left.error();
    const auto right = text((*parts)[1]);
    if (!right) return right.error();
    return *left == *right;
  }

  // Whether the list has the value; whether each of its members is it; whether each is in the second list.
  Result<bool> about_list(std::string_view function, const json::value& argument) {
    const auto* parts = argument.if_array();
    if (!parts || parts->size() != 2)
      return template_error("every {} object requires a list of 2 parameters.", function);
    const auto members = texts((*parts)[0]);
    if (!members) return members.error();
    if (function == "Fn::EachMemberIn") {
      const auto allowed = texts((*parts)[1]);
      if (!allowed) return allowed.error();
      return std::all_of(members->begin(), members->end(), [&](const auto& member) {
        return std::find(allowed->begin(), allowed->end(), member) != allowed->end();
      });
    }
    const auto wanted = text((*parts)[1]);
    if (!wanted) return wanted.error();
    const auto is_wanted = [&](const auto& member) { return member == *wanted; };
    return function == "Fn::Contains" ? std::any_of(members->begin(), members->end(), is_wanted)
                                      : std::all_of(members->begin(), members->end(), is_wanted);
  }

  Result<json::value> operand(const json::value& value) {
    if (const auto* member = function_of(value)) {
      for (const char* function : {"Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll"}) {
        if (member->key() == function) return format_error("{} in Rules is not supported by berth.", function);
      }
    }
    for (const auto& reference : references_of(value, nullptr)) {
      if (scope_.parameters.find(reference.name)) continue;
      return format_error(
          "Unresolved dependencies [{}]. Cannot reference resources in the Rules block of the template",
          reference.name);
    }
    return Evaluator(scope_).evaluate(value);
  }

  Result<std::string> text(const json::value& value) {
    const auto found = operand(value);
    if (!found) return found.error();
    if (!found->is_string()) return template_error("a rule compares strings.");
    return std::string(found->get_string());
  }

  Result<std::vector<std::string>> texts(const json::value& value) {
    const auto found = operand(value);
    if (!found) return found.error();
    if (!found->is_array()) return template_error("a rule looks for members of a list of strings.");
    std::vector<std::string> out;
    for (const auto& member : found->get_array()) {
      if (!member.is_string()) return template_error("a rule looks for members of a list of strings.");
      out.emplace_back(member.get_string());
    }
    return out;
  }

  Scope scope_;
};

Result<RuleAssertion> read_assertion(std::string_view rule, const json::value& value) {
  const auto* object = value.if_object();
  const auto* asserted = object ? object->if_contains("Assert") : nullptr;
  if (!asserted) return format_error("Every Assertions member of the rule {} must have an Assert.", rule);
  RuleAssertion out{*asserted, ""};
  if (const auto* description = object->if_contains("AssertDescription")) {
    auto text = string_member("AssertDescription", *description);
    if (!text) return text.error();
    out.description = *text;
  }
  return out;
}

}  // namespace

Result<std::vector<Rule>> read_rules(const json::object& section) {
  std::vector<Rule> rules;
  for (const auto& member : section) {
    const auto* object = member.value().if_object();
    const auto* assertions = object ? object->if_contains("Assertions") : nullptr;
    if (!assertions || !assertions->is_array() || assertions->get_array().empty())
      return format_error("The rule {} must have a list of Assertions.", std::string_view(member.key()));
    Rule& rule = rules.emplace_back(Rule{std::string(member.key()), nullptr, {}});
    if (const auto* condition = object->if_contains("RuleCondition")) rule.condition = *condition;
    for (const auto& assertion : assertions->get_array()) {
      auto read = read_assertion(rule.name, assertion);
      if (!read) return read.error();
      rule.assertions.push_back(std::move(*read));
    }
  }
  return rules;
}

Result<void> check_rules(const Template& of, const ParameterValues& parameters,
                         const Environment& environment) {
  const Conditions none;
  RuleEvaluator evaluator({of, parameters, none, environment});
  for (const auto& rule : of.rules) {
    if (!rule.condition.is_null()) {
      const auto applies = evaluator.judge(rule.condition);
      if (!applies) return applies.error();
      if (!*applies) continue;
    }
    for (const auto& assertion : rule.assertions) {
      const auto holds = evaluator.judge(assertion.expression);
      if (!holds) return holds.error();
      if (!*holds) return validation_error(fmt::format("Rule {} failed: {}", rule.name, assertion.description));
    }
  }
  return {};
}

}  // namespace berth::cfn
