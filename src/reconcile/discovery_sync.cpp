#include "reconcile/discovery_sync.h"

#include <algorithm>
#include <map>

#include "services/ecs/names.h"
#include "services/ecs/rows.h"
#include "services/servicediscovery/rows.h"

namespace berth::reconcile {

using servicediscovery::InstanceRow;

namespace {

constexpr RealDuration discovery_retry = RealDuration::seconds(1);

using Instances = std::map<std::string, InstanceRow>;  // by InstanceRow::key()

std::vector<ecs::ServiceRegistry> registries_of(const Store& store, const ecs::TaskRow& task) {
  const auto* service = store.find<ecs::ServiceRow>(task.belongs_to());
  if (!service) return {};
  for (const auto& deployment : service->deployments) {
    if (deployment.id == task.deployment) return deployment.service_registries;
  }
  return service->service_registries;
}

// A task whose containers are checked is healthy once a check has said so.
bool is_healthy(const Store& store, const ecs::TaskRow& task) {
  const auto* definition = store.find<ecs::TaskDefinitionRow>(task.task_definition);
  if (!definition) return true;
  const auto& containers = *definition->definition.container_definitions;
  const bool checked = std::any_of(containers.begin(), containers.end(), [](const auto& container) {
    return container.health_check && container.essential.value_or(true);
  });
  return !checked || task.health == "HEALTHY";
}

InstanceRow instance_of(const Store& store, const Settings& settings, const ecs::TaskRow& task,
                        const ecs::ServiceRegistry& registry, const std::string& service_id) {
  InstanceRow row;
  row.service_id = service_id;
  row.id = task.id;
  row.by_ecs = true;
  row.healthy = is_healthy(store, task);
  const auto name = ecs::task_definition_name(task.task_definition);
  row.attributes = {
      {"AWS_INSTANCE_IPV4", task.address}, {"AVAILABILITY_ZONE", task.availability_zone},
      {"REGION", settings.region},         {"ECS_CLUSTER_NAME", task.cluster},
      {"ECS_SERVICE_NAME", task.service},  {"ECS_TASK_DEFINITION_FAMILY", name ? name->family : ""}};
  const auto port = registry.port ? registry.port : registry.container_port;
  if (port) row.attributes["AWS_INSTANCE_PORT"] = std::to_string(*port);
  return row;
}

Instances wanted_instances(const Store& store, const Settings& settings) {
  Instances wanted;
  for (const auto& [id, task] : store.all<ecs::TaskRow>()) {
    if (task.service.empty() || task.last_status != "RUNNING" || task.desired_status != "RUNNING") continue;
    for (const auto& registry : registries_of(store, task)) {
      const auto* service = servicediscovery::find_service(store, registry.registry_arn.value_or(""));
      if (!service) continue;
      InstanceRow row = instance_of(store, settings, task, registry, service->id);
      wanted.emplace(row.key(), std::move(row));
    }
  }
  return wanted;
}

bool same(const InstanceRow& a, const InstanceRow& b) {
  return a.attributes == b.attributes && a.healthy == b.healthy;
}

}  // namespace

DiscoverySync::DiscoverySync(Store& store, Loop& loop, const Settings& settings)
    : store_(store),
      loop_(loop),
      settings_(settings),
      watch_(store, loop, any_of<ecs::TaskRow, ecs::ServiceRow, servicediscovery::ServiceRow>,
             [this] { step(); }) {}

DiscoverySync::~DiscoverySync() {
  loop_.cancel(retry_);
}

void DiscoverySync::start() {
  watch_.start();
}

void DiscoverySync::step() {
  if (store_.all<servicediscovery::ServiceRow>().empty()) return;
  const auto done = store_.transact([&]() -> Result<> {
    auto wanted = wanted_instances(store_, settings_);
    std::vector<InstanceRow> gone;
    for (const auto& [key, row] : store_.all<InstanceRow>()) {
      const auto found = wanted.find(key);
      if (row.by_ecs && found == wanted.end()) gone.push_back(row);
      if (found != wanted.end() && same(found->second, row)) wanted.erase(found);
    }
    for (const auto& row : gone) servicediscovery::erase_instance(store_, row.service_id, row.id);
    for (auto& [key, row] : wanted) servicediscovery::put_instance(store_, std::move(row));
    return {};
  });
  if (done) return;  // otherwise the store has said why
  loop_.cancel(retry_);
  retry_ = loop_.after_real(discovery_retry, [this] { step(); });
}

}  // namespace berth::reconcile
