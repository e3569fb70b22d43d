// The Condition block of a policy's statement: operators over the keys of a request.
#pragma once

#include "control/policy_evaluation.h"

namespace berth::control {

// Every operator must be met, and in it every key. An operator that IAM does not have is never met.
bool meets_conditions(const json::value& conditions, const PolicyRequest& request);

// The text with ${aws:PrincipalArn} and the like filled in; ${*}, ${?} and ${$} stay characters. False: the
// request has no such key, or more than one value of it.
bool fill_in_variables(std::string_view text, const PolicyRequest& request, std::string& out);

// `*` and `?` as in matches_wildcard, but what fill_in_variables() has put in stands for itself.
bool matches_pattern(std::string_view pattern, std::string_view text);

// A string, or the strings of an array; numbers and booleans as their text.
std::vector<std::string> strings_of(const json::value& value);

}  // namespace berth::control
