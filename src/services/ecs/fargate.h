// What Fargate accepts of a task definition, with the texts AWS refuses the rest with. What AWS accepts and
// berth cannot run is refused by name.
#pragma once

#include "base/result.h"
#include "model/ecs.h"

namespace berth::ecs {

struct TaskSize {
  int cpu_units = 0;  // 1024 = one vCPU
  int memory_mib = 0;
};

// "256", ".25 vCPU"; "512", "0.5GB".
std::optional<int> parse_cpu_units(const std::string& text);
std::optional<int> parse_memory_mib(const std::string& text);

Result<TaskSize> check_task_size(const std::optional<std::string>& cpu,
                                 const std::optional<std::string>& memory);
Result<> check_task_definition(const RegisterTaskDefinitionRequest& request, TaskSize size);

// The container as DescribeTaskDefinition echoes it: defaults filled in.
ContainerDefinition completed(ContainerDefinition container);
std::vector<Attribute> required_attributes(const RegisterTaskDefinitionRequest& request);

}  // namespace berth::ecs
