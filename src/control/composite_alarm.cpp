#include "control/composite_alarm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace berth::control {

// Recursive descent. The depth is bounded by the number of elements.
class CompositeParser {
 public:
  explicit CompositeParser(std::string_view text) : text_(text) {}

  Result<CompositeRule> parse() {
    rule_.root_ = disjunction();
    skip_space();
    if (problem_.empty() && at_ != text_.size()) fail("unexpected text");
    if (!problem_.empty()) return Error{"ValidationError", problem_};
    return std::move(rule_);
  }

 private:
  using Kind = CompositeRule::Kind;
  using Node = CompositeRule::Node;

  int fail(std::string_view what) {
    if (problem_.empty()) problem_ = fmt::format("AlarmRule is invalid: {} at position {}", what, at_ + 1);
    return -1;
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view peek_word() {
    skip_space();
    std::size_t end = at_;
    while (end < text_.size() && (std::isalpha(static_cast<unsigned char>(text_[end])) || text_[end] == '_'))
      ++end;
    return text_.substr(at_, end - at_);
  }

  bool take_word(std::string_view word) {
    if (peek_word() != word) return false;
    at_ += word.size();
    return true;
  }

  int add(Node node) {
    if (!problem_.empty()) return -1;
    if (static_cast<int>(rule_.nodes_.size()) >= composite_elements_max)
      return fail("more than 500 elements");
    rule_.nodes_.push_back(node);
    return static_cast<int>(rule_.nodes_.size()) - 1;
  }

  int disjunction() {
    int left = conjunction();
    while (problem_.empty() && take_word("OR")) {
      const int right = conjunction();
      left = add({Kind::Or, left, right});
    }
    return left;
  }

  int conjunction() {
    int left = negation();
    while (problem_.empty() && take_word("AND")) {
      const int right = negation();
      left = add({Kind::And, left, right});
    }
    return left;
  }

  int negation() {
    if (++depth_ > composite_elements_max) return fail("more than 500 elements");
    int node = -1;
    if (take_word("NOT")) {
      const int operand = negation();
      node = add({Kind::Not, operand});
    } else {
      node = term();
    }
    --depth_;
    return node;
  }

  int term() {
    if (take('(')) {
      const int inner = disjunction();
      return take(')') ? inner : fail("missing )");
    }
    const std::string_view word = peek_word();
    if (take_word("TRUE")) return add({.kind = Kind::Constant, .constant = true});
    if (take_word("FALSE")) return add({.kind = Kind::Constant});
    if (word == "AT_LEAST") return fail("AT_LEAST is not supported");
    const auto state = parse_alarm_state(word);
    if (!state) return fail("expected ALARM(), OK(), INSUFFICIENT_DATA(), TRUE, FALSE, NOT or (");
    at_ += word.size();
    if (!take('(')) return fail("missing (");
    const int child = child_name();
    if (child < 0) return -1;
    return take(')') ? add({.kind = Kind::State, .state = *state, .child = child}) : fail("missing )");
  }

  // "quoted", 'quoted' or bare up to the parenthesis.
  int child_name() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    const bool quoted = quote == '"' || quote == '\'';
    const std::size_t from = at_ + (quoted ? 1 : 0);
    const std::size_t to = text_.find(quoted ? quote : ')', from);
    if (to == std::string_view::npos) return fail("missing end of the alarm's name");
    const std::string name(quoted ? text_.substr(from, to - from) : trim(text_.substr(from, to - from)));
    if (name.empty()) return fail("missing name of an alarm");
    at_ = to + (quoted ? 1 : 0);
    auto& children = rule_.children_;
    const auto known = std::find(children.begin(), children.end(), name);
    if (known != children.end()) return static_cast<int>(known - children.begin());
    if (static_cast<int>(children.size()) >= composite_children_max) return fail("more than 100 alarms");
    children.push_back(name);
    return static_cast<int>(children.size()) - 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string problem_;
  CompositeRule rule_;
};

bool CompositeRule::holds(int index, const StateOf& state_of) const {
  const Node& node = nodes_[static_cast<std::size_t>(index)];
  switch (node.kind) {
    case Kind::And:
      return holds(node.left, state_of) && holds(node.right, state_of);
    case Kind::Or:
      return holds(node.left, state_of) || holds(node.right, state_of);
    case Kind::Not:
      return !holds(node.left, state_of);
    case Kind::State:
      return state_of(children_[static_cast<std::size_t>(node.child)]) == node.state;
    case Kind::Constant:
      return node.constant;
  }
  return false;
}

AlarmState CompositeRule::evaluate(const StateOf& state_of) const {
  return holds(root_, state_of) ? AlarmState::Alarm : AlarmState::Ok;
}

Result<CompositeRule> parse_composite_rule(std::string_view text) {
  return CompositeParser(text).parse();
}

std::string composite_state_reason(std::string_view child_arn, AlarmState child_state, Time changed_at) {
  return fmt::format("{} transitioned to {} at {}", child_arn, name_of(child_state),
                     format_utc(changed_at, "%A %d %B, %Y %H:%M:%S UTC"));
}

}  // namespace berth::control
