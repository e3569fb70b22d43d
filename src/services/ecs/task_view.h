// How the API describes a task.
#pragma once

#include "services/context.h"
#include "services/ecs/rows.h"

namespace berth::ecs {

Task describe_task(const Store& store, const Settings& settings, const TaskRow& task, bool with_tags);

}  // namespace berth::ecs
