// Breakages: worlds that are broken on purpose, each in the way that one invariant is there to notice.
#pragma once

#include <string>
#include <vector>

#include "daemon.h"

namespace berth::worlds {

enum class Breakage {
  none,
  forgotten_stop,      // the engine does not say that a task is gone
  kept_task,           // the engine says a task is gone, and it is not
  doubled_task,        // the engine starts a task twice
  never_healthy,       // the load balancer calls nothing healthy
  lost_mail,           // the relay takes a mail and loses it
  doubled_mail,        // a mail comes twice
  lost_line,           // a line of a task's output is lost
  doubled_line,        // a line comes twice
  too_many_tasks,      // tasks appear that nobody may start
  silent_count,        // the desired count changes by itself
  order_beyond,        // an order above the maximum
  hasty_scale_in,      // two scale-ins in a row
  lying_alarm,         // an alarm's state changes by itself
  doubled_history,     // the history tells of a transition twice
  wrong_usage,         // the engine counts CPU twice
  lost_resource,       // a topic disappears
  stuck_stack,         // a stack is under way, and nothing works on it
  forgotten_leftover,  // something appears that no stack deletes
};

struct BreakageInfo {
  Breakage breakage{};
  const char* name = "";
  const char* invariant = "";  // that must notice
};
const std::vector<BreakageInfo>& breakages();
const char* name_of(Breakage breakage);

// When it happens in a world whose faults end after `chaos`.
Duration damage_at(Breakage breakage, Duration chaos);
// `daemon` is null while it is down.
void do_damage(Breakage breakage, Daemon* daemon, Outside& outside);

}  // namespace berth::worlds
