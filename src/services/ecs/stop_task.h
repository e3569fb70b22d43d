// Wanting a task stopped: said once, with the first reason kept. The task lifecycle reconciler does the
// stopping.
#pragma once

#include <string>

#include "services/ecs/rows.h"

namespace berth::ecs {

// No effect on a task that is told to stop already.
inline void order_stop(TaskRow& task, std::string stop_code, std::string reason) {
  if (task.desired_status == "STOPPED") return;
  task.desired_status = "STOPPED";
  task.stop_code = std::move(stop_code);
  task.stopped_reason = std::move(reason);
  ++task.version;
}

}  // namespace berth::ecs
