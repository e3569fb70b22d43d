// From a task's row to what the runtime is asked to run: image, command, limits, and the environment with
// ECS's own variables and the secrets. Nothing of it is stored; secrets in particular exist only here.
#pragma once

#include <optional>
#include <string>

#include "services/context.h"
#include "services/ecs/rows.h"
#include "world/runtime.h"

namespace berth::reconcile {

struct PreparedTask {
  world::TaskSpec spec;
  // Why the task must not be started, by one of AWS's categories. One that runs already is not touched by it.
  std::optional<Error> problem;
};

PreparedTask prepare_task(const Store& store, const Settings& settings, const ecs::TaskRow& task,
                          double time_scale);

}  // namespace berth::reconcile
