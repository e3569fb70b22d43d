// The rules of one container definition, and of a task's containers with each other.
#pragma once

#include <string>

#include "base/result.h"
#include "model/ecs.h"
#include "services/ecs/fargate.h"

namespace berth::ecs {

// Letters, digits, `-` and `_`.
bool is_ecs_name(const std::string& name);

Result<> check_container(const ContainerDefinition& container,
                         const std::optional<std::string>& execution_role, TaskSize size);
// What the container asks for, by itself and against the task's size.
Result<> check_sizes(const ContainerDefinition& container, TaskSize size);
Result<> check_containers_together(const std::vector<ContainerDefinition>& containers, TaskSize size);

}  // namespace berth::ecs
