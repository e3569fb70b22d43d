// The Rules section: assertions about parameter values, judged before a stack is created or changed. Its functions
// are Fn::And, Or, Not, Equals, Contains, EachMemberEquals and EachMemberIn; AWS refuses Fn::If and conditions there.
#pragma once

#include "cloudformation/template/functions.h"

namespace berth::cfn {

// What AWS checks of the section's form without parameter values.
Result<std::vector<Rule>> read_rules(const json::object& section);

// The first assertion that does not hold is a ValidationError with its AssertDescription. A rule whose RuleCondition is
// false is not looked at.
Result<void> check_rules(const Template& of, const ParameterValues& parameters,
                         const Environment& environment);

}  // namespace berth::cfn
