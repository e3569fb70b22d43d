// AlarmRule of a composite alarm: parsing its expression and evaluating it over the states of other alarms.
// Which alarms exist, and cycles between composites, are the service's matter.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/alarm.h"

namespace berth::control {

inline constexpr int composite_children_max = 100;
inline constexpr int composite_elements_max = 500;

class CompositeRule {
 public:
  // Names or ARNs of the alarms, each once, in order of appearance.
  const std::vector<std::string>& children() const { return children_; }

  // ALARM when the expression holds, else OK. A child without an answer (nullopt: it does not exist) has no
  // state that any term names.
  using StateOf = std::function<std::optional<AlarmState>(std::string_view child)>;
  AlarmState evaluate(const StateOf& state_of) const;

 private:
  friend class CompositeParser;
  enum class Kind { And, Or, Not, State, Constant };
  struct Node {
    Kind kind{};
    int left = -1;
    int right = -1;
    AlarmState state{};
    int child = -1;
    bool constant = false;
  };
  bool holds(int node, const StateOf& state_of) const;

  std::vector<Node> nodes_;
  std::vector<std::string> children_;
  int root_ = -1;
};

// NOT binds tighter than AND, AND tighter than OR: AWS documents only the parentheses.
Result<CompositeRule> parse_composite_rule(std::string_view text);

// StateReason after a child changed.
std::string composite_state_reason(std::string_view child_arn, AlarmState child_state, Time changed_at);

}  // namespace berth::control
