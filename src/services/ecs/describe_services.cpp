// Looking at services, their deployments and revisions.
#include <algorithm>

#include "handlers/ecs.h"
#include "services/ecs/errors.h"
#include "services/ecs/names.h"
#include "services/ecs/paging.h"
#include "services/ecs/rows.h"
#include "services/ecs/service_view.h"

namespace berth::ecs {

namespace {

constexpr std::size_t described_services_max = 10;
constexpr std::size_t described_deployments_max = 20;

bool wants_tags(const std::optional<std::vector<std::string>>& include) {
  return include && std::find(include->begin(), include->end(), "TAGS") != include->end();
}

// The counts of a service deployment follow from the service's tasks of now.
void add_counts(const Store& store, const ServiceRow& service, ServiceDeployment& description) {
  const auto counts = counts_by_deployment(store, service);
  const auto fill = [&](ServiceRevisionSummary& revision) {
    TaskCounts tasks;
    std::int64_t requested = 0;
    for (const auto& state : service.deployments) {
      if (state.revision_arn != revision.arn) continue;
      requested = state.status == "PRIMARY" ? service.desired_count : 0;
      if (const auto found = counts.find(state.id); found != counts.end()) tasks = found->second;
    }
    revision.requested_task_count = requested;
    revision.running_task_count = tasks.running;
    revision.pending_task_count = tasks.pending;
  };
  if (description.target_service_revision) fill(*description.target_service_revision);
  for (auto& source : *description.source_service_revisions) fill(source);
}

Result<std::string> checked_service_key(const Context& context, const std::optional<std::string>& cluster,
                                        const std::optional<std::string>& service) {
  const auto found = find_cluster(context.store, cluster);
  if (!found) return found.error();
  auto key = service_key((*found)->name, service.value_or(""));
  if (key && !context.store.find<ServiceRow>(*key)) return service_not_found();
  return key;
}

bool selected(const ListServiceDeploymentsRequest& input, const ServiceDeployment& deployment) {
  if (input.status && !input.status->empty() &&
      std::find(input.status->begin(), input.status->end(), deployment.status.value_or("")) ==
          input.status->end()) {
    return false;
  }
  const Time created = deployment.created_at.value_or(Time{});
  if (!input.created_at) return true;
  if (input.created_at->after && created < *input.created_at->after) return false;
  return !input.created_at->before || created <= *input.created_at->before;
}

ServiceDeploymentBrief brief(const ServiceDeployment& deployment) {
  ServiceDeploymentBrief out;
  out.service_deployment_arn = deployment.service_deployment_arn;
  out.service_arn = deployment.service_arn;
  out.cluster_arn = deployment.cluster_arn;
  out.started_at = deployment.started_at;
  out.created_at = deployment.created_at;
  out.finished_at = deployment.finished_at;
  if (deployment.target_service_revision)
    out.target_service_revision_arn = deployment.target_service_revision->arn;
  out.status = deployment.status;
  out.status_reason = deployment.status_reason;
  return out;
}

}  // namespace

Result<DescribeServicesResponse> describe_services(Context& context, const DescribeServicesRequest& input) {
  const auto cluster = find_cluster(context.store, input.cluster);
  if (!cluster) return cluster.error();
  const auto references = input.services.value_or(std::vector<std::string>{});
  if (references.empty()) return invalid_parameter("Services cannot be empty.");
  if (references.size() > described_services_max) {
    return invalid_parameter("Services cannot have more than 10 elements.");
  }
  DescribeServicesResponse response;
  response.services.emplace();
  response.failures.emplace();
  for (const auto& reference : references) {
    const auto key = service_key((*cluster)->name, reference);
    if (!key) return key.error();
    if (const auto* row = context.store.find<ServiceRow>(*key)) {
      response.services->push_back(
          describe_service(context.store, context.settings, *row, wants_tags(input.include)));
    } else {
      response.failures->push_back(
          {.arn = context.settings.arn("ecs", "service/" + *key), .reason = "MISSING"});
    }
  }
  return response;
}

Result<ListServicesResponse> list_services(Context& context, const ListServicesRequest& input) {
  const auto cluster = find_cluster(context.store, input.cluster);
  if (!cluster) return cluster.error();
  std::vector<std::string> arns;
  for (const auto& [key, row] : context.store.all<ServiceRow>()) {
    if (row.cluster != (*cluster)->name || row.status == "INACTIVE") continue;
    if (input.launch_type && row.launch_type != *input.launch_type) continue;
    if (input.scheduling_strategy && row.scheduling_strategy != *input.scheduling_strategy) continue;
    if (input.resource_management_type && *input.resource_management_type != "CUSTOMER") continue;
    arns.push_back(row.arn);
  }
  constexpr std::int64_t default_page = 10;
  auto page = page_of(arns, input.max_results, input.next_token, default_page);
  if (!page) return page.error();
  return ListServicesResponse{.service_arns = page->names, .next_token = page->next_token};
}

Result<DescribeServiceDeploymentsResponse> describe_service_deployments(
    Context& context, const DescribeServiceDeploymentsRequest& input) {
  const auto arns = input.service_deployment_arns.value_or(std::vector<std::string>{});
  if (arns.empty() || arns.size() > described_deployments_max) {
    return invalid_parameter("serviceDeploymentArns must have between 1 and 20 elements.");
  }
  DescribeServiceDeploymentsResponse response;
  response.service_deployments.emplace();
  response.failures.emplace();
  for (const auto& arn : arns) {
    const auto* row = context.store.find<ServiceDeploymentRow>(arn);
    if (!row) {
      response.failures->push_back({.arn = arn, .reason = "MISSING"});
      continue;
    }
    ServiceDeployment description = row->description;
    if (const auto* service = context.store.find<ServiceRow>(row->service)) {
      add_counts(context.store, *service, description);
    }
    response.service_deployments->push_back(std::move(description));
  }
  return response;
}

Result<DescribeServiceRevisionsResponse> describe_service_revisions(
    Context& context, const DescribeServiceRevisionsRequest& input) {
  const auto arns = input.service_revision_arns.value_or(std::vector<std::string>{});
  if (arns.empty() || arns.size() > described_deployments_max) {
    return invalid_parameter("serviceRevisionArns must have between 1 and 20 elements.");
  }
  DescribeServiceRevisionsResponse response;
  response.service_revisions.emplace();
  response.failures.emplace();
  for (const auto& arn : arns) {
    if (const auto* row = context.store.find<ServiceRevisionRow>(arn)) {
      response.service_revisions->push_back(row->description);
    } else {
      response.failures->push_back({.arn = arn, .reason = "MISSING"});
    }
  }
  return response;
}

Result<ListServiceDeploymentsResponse> list_service_deployments(Context& context,
                                                                const ListServiceDeploymentsRequest& input) {
  const auto key = checked_service_key(context, input.cluster, input.service);
  if (!key) return key.error();
  std::multimap<Time, std::string> by_time;
  for (const auto& [arn, row] : context.store.all<ServiceDeploymentRow>()) {
    if (row.service != *key || !selected(input, row.description)) continue;
    by_time.emplace(row.description.created_at.value_or(Time{}), arn);
  }
  std::vector<std::string> arns;
  for (auto entry = by_time.rbegin(); entry != by_time.rend(); ++entry) arns.push_back(entry->second);
  auto page = page_of(arns, input.max_results, input.next_token, 20);
  if (!page) return page.error();
  ListServiceDeploymentsResponse response{.next_token = page->next_token};
  response.service_deployments.emplace();
  for (const auto& arn : page->names) {
    response.service_deployments->push_back(
        brief(context.store.find<ServiceDeploymentRow>(arn)->description));
  }
  return response;
}

}  // namespace berth::ecs
