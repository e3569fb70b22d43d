#include "services/ecs/monitoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/ecs/errors.h"

namespace berth::ecs {
namespace {

constexpr std::array<std::string_view, 2> known_metrics = {"CPUUtilization", "MemoryUtilization"};
constexpr int usual_s = 60;
constexpr int high_s = 20;

}  // namespace

Result<> check_monitoring(const std::optional<MonitoringConfiguration>& monitoring) {
  if (!monitoring || !monitoring->metric_configurations) return {};
  for (const auto& one : *monitoring->metric_configurations) {
    if (one.resolution_seconds != usual_s && one.resolution_seconds != high_s) {
      return invalid_parameter("The resolutionSeconds of a metric configuration must be 20 or 60.");
    }
    if (!one.metric_names || one.metric_names->empty())
      return invalid_parameter("A metric configuration must name at least one metric.");
    for (const auto& name : *one.metric_names) {
      if (std::find(known_metrics.begin(), known_metrics.end(), name) == known_metrics.end()) {
        return invalid_parameter(
            fmt::format("The metric {} is not one of CPUUtilization, MemoryUtilization.", name));
      }
    }
  }
  return {};
}

int resolution_s(const ServiceRow& service, std::string_view metric) {
  if (!service.monitoring.metric_configurations) return usual_s;
  for (const auto& one : *service.monitoring.metric_configurations) {
    const auto& names = *one.metric_names;
    if (std::find(names.begin(), names.end(), metric) != names.end())
      return static_cast<int>(*one.resolution_seconds);
  }
  return usual_s;
}

bool publishes_every(const ServiceRow& service, std::string_view metric, int seconds) {
  return resolution_s(service, metric) <= seconds && !service.deployments.empty() &&
         service.deployments.front().rollout_state == "COMPLETED";
}

}  // namespace berth::ecs
