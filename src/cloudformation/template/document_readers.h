// The two syntaxes of a template. Both give the same document or say where the text is wrong; neither knows
// sizes or the meaning of what it reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace berth::cfn {

struct SyntaxError {
  int line = 1;  // 1-based
  int column = 1;
  std::string message;     // a whole sentence, or empty when the text is just not well-formed
  bool with_place = true;  // whether AWS's message names line and column
};

std::optional<SyntaxError> read_yaml(std::string_view text, json::value& document);
std::optional<SyntaxError> read_json(std::string_view text, json::value& document);

}  // namespace berth::cfn
