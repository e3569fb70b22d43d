#include "services/logs/filter_pattern.h"

#include <algorithm>

#include "base/text.h"

namespace berth::logs {
namespace {

constexpr std::size_t pattern_characters_max = 1024;

Error invalid_pattern(const std::string& why = {}) {
  return {"InvalidParameterException", "Invalid filter pattern" + (why.empty() ? "" : ": " + why)};
}

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c));
}

// One word or quoted phrase at the beginning of `text`, which is shortened by it.
bool take_term(std::string_view& text, std::string& term) {
  if (text.starts_with('"')) {
    std::size_t at = 1;
    for (; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      term += text[at];
    }
    if (at == text.size()) return false;
    text.remove_prefix(at + 1);
  } else {
    const auto end = std::find_if(text.begin(), text.end(), is_space);
    term.assign(text.begin(), end);
    text.remove_prefix(term.size());
  }
  return !term.empty();
}

bool contains(std::string_view message, const std::string& term) {
  return message.find(term) != message.npos;
}

}  // namespace

Result<FilterPattern> FilterPattern::parse(std::string_view text) {
  FilterPattern pattern;
  if (text.size() > pattern_characters_max) return invalid_pattern();
  text = trim(text);
  if (text.starts_with('{')) {
    if (!text.ends_with('}')) return invalid_pattern();
    auto parsed = parse_json_pattern(text.substr(1, text.size() - 2));
    if (!parsed) return parsed.error();
    pattern.json_ = std::move(*parsed);
    return pattern;
  }
  if (text.starts_with('[')) return invalid_pattern("berth does not match by columns");
  if (text.starts_with('%')) return invalid_pattern("berth does not match by regular expressions");
  while (!text.empty()) {
    auto* terms = &pattern.required_;
    if (text.starts_with('?')) terms = &pattern.optional_;
    if (text.starts_with('-')) terms = &pattern.excluded_;
    if (terms != &pattern.required_) text.remove_prefix(1);
    if (!take_term(text, terms->emplace_back())) return invalid_pattern();
    text = trim(text);
  }
  return pattern;
}

bool FilterPattern::matches(std::string_view message) const {
  if (json_) {
    json::value document;
    JsonError error;
    return parse_json(message, document, error) && json_->matches(document);
  }
  const auto occurs = [&](const std::string& term) { return contains(message, term); };
  if (!std::all_of(required_.begin(), required_.end(), occurs)) return false;
  if (std::any_of(excluded_.begin(), excluded_.end(), occurs)) return false;
  // Beside other terms the question mark has no effect (CloudWatch Logs user guide, "Filter pattern syntax").
  if (optional_.empty() || !required_.empty() || !excluded_.empty()) return true;
  return std::any_of(optional_.begin(), optional_.end(), occurs);
}

}  // namespace berth::logs
