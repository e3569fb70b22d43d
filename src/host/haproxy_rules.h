// The part of an HAProxy frontend that listener rules become: conditions, the choice of the first rule that
// matches, and its action. The order of evaluation is the rules' own: HAProxy would run every `http-request`
// line before any `use_backend`, so the matching rule's number is kept in a variable first.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "world/balancer.h"

namespace berth::host::haproxy {

// A rule, or a listener's default action (no conditions), as one step of a frontend.
struct RuleEntry {
  std::string guard;  // a further condition in HAProxy's own words: the load balancer of a shared frontend
  const std::vector<world::ConditionSpec>* conditions = nullptr;
  const world::ActionSpec* action = nullptr;
};

struct RuleContext {
  int port = 80;
  // Backend of each target group that exists, by ARN.
  const std::map<std::string, std::string>* backends = nullptr;
};

// Lines of the frontend that answer by themselves or pick the backend. `forward_lines` stand between the two:
// what is done only to requests that go to a target.
std::string render_rules(const std::vector<RuleEntry>& entries, const RuleContext& context,
                         const std::string& forward_lines);

// "<html>..." as an ALB words it, for "503 Service Temporarily Unavailable".
std::string alb_page(const std::string& status_line);
// "Service Temporarily Unavailable"
std::string alb_reason(int status);

}  // namespace berth::host::haproxy
