// Clusters: create, change, delete, describe and list.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "handlers/ecs.h"
#include "services/ecs/container_checks.h"
#include "services/ecs/errors.h"
#include "services/ecs/names.h"
#include "services/ecs/paging.h"
#include "services/ecs/rows.h"
#include "services/ecs/service_view.h"
#include "services/ecs/tagging.h"
#include "services/iam/service_linked_roles.h"

namespace berth::ecs {

namespace {

struct ClusterCounts {
  TaskCounts tasks;
  int live_tasks = 0;
  int active_services = 0;  // ACTIVE or DRAINING
};

ClusterCounts count_cluster(const Store& store, const std::string& cluster) {
  ClusterCounts counts;
  for (const auto& [id, task] : store.all<TaskRow>()) {
    if (task.cluster != cluster) continue;
    count_task(task, counts.tasks);
    if (task.last_status != "STOPPED") ++counts.live_tasks;
  }
  for (const auto& [key, service] : store.all<ServiceRow>()) {
    if (service.cluster == cluster && service.status != "INACTIVE") ++counts.active_services;
  }
  return counts;
}

bool includes(const std::optional<std::vector<std::string>>& include, const char* what) {
  return include && std::find(include->begin(), include->end(), what) != include->end();
}

Cluster describe(const Context& context, const ClusterRow& row,
                 const std::optional<std::vector<std::string>>& include) {
  const ClusterCounts counts = count_cluster(context.store, row.name);
  Cluster cluster;
  cluster.cluster_arn = cluster_arn(context.settings, row.name);
  cluster.cluster_name = row.name;
  cluster.status = row.status;
  cluster.registered_container_instances_count = 0;
  cluster.running_tasks_count = counts.tasks.running;
  cluster.pending_tasks_count = counts.tasks.pending;
  cluster.active_services_count = counts.active_services;
  cluster.statistics.emplace();
  cluster.tags.emplace();
  cluster.settings.emplace();
  cluster.capacity_providers = row.capacity_providers;
  cluster.default_capacity_provider_strategy = row.default_capacity_provider_strategy;
  if (includes(include, "TAGS")) cluster.tags = row.tags;
  if (includes(include, "SETTINGS")) cluster.settings = row.settings;
  if (includes(include, "STATISTICS")) {
    const auto add = [&](const char* name, int value) {
      cluster.statistics->push_back({.name = name, .value = std::to_string(value)});
    };
    add("runningEC2TasksCount", 0);
    add("runningFargateTasksCount", counts.tasks.running);
    add("pendingEC2TasksCount", 0);
    add("pendingFargateTasksCount", counts.tasks.pending);
    add("activeEC2ServiceCount", 0);
    add("activeFargateServiceCount", counts.active_services);
  }
  return cluster;
}

const std::vector<std::string> all_details{"TAGS", "SETTINGS"};

Result<> check_settings(const std::vector<ClusterSetting>& settings) {
  static const std::set<std::string> values{"enabled", "enhanced", "disabled"};
  for (const auto& setting : settings) {
    if (setting.name.value_or("") != "containerInsights") {
      return invalid_parameter("The setting name is invalid: " + setting.name.value_or(""));
    }
    if (!values.contains(setting.value.value_or(""))) {
      return invalid_parameter("The setting value for containerInsights is invalid: " +
                               setting.value.value_or(""));
    }
  }
  return {};
}

void merge_settings(std::vector<ClusterSetting>& settings, const std::vector<ClusterSetting>& changed) {
  for (const auto& setting : changed) {
    const auto same = std::find_if(settings.begin(), settings.end(),
                                   [&](const ClusterSetting& s) { return s.name == setting.name; });
    if (same == settings.end()) {
      settings.push_back(setting);
    } else {
      same->value = setting.value;
    }
  }
}

Result<> check_capacity_providers(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (name != "FARGATE" && name != "FARGATE_SPOT") {
      return invalid_parameter("The specified capacity provider '" + name + "' was not found.");
    }
  }
  return {};
}

Result<> check_strategy_providers(const std::vector<CapacityProviderStrategyItem>& strategy) {
  for (const auto& item : strategy) {
    if (auto checked = check_capacity_providers({item.capacity_provider.value_or("")}); !checked)
      return checked;
  }
  return {};
}

CapacityProvider describe_provider(const Context& context, const std::string& name) {
  CapacityProvider provider;
  provider.capacity_provider_arn = context.settings.arn("ecs", "capacity-provider/" + name);
  provider.name = name;
  provider.status = "ACTIVE";
  provider.type = name;
  provider.tags.emplace();
  return provider;
}

Result<> check_create(const CreateClusterRequest& input) {
  const std::string name = input.cluster_name.value_or("default");
  if (name.size() > 255 || !is_ecs_name(name)) return invalid_parameter("Cluster name is invalid.");
  if (input.configuration) return unsupported("configuration of a cluster");
  if (input.service_connect_defaults) return unsupported("serviceConnectDefaults");
  if (input.settings) {
    if (auto checked = check_settings(*input.settings); !checked) return checked;
  }
  if (input.capacity_providers) {
    if (auto checked = check_capacity_providers(*input.capacity_providers); !checked) return checked;
  }
  if (input.default_capacity_provider_strategy) {
    if (auto checked = check_strategy_providers(*input.default_capacity_provider_strategy); !checked)
      return checked;
  }
  if (input.tags) return check_tags(*input.tags);
  return {};
}

}  // namespace

Result<CreateClusterResponse> create_cluster(Context& context, const CreateClusterRequest& input) {
  if (auto checked = check_create(input); !checked) return checked.error();
  const std::string name = input.cluster_name.value_or("default");
  const auto* existing = context.store.find<ClusterRow>(name);
  if (!existing || existing->status != "ACTIVE") {
    auto role = iam::service_linked_role(context, "ecs.amazonaws.com");
    if (!role) return role.error();
    ClusterRow row;
    row.name = name;
    row.settings = {{.name = "containerInsights", .value = "disabled"}};
    if (input.settings) merge_settings(row.settings, *input.settings);
    if (input.capacity_providers) row.capacity_providers = *input.capacity_providers;
    if (input.default_capacity_provider_strategy) {
      row.default_capacity_provider_strategy = *input.default_capacity_provider_strategy;
    }
    if (input.tags) row.tags = *input.tags;
    context.store.put(std::move(row));
    existing = context.store.find<ClusterRow>(name);
  }
  return CreateClusterResponse{.cluster = describe(context, *existing, all_details)};
}

Result<DeleteClusterResponse> delete_cluster(Context& context, const DeleteClusterRequest& input) {
  const auto* found = context.store.find<ClusterRow>(cluster_name(input.cluster));
  if (!found) return cluster_not_found();
  const ClusterCounts counts = count_cluster(context.store, found->name);
  if (counts.active_services > 0) {
    return Error{"ClusterContainsServicesException",
                 "The Cluster cannot be deleted while Services are active."};
  }
  if (counts.live_tasks > 0) {
    return Error{"ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."};
  }
  auto* row = context.store.edit<ClusterRow>(found->name);
  row->status = "INACTIVE";
  return DeleteClusterResponse{.cluster = describe(context, *row, all_details)};
}

Result<DescribeClustersResponse> describe_clusters(Context& context, const DescribeClustersRequest& input) {
  auto references = input.clusters.value_or(std::vector<std::string>{});
  if (references.size() > 100) return invalid_parameter("Clusters cannot be longer than 100.");
  if (references.empty()) references = {"default"};
  DescribeClustersResponse response;
  response.clusters.emplace();
  response.failures.emplace();
  for (const auto& reference : references) {
    const std::string name = cluster_name(reference);
    if (const auto* row = context.store.find<ClusterRow>(name)) {
      response.clusters->push_back(describe(context, *row, input.include));
    } else {
      response.failures->push_back({.arn = cluster_arn(context.settings, name), .reason = "MISSING"});
    }
  }
  return response;
}

Result<ListClustersResponse> list_clusters(Context& context, const ListClustersRequest& input) {
  std::vector<std::string> arns;
  for (const auto& [name, row] : context.store.all<ClusterRow>()) {
    if (row.status == "ACTIVE") arns.push_back(cluster_arn(context.settings, name));
  }
  auto page = page_of(arns, input.max_results, input.next_token);
  if (!page) return page.error();
  return ListClustersResponse{.cluster_arns = page->names, .next_token = page->next_token};
}

Result<UpdateClusterResponse> update_cluster(Context& context, const UpdateClusterRequest& input) {
  if (input.configuration) return unsupported("configuration of a cluster");
  if (input.service_connect_defaults) return unsupported("serviceConnectDefaults");
  auto found = find_cluster(context.store, input.cluster);
  if (!found) return found.error();
  auto* row = context.store.edit<ClusterRow>((*found)->name);
  if (input.settings) {
    if (auto checked = check_settings(*input.settings); !checked) return checked.error();
    merge_settings(row->settings, *input.settings);
  }
  return UpdateClusterResponse{.cluster = describe(context, *row, all_details)};
}

Result<PutClusterCapacityProvidersResponse> put_cluster_capacity_providers(
    Context& context, const PutClusterCapacityProvidersRequest& input) {
  auto found = find_cluster(context.store, input.cluster);
  if (!found) return found.error();
  const auto providers = input.capacity_providers.value_or(std::vector<std::string>{});
  const auto strategy =
      input.default_capacity_provider_strategy.value_or(std::vector<CapacityProviderStrategyItem>{});
  if (auto checked = check_capacity_providers(providers); !checked) return checked.error();
  for (const auto& item : strategy) {
    const std::string name = item.capacity_provider.value_or("");
    if (std::find(providers.begin(), providers.end(), name) == providers.end()) {
      return invalid_parameter(
          "The specified capacity provider strategy cannot contain a capacity provider that is "
          "not associated with the cluster. Associate the capacity provider with the cluster "
          "and try again.");
    }
  }
  auto* row = context.store.edit<ClusterRow>((*found)->name);
  row->capacity_providers = providers;
  row->default_capacity_provider_strategy = strategy;
  return PutClusterCapacityProvidersResponse{.cluster = describe(context, *row, all_details)};
}

Result<DescribeCapacityProvidersResponse> describe_capacity_providers(
    Context& context, const DescribeCapacityProvidersRequest& input) {
  std::vector<std::string> names{"FARGATE", "FARGATE_SPOT"};
  if (input.cluster) {
    auto found = find_cluster(context.store, input.cluster);
    if (!found) return found.error();
    names = (*found)->capacity_providers;
  }
  DescribeCapacityProvidersResponse response;
  response.capacity_providers.emplace();
  response.failures.emplace();
  for (const auto& reference : input.capacity_providers.value_or(names)) {
    const std::string name = reference.substr(reference.rfind('/') + 1);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      response.capacity_providers->push_back(describe_provider(context, name));
    } else {
      response.failures->push_back(
          {.arn = context.settings.arn("ecs", "capacity-provider/" + name), .reason = "MISSING"});
    }
  }
  return response;
}

Result<UpdateClusterSettingsResponse> update_cluster_settings(Context& context,
                                                              const UpdateClusterSettingsRequest& input) {
  auto updated = update_cluster(context, {.cluster = input.cluster, .settings = input.settings});
  if (!updated) return updated.error();
  return UpdateClusterSettingsResponse{.cluster = std::move(updated->cluster)};
}

}  // namespace berth::ecs
