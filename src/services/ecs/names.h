// How requests name clusters, services, tasks and task definitions (short names or ARNs), and the ARNs of
// each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/context.h"
#include "services/ecs/rows.h"

namespace berth::ecs {

std::string cluster_arn(const Settings& settings, std::string_view cluster);
std::string service_arn(const Settings& settings, std::string_view cluster, std::string_view service);
std::string task_arn(const Settings& settings, std::string_view cluster, std::string_view id);
std::string container_arn(const Settings& settings, const TaskRow& task, const ContainerRow& container);
std::string task_definition_arn(const Settings& settings, std::string_view family, int revision);

// The name in `reference`, a name or an ARN; "default" when it is absent.
std::string cluster_name(const std::optional<std::string>& reference);
// An ACTIVE cluster.
Result<const ClusterRow*> find_cluster(const Store& store, const std::optional<std::string>& reference);

// The key of ServiceRow. An ARN that names another cluster is refused as AWS does.
Result<std::string> service_key(const std::string& cluster, const std::string& reference);
Result<std::string> task_id(const std::string& cluster, const std::string& reference);

struct TaskDefinitionName {
  std::string family;
  std::optional<int> revision;
};
// "family", "family:revision" or an ARN; nullopt for anything else.
std::optional<TaskDefinitionName> task_definition_name(std::string_view reference);
// The named revision whatever its status, or the family's latest ACTIVE one; null when there is none.
const TaskDefinitionRow* find_task_definition(const Store& store, const Settings& settings,
                                              std::string_view reference);

}  // namespace berth::ecs
