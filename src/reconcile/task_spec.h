// From a task's row to what the runtime is asked to run: image, command, limits, and the environment with
// ECS's own variables and the secrets. Nothing of it is stored; secrets in particular exist only here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/context.h"
#include "services/ecs/rows.h"
#include "world/runtime.h"

namespace berth::reconcile {

struct PreparedTask {
  world::TaskSpec spec;
  // Why the task must not be started, by one of AWS's categories. One that runs already is not touched by it.
  std::optional<Error> problem;
};

// Reads only. A log group that the task may create (awslogs-create-group) is no problem when it is missing.
PreparedTask prepare_task(const Store& store, const Settings& settings, const ecs::TaskRow& task,
                          double time_scale);

// The log groups that the task's containers may create and that are missing.
std::vector<std::string> log_groups_to_create(const Store& store, const ecs::TaskRow& task);

}  // namespace berth::reconcile
