#include "services/logs/json_pattern.h"

#include <algorithm>

#include "base/text.h"

namespace berth::logs {
namespace {

constexpr int nesting_max = 16;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<JsonPattern> parse() {
    auto pattern = any_of(0);
    skip_space();
    if (pattern && at_ != text_.size()) return refused();
    return pattern;
  }

 private:
  static Error refused() { return {"InvalidParameterException", "Invalid filter pattern"}; }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(std::string_view what) {
    skip_space();
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  bool take_word(std::string_view word) {
    const std::size_t before = at_;
    if (take(word) && (at_ == text_.size() || !is_word(text_[at_]))) return true;
    at_ = before;
    return false;
  }

  Result<JsonPattern> any_of(int depth) {
    return joined(JsonPattern::Kind::any_of, "||", [&] { return all_of(depth); });
  }
  Result<JsonPattern> all_of(int depth) {
    return joined(JsonPattern::Kind::all_of, "&&", [&] { return term(depth); });
  }
  template <class Part>
  Result<JsonPattern> joined(JsonPattern::Kind kind, std::string_view by, Part part) {
    JsonPattern whole;
    whole.kind = kind;
    do {
      auto next = part();
      if (!next) return next;
      whole.children.push_back(std::move(*next));
    } while (take(by));
    return whole;
  }

  Result<JsonPattern> term(int depth) {
    if (depth > nesting_max) return refused();
    if (take("(")) {
      auto inner = any_of(depth + 1);
      if (inner && !take(")")) return refused();
      return inner;
    }
    return condition();
  }

  Result<JsonPattern> condition() {
    JsonPattern pattern;
    if (!take("$") || !read_path(pattern.path)) return refused();
    if (take_word("NOT")) {
      if (!take_word("EXISTS")) return refused();
      pattern.kind = JsonPattern::Kind::not_exists;
      return pattern;
    }
    if (take_word("IS")) {
      if (take_word("NULL")) {
        pattern.kind = JsonPattern::Kind::is_null;
      } else if (take_word("TRUE")) {
        pattern.kind = JsonPattern::Kind::is_true;
      } else if (take_word("FALSE")) {
        pattern.kind = JsonPattern::Kind::is_false;
      } else {
        return refused();
      }
      return pattern;
    }
    pattern.kind = JsonPattern::Kind::comparison;
    for (const char* comparison : {"!=", "<=", ">=", "=", "<", ">"}) {
      if (!take(comparison)) continue;
      pattern.comparison = comparison;
      if (!read_value(pattern)) return refused();
      return pattern;
    }
    return refused();
  }

  bool read_path(std::vector<JsonPattern::Step>& path) {
    for (;;) {
      if (at_ < text_.size() && text_[at_] == '.') {
        const std::size_t begin = ++at_;
        while (at_ < text_.size() && is_word(text_[at_])) ++at_;
        if (at_ == begin) return false;
        path.emplace_back(std::string(text_.substr(begin, at_ - begin)));
      } else if (at_ < text_.size() && text_[at_] == '[') {
        const std::size_t end = text_.find(']', at_);
        if (end == text_.npos || !read_bracket(text_.substr(at_ + 1, end - at_ - 1), path)) return false;
        at_ = end + 1;
      } else {
        return !path.empty();
      }
    }
  }

  static bool read_bracket(std::string_view inside, std::vector<JsonPattern::Step>& path) {
    if (inside.size() > 2 && (inside.front() == '"' || inside.front() == '\'') &&
        inside.back() == inside.front()) {
      path.emplace_back(std::string(inside.substr(1, inside.size() - 2)));
      return true;
    }
    const auto index = parse_integer(inside);
    if (!index || *index < 0) return false;
    path.emplace_back(static_cast<std::size_t>(*index));
    return true;
  }

  bool read_value(JsonPattern& pattern) {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '"') {
      pattern.is_text = true;
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        pattern.text += text_[at_];
      }
      return take("\"");
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           (is_word(text_[at_]) || std::string_view("*.:/+%@#").find(text_[at_]) != text_.npos)) {
      ++at_;
    }
    pattern.text = std::string(text_.substr(begin, at_ - begin));
    return at_ > begin;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

const json::value* value_at(const json::value& document, const std::vector<JsonPattern::Step>& path) {
  const json::value* value = &document;
  for (const auto& step : path) {
    if (const auto* member = std::get_if<std::string>(&step)) {
      value = find(*value, *member);
    } else {
      const auto* list = value->if_array();
      const std::size_t index = std::get<std::size_t>(step);
      value = list && index < list->size() ? &(*list)[index] : nullptr;
    }
    if (!value) return nullptr;
  }
  return value;
}

// Only `*` is special here, so it is not matches_wildcard().
bool matches_stars(std::string_view pattern, std::string_view text) {
  const auto pieces = split(pattern, '*');
  if (pieces.size() == 1) return pattern == text;
  if (!text.starts_with(pieces.front())) return false;
  text.remove_prefix(pieces.front().size());
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    const auto found = text.find(pieces[i]);
    if (found == text.npos) return false;
    text.remove_prefix(found + pieces[i].size());
  }
  return text.ends_with(pieces.back());
}

bool compare(const std::string& comparison, double value, double bound) {
  if (comparison == "=") return value == bound;
  if (comparison == "!=") return value != bound;
  if (comparison == "<") return value < bound;
  if (comparison == "<=") return value <= bound;
  if (comparison == ">") return value > bound;
  return value >= bound;
}

bool compare(const JsonPattern& pattern, const json::value& value) {
  if (value.is_number() && !pattern.is_text) {
    if (const auto bound = parse_number(pattern.text)) {
      return compare(pattern.comparison, value.to_number<double>(), *bound);
    }
  }
  const std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
  const bool equal = matches_stars(pattern.text, text);
  if (pattern.comparison == "=") return equal;
  return pattern.comparison == "!=" && !equal;
}

}  // namespace

bool JsonPattern::matches(const json::value& document) const {
  const auto child_matches = [&](const JsonPattern& child) { return child.matches(document); };
  if (kind == Kind::all_of) return std::all_of(children.begin(), children.end(), child_matches);
  if (kind == Kind::any_of) return std::any_of(children.begin(), children.end(), child_matches);
  const json::value* value = value_at(document, path);
  if (kind == Kind::not_exists) return !value;
  if (!value) return false;
  if (kind == Kind::is_null) return value->is_null();
  if (kind == Kind::is_true) return value->is_bool() && value->get_bool();
  if (kind == Kind::is_false) return value->is_bool() && !value->get_bool();
  return compare(*this, *value);
}

Result<JsonPattern> parse_json_pattern(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace berth::logs
