#include "services/ecs/deployments.h"

#include "control/service_event.h"
#include "services/ecs/names.h"

namespace berth::ecs {

namespace {

constexpr int revision_digits = 19;
constexpr int service_deployment_characters = 21;
// AWS keeps 90 days of service deployments; berth the newest few.
constexpr std::size_t service_deployments_kept = 50;

ServiceDeploymentRow* record_of(Store& store, const DeploymentState& state) {
  return store.edit<ServiceDeploymentRow>(state.service_deployment_arn);
}

void close_record(Store& store, const DeploymentState& state, const char* status, const std::string& reason,
                  Time now) {
  auto* record = record_of(store, state);
  if (!record || record->description.finished_at || record->description.stopped_at) return;
  record->description.status = status;
  record->description.status_reason = reason;
  record->description.updated_at = now;
  record->description.finished_at = now;
}

std::string put_revision(Store& store, Rng& rng, const Settings& settings, const ServiceRow& service,
                         Time now) {
  ServiceRevisionRow row;
  row.arn =
      settings.arn("ecs", "service-revision/" + service.key() + "/" + random_digits(rng, revision_digits));
  row.service = service.key();
  ServiceRevision& revision = row.description;
  revision.service_revision_arn = row.arn;
  revision.service_arn = service.arn;
  revision.cluster_arn = cluster_arn(settings, service.cluster);
  revision.task_definition = service.task_definition;
  if (service.capacity_provider_strategy.empty()) {
    revision.launch_type = service.launch_type;
  } else {
    revision.capacity_provider_strategy = service.capacity_provider_strategy;
  }
  revision.platform_version = service.platform_version == "LATEST" ? "1.4.0" : service.platform_version;
  revision.platform_family = "Linux";
  revision.load_balancers = service.load_balancers;
  if (!service.service_registries.empty()) revision.service_registries = service.service_registries;
  revision.network_configuration = service.network_configuration;
  if (service.monitoring.metric_configurations) revision.monitoring = service.monitoring;
  revision.guard_duty_enabled = false;
  revision.created_at = now;
  const std::string arn = row.arn;
  store.put(std::move(row));
  return arn;
}

void drop_old_records(Store& store, const std::string& service) {
  std::multimap<Time, std::string> by_time;
  for (const auto* entry : store.rows_of<ServiceDeploymentRow>(service)) {
    by_time.emplace(entry->second.description.created_at.value_or(Time{}), entry->first);
  }
  while (by_time.size() > service_deployments_kept) {
    const std::string arn = by_time.begin()->second;
    const auto* row = store.find<ServiceDeploymentRow>(arn);
    if (const auto& target = row->description.target_service_revision) {
      store.erase<ServiceRevisionRow>(target->arn.value_or(""));
    }
    store.erase<ServiceDeploymentRow>(arn);
    by_time.erase(by_time.begin());
  }
}

std::string put_record(Store& store, Rng& rng, const Settings& settings, const ServiceRow& service,
                       const DeploymentState& state, Time now) {
  ServiceDeploymentRow row;
  row.arn = settings.arn("ecs", "service-deployment/" + service.key() + "/" +
                                    random_alphanumeric(rng, service_deployment_characters));
  row.service = service.key();
  row.deployment = state.id;
  ServiceDeployment& record = row.description;
  record.service_deployment_arn = row.arn;
  record.service_arn = service.arn;
  record.cluster_arn = cluster_arn(settings, service.cluster);
  record.created_at = now;
  record.started_at = now;
  record.updated_at = now;
  record.source_service_revisions.emplace();
  for (const auto& other : service.deployments) {
    record.source_service_revisions->emplace_back().arn = other.revision_arn;
  }
  record.target_service_revision.emplace().arn = state.revision_arn;
  record.status = "IN_PROGRESS";
  record.deployment_configuration = service.deployment_configuration;
  const std::string arn = row.arn;
  store.put(std::move(row));
  drop_old_records(store, service.key());
  return arn;
}

}  // namespace

void begin_deployment(Store& store, Loop& loop, const Settings& settings, ServiceRow& service) {
  const Time now = loop.now();
  Rng& rng = loop.rng("ids");
  if (!service.deployments.empty()) {
    auto& former = service.deployments.front();
    former.status = "ACTIVE";
    former.updated_at = now;
    close_record(store, former, "STOPPED", "The service deployment was superseded by a newer one.", now);
  }
  DeploymentState state;
  state.id = "ecs-svc/" + random_digits(rng, revision_digits);
  state.status = "PRIMARY";
  state.task_definition = service.task_definition;
  state.desired_count = service.desired_count;
  state.rollout_state = "IN_PROGRESS";
  state.rollout_state_reason = control::service_event::rollout_in_progress(state.id);
  state.created_at = now;
  state.updated_at = now;
  state.network_configuration = service.network_configuration;
  state.load_balancers = service.load_balancers;
  state.service_registries = service.service_registries;
  state.platform_version = service.platform_version;
  state.monitoring = service.monitoring;
  state.revision_arn = put_revision(store, rng, settings, service, now);
  state.service_deployment_arn = put_record(store, rng, settings, service, state, now);
  service.deployments.insert(service.deployments.begin(), std::move(state));
}

void complete_deployment(Store& store, ServiceRow& service, Time now) {
  auto& primary = service.deployments.front();
  primary.rollout_state = "COMPLETED";
  primary.is_rollback = false;
  primary.rollout_state_reason = control::service_event::rollout_completed(primary.id);
  primary.updated_at = now;
  const auto* record = store.find<ServiceDeploymentRow>(primary.service_deployment_arn);
  // Of a deployment that others were rolled back to, the record that is open is the failed one's.
  if (record && record->description.status == "IN_PROGRESS")
    close_record(store, primary, "SUCCESSFUL", "", now);
  for (std::size_t i = 1; i < service.deployments.size(); ++i) {
    auto* other = record_of(store, service.deployments[i]);
    if (!other || other->description.status != "ROLLBACK_IN_PROGRESS") continue;
    other->description.status = "ROLLBACK_SUCCESSFUL";
    other->description.updated_at = now;
    other->description.finished_at = now;
  }
  service.deployments.resize(1);
}

void fail_deployment(Store& store, ServiceRow& service, std::optional<std::size_t> rollback_to, Time now) {
  auto& failed = service.deployments.front();
  const std::string reason(control::service_event::rollout_failed);
  failed.rollout_state = "FAILED";
  failed.rollout_state_reason = reason;
  failed.updated_at = now;
  if (!rollback_to) {
    close_record(store, failed, "STOPPED", reason, now);
    return;
  }
  DeploymentState target = service.deployments[*rollback_to];
  if (auto* record = record_of(store, failed)) {
    record->description.status = "ROLLBACK_IN_PROGRESS";
    record->description.status_reason = reason;
    record->description.updated_at = now;
    record->description.rollback =
        Rollback{.reason = reason, .started_at = now, .service_revision_arn = target.revision_arn};
  }
  failed.status = "ACTIVE";
  failed.desired_count = 0;
  target.status = "PRIMARY";
  target.desired_count = service.desired_count;
  target.failed_tasks = 0;
  target.failed_rounds = 0;
  target.retry_at.reset();
  target.is_rollback = true;
  target.rollout_state = "IN_PROGRESS";
  target.rollout_state_reason = control::service_event::rollout_rolling_back(target.id);
  target.updated_at = now;
  service.task_definition = target.task_definition;
  service.network_configuration = target.network_configuration;
  service.load_balancers = target.load_balancers;
  service.service_registries = target.service_registries;
  service.platform_version = target.platform_version;
  service.monitoring = target.monitoring;
  service.deployments.erase(service.deployments.begin() + static_cast<std::ptrdiff_t>(*rollback_to));
  service.deployments.insert(service.deployments.begin(), std::move(target));
}

void stop_deployments(Store& store, ServiceRow& service, Time now) {
  for (auto& state : service.deployments) {
    state.desired_count = 0;
    state.updated_at = now;
    close_record(store, state, "STOPPED", "The service was deleted.", now);
  }
}

}  // namespace berth::ecs
