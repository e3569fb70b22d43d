// What a value of a template points at, without evaluating it: Ref, GetAtt and the variables of Sub. Pseudo
// parameters and the local variables of a Sub are not counted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/template/functions.h"

namespace berth::cfn {

struct Reference {
  std::string name;       // a parameter's or a resource's; empty: the argument has no valid form
  std::string attribute;  // empty: Ref
  std::string function;   // "Ref", "Fn::GetAtt" or "Fn::Sub"
};

// With `conditions` only the branches of Fn::If that are taken count; null: all of them do.
std::vector<Reference> references_of(const json::value& value, const Conditions* conditions);

// Names of the conditions that Fn::If (and {"Condition": ...} within a condition) look at.
std::vector<std::string> conditions_used_by(const json::value& value, bool is_condition);

bool is_pseudo_parameter(std::string_view name);

// The text of Fn::Sub in pieces: literal text and variables, `${!x}` already unescaped.
struct SubPiece {
  bool is_variable = false;
  std::string text;
};
std::vector<SubPiece> sub_pieces(std::string_view text);

// Both forms of Fn::Sub; nullopt when the argument is neither.
struct SubArgument {
  std::string_view text;
  const json::object* variables = nullptr;
};
std::optional<SubArgument> sub_argument(const json::value& argument);

// [resource, attribute]; nullopt when the argument is none. The attribute may be a function.
struct GetAttArgument {
  std::string logical_id;
  json::value attribute;
};
std::optional<GetAttArgument> get_att_argument(const json::value& argument);

}  // namespace berth::cfn
