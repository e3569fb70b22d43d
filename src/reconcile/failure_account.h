// What the tasks of a service have done since the last look, counted once each into their deployment: failed
// starts, crashes, first successes. The circuit breaker and the start back-off work from these counters.
#pragma once

#include <string>
#include <vector>

#include "control/task_health.h"
#include "services/ecs/rows.h"
#include "store/store.h"

namespace berth::reconcile {

struct Accounted {
  bool anything = false;
  bool reached_running = false;
  std::vector<std::string> failed_starts;  // stoppedReason of tasks that never ran
};

// Inside a transaction. `health` is that of the task now.
void account_task(Store& store, const ecs::ServiceRow& service, const ecs::TaskRow& task,
                  control::Health health, Time now, Accounted& out);

}  // namespace berth::reconcile
