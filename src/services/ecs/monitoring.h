// A service's monitoring configuration: how finely its CPU and memory are published.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "services/ecs/rows.h"

namespace berth::ecs {

Result<> check_monitoring(const std::optional<MonitoringConfiguration>& monitoring);

// 20 or 60, of "CPUUtilization" or "MemoryUtilization".
int resolution_s(const ServiceRow& service, std::string_view metric);
// AWS: a policy on 20-s metrics is refused until the deployment that brings them is complete.
bool publishes_every(const ServiceRow& service, std::string_view metric, int seconds);

}  // namespace berth::ecs
