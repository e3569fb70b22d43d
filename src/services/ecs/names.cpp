#include "services/ecs/names.h"

#include "base/text.h"
#include "services/ecs/errors.h"

namespace berth::ecs {

namespace {

// The parts of an ARN's resource behind its type, e.g. {"cluster", "name"} of "service/cluster/name".
std::optional<std::vector<std::string>> resource_parts(std::string_view reference, std::string_view type) {
  const auto arn = parse_arn(reference);
  if (!arn || arn->service != "ecs") return std::nullopt;
  auto parts = split(arn->resource, '/');
  if (parts.size() < 2 || parts.front() != type) return std::nullopt;
  parts.erase(parts.begin());
  return parts;
}

Error wrong_cluster(const std::string& theirs, const std::string& ours) {
  return invalid_parameter("Invalid identifier: Identifier is for cluster " + theirs + ". Your cluster is " +
                           ours);
}

}  // namespace

std::string cluster_arn(const Settings& settings, std::string_view cluster) {
  return settings.arn("ecs", "cluster/" + std::string(cluster));
}

std::string service_arn(const Settings& settings, std::string_view cluster, std::string_view service) {
  return settings.arn("ecs", "service/" + std::string(cluster) + "/" + std::string(service));
}

std::string task_arn(const Settings& settings, std::string_view cluster, std::string_view id) {
  return settings.arn("ecs", "task/" + std::string(cluster) + "/" + std::string(id));
}

std::string container_arn(const Settings& settings, const TaskRow& task, const ContainerRow& container) {
  return settings.arn("ecs", "container/" + task.cluster + "/" + task.id + "/" + container.id);
}

std::string task_definition_arn(const Settings& settings, std::string_view family, int revision) {
  return settings.arn("ecs", "task-definition/" + std::string(family) + ":" + std::to_string(revision));
}

std::string cluster_name(const std::optional<std::string>& reference) {
  if (!reference || reference->empty()) return "default";
  if (const auto parts = resource_parts(*reference, "cluster")) return parts->front();
  return *reference;
}

Result<const ClusterRow*> find_cluster(const Store& store, const std::optional<std::string>& reference) {
  const auto* cluster = store.find<ClusterRow>(cluster_name(reference));
  if (!cluster || cluster->status != "ACTIVE") return cluster_not_found();
  return cluster;
}

Result<std::string> service_key(const std::string& cluster, const std::string& reference) {
  const auto parts = resource_parts(reference, "service");
  if (!parts) return cluster + "/" + reference;
  if (parts->size() > 1 && parts->front() != cluster) return wrong_cluster(parts->front(), cluster);
  return cluster + "/" + parts->back();
}

Result<std::string> task_id(const std::string& cluster, const std::string& reference) {
  const auto parts = resource_parts(reference, "task");
  if (!parts && reference.size() != 32 && reference.size() != 36) {
    return invalid_parameter("taskId length should be one of [32,36]");
  }
  if (!parts) return reference;
  if (parts->size() > 1 && parts->front() != cluster) return wrong_cluster(parts->front(), cluster);
  return parts->back();
}

std::optional<TaskDefinitionName> task_definition_name(std::string_view reference) {
  std::string text(reference);
  if (reference.starts_with("arn:")) {
    const auto parts = resource_parts(reference, "task-definition");
    if (!parts || parts->size() != 1) return std::nullopt;
    text = parts->front();
  }
  const auto parts = split(text, ':');
  if (parts.size() > 2 || parts.front().empty()) return std::nullopt;
  if (parts.size() == 1) return TaskDefinitionName{parts.front(), std::nullopt};
  const auto revision = parse_integer(parts[1]);
  if (!revision || *revision < 1 || *revision > 1'000'000'000) return std::nullopt;
  return TaskDefinitionName{parts.front(), static_cast<int>(*revision)};
}

const TaskDefinitionRow* find_task_definition(const Store& store, const Settings& settings,
                                              std::string_view reference) {
  const auto name = task_definition_name(reference);
  if (!name) return nullptr;
  if (name->revision) {
    return store.find<TaskDefinitionRow>(task_definition_arn(settings, name->family, *name->revision));
  }
  const auto* family = store.find<FamilyRow>(name->family);
  for (int revision = family ? family->last_revision : 0; revision > 0; --revision) {
    const auto* row = store.find<TaskDefinitionRow>(task_definition_arn(settings, name->family, revision));
    if (row && row->definition.status == "ACTIVE") return row;
  }
  return nullptr;
}

}  // namespace berth::ecs
