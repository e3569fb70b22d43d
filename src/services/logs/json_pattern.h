// JSON filter patterns: { $.status = 500 && $.path = "/api/*" }. Reads one and decides for one document.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace berth::logs {

struct JsonPattern {
  enum class Kind { all_of, any_of, comparison, is_null, is_true, is_false, not_exists };
  using Step = std::variant<std::string, std::size_t>;  // member or index

  Kind kind = Kind::all_of;
  std::vector<JsonPattern> children;  // all_of, any_of
  std::vector<Step> path;             // the others
  std::string comparison{};           // = != < <= > >=
  std::string text{};                 // what is compared with; `*` stands for any run
  bool is_text = false;               // it was quoted: no number

  bool matches(const json::value& document) const;
};

// The text between the braces.
Result<JsonPattern> parse_json_pattern(std::string_view text);

}  // namespace berth::logs
