// Filter patterns of FilterLogEvents: words and "phrases" that must all occur, ?words of which one must,
// -words that must not, or a pattern over a JSON document. Patterns over columns ([a, b]) and %regular
// expressions% are refused. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/logs/json_pattern.h"

namespace berth::logs {

class FilterPattern {
 public:
  static Result<FilterPattern> parse(std::string_view text);

  bool matches(std::string_view message) const;

 private:
  std::vector<std::string> required_;
  std::vector<std::string> optional_;
  std::vector<std::string> excluded_;
  std::optional<JsonPattern> json_;
};

}  // namespace berth::logs
