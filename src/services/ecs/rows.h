// What berth keeps of ECS: clusters, task definitions, services and tasks.
#pragma once

#include <string>
#include <vector>

#include "model/ecs.h"
#include "store/row_codec.h"
#include "store/store.h"

namespace berth::ecs {

struct ClusterRow {
  static constexpr const char* table = "ecs.clusters";
  std::string name;
  std::string status = "ACTIVE";  // ACTIVE | INACTIVE
  std::vector<ClusterSetting> settings;
  std::vector<std::string> capacity_providers;
  std::vector<CapacityProviderStrategyItem> default_capacity_provider_strategy;
  std::vector<Tag> tags;

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(ClusterRow, (),
                      (name, status, settings, capacity_providers, default_capacity_provider_strategy, tags))

struct TaskDefinitionRow {
  static constexpr const char* table = "ecs.task_definitions";
  std::string arn;
  std::string family;
  int revision = 0;
  TaskDefinition definition;  // as DescribeTaskDefinition answers
  std::vector<Tag> tags;

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(TaskDefinitionRow, (), (arn, family, revision, definition, tags))

// The last revision number ever given in a family: numbers are never used again.
struct FamilyRow {
  static constexpr const char* table = "ecs.families";
  std::string family;
  int last_revision = 0;

  std::string key() const { return family; }
};
BOOST_DESCRIBE_STRUCT(FamilyRow, (), (family, last_revision))

// One deployment of a service. PRIMARY is what is wanted now; ACTIVE ones are being replaced.
struct DeploymentState {
  std::string id;      // ecs-svc/<19 digits>
  std::string status;  // PRIMARY | ACTIVE | INACTIVE
  std::string task_definition;
  int desired_count = 0;
  int failed_tasks = 0;       // consecutive
  std::string rollout_state;  // IN_PROGRESS | COMPLETED | FAILED
  std::string rollout_state_reason;
  Time created_at{};
  Time updated_at{};
  NetworkConfiguration network_configuration;
  std::vector<LoadBalancer> load_balancers;
  std::vector<ServiceRegistry> service_registries;
  std::string platform_version = "LATEST";
  MonitoringConfiguration monitoring;
  std::string service_deployment_arn;  // the ServiceDeploymentRow that describes it
  std::string revision_arn;            // the ServiceRevisionRow that it rolls out
  // start throttling: tasks that never reached RUNNING
  int failed_rounds = 0;
  std::optional<Time> retry_at;
  bool was_running = false;  // a task of it has reached RUNNING
  bool reached_steady_state = false;
  bool is_rollback = false;  // it was complete before, and a failed one was rolled back to it
};
BOOST_DESCRIBE_STRUCT(DeploymentState, (),
                      (id, status, task_definition, desired_count, failed_tasks, rollout_state,
                       rollout_state_reason, created_at, updated_at, network_configuration, load_balancers,
                       service_registries, platform_version, monitoring, service_deployment_arn, revision_arn, failed_rounds,
                       retry_at, was_running, reached_steady_state, is_rollback))

struct ServiceRow {
  static constexpr const char* table = "ecs.services";
  std::string cluster;
  std::string name;
  std::string arn;
  std::string status = "ACTIVE";  // ACTIVE | DRAINING | INACTIVE
  int desired_count = 0;
  std::string task_definition;
  std::string launch_type = "FARGATE";
  std::string platform_version = "LATEST";
  std::string scheduling_strategy = "REPLICA";
  std::string propagate_tags = "NONE";
  bool enable_ecs_managed_tags = false;
  bool enable_execute_command = false;
  std::string availability_zone_rebalancing = "ENABLED";
  int health_check_grace_period_s = 0;
  std::vector<CapacityProviderStrategyItem> capacity_provider_strategy;
  std::vector<LoadBalancer> load_balancers;
  std::vector<ServiceRegistry> service_registries;
  NetworkConfiguration network_configuration;
  MonitoringConfiguration monitoring;
  DeploymentConfiguration deployment_configuration;
  DeploymentController deployment_controller;
  std::vector<DeploymentState> deployments;  // PRIMARY first
  std::vector<ServiceEvent> events;          // newest first, 100 kept
  std::vector<Tag> tags;
  std::string role_arn;
  std::string created_by;
  std::string client_token;
  Time created_at{};
  Time inactive_since{};
  Time last_steady_event{};
  std::map<std::string, Time> muted_events;  // said already, with the time; repeats are muted

  std::string key() const { return cluster + "/" + name; }
};
BOOST_DESCRIBE_STRUCT(ServiceRow, (),
                      (cluster, name, arn, status, desired_count, task_definition, launch_type,
                       platform_version, scheduling_strategy, propagate_tags, enable_ecs_managed_tags,
                       enable_execute_command, availability_zone_rebalancing, health_check_grace_period_s,
                       capacity_provider_strategy, load_balancers, service_registries, network_configuration,
                       monitoring, deployment_configuration, deployment_controller, deployments, events, tags, role_arn,
                       created_by, client_token, created_at, inactive_since, last_steady_event, muted_events))

// What a service is made of at one deployment; it outlives the deployment.
struct ServiceRevisionRow {
  static constexpr const char* table = "ecs.service_revisions";
  std::string arn;
  std::string service;  // ServiceRow::key()
  ServiceRevision description;

  std::string key() const { return arn; }
  const std::string& belongs_to() const { return service; }
};
BOOST_DESCRIBE_STRUCT(ServiceRevisionRow, (), (arn, service, description))

// The history of a service's deployments.
struct ServiceDeploymentRow {
  static constexpr const char* table = "ecs.service_deployments";
  std::string arn;
  std::string service;     // ServiceRow::key()
  std::string deployment;  // ecs-svc/...
  ServiceDeployment description;

  std::string key() const { return arn; }
  const std::string& belongs_to() const { return service; }
};
BOOST_DESCRIBE_STRUCT(ServiceDeploymentRow, (), (arn, service, deployment, description))

struct ContainerRow {
  std::string id;  // the last part of its ARN, and of its metadata endpoint's path (/v4/<id>)
  std::string name;
  std::string image;
  std::string image_digest;
  std::string runtime_id;
  std::string last_status = "PENDING";
  std::string health = "UNKNOWN";  // HEALTHY | UNHEALTHY | UNKNOWN
  std::string reason;
  bool essential = true;
  std::optional<int> exit_code;
  std::string log_group;  // awslogs; empty: not collected
  std::string log_stream;
};
BOOST_DESCRIBE_STRUCT(ContainerRow, (),
                      (id, name, image, image_digest, runtime_id, last_status, health, reason, essential,
                       exit_code, log_group, log_stream))

struct TaskRow {
  static constexpr const char* table = "ecs.tasks";
  std::string id;  // 32 hexadecimal digits
  std::string arn;
  std::string cluster;
  std::string service;     // its name; empty for run-task
  std::string deployment;  // ecs-svc/...; empty for run-task
  std::string task_definition;
  std::string group;
  std::string started_by;
  std::string launch_type = "FARGATE";
  std::string capacity_provider;  // instead of a launch type
  std::string platform_version = "1.4.0";
  std::string client_token;  // of the RunTask that made it
  std::string last_status = "PROVISIONING";
  std::string desired_status = "RUNNING";  // RUNNING | STOPPED
  std::string health = "UNKNOWN";
  std::string stop_code;
  std::string stopped_reason;
  int version = 1;
  double cpu_vcpu = 0;
  int memory_mib = 0;
  std::vector<ContainerRow> containers;
  TaskOverride overrides;
  std::vector<Tag> tags;
  // the task's network interface
  std::string vpc_id;
  std::string subnet_id;
  std::string availability_zone;
  std::vector<std::string> security_groups;
  std::string address;
  std::string mac_address;
  std::string eni_id;
  std::string attachment_id;
  bool public_ip = false;
  std::string public_address;  // empty: none
  // secret paths of the metadata and credentials endpoints
  std::string credentials_id;
  std::string role_arn;  // the task role; empty: none
  std::string execution_role_arn;
  // target groups that this task is registered in: target group ARN -> container port
  std::map<std::string, int> targets;
  Time created_at{};
  std::optional<Time> pull_started_at, pull_stopped_at, started_at, connectivity_at, stopping_at,
      execution_stopped_at, stopped_at;
  bool scale_in_protected = false;
  bool reached_running = false;
  // What its deployment's counters know of it already: "", RUNNING, HEALTHY or STOPPED.
  std::string accounted;

  std::string key() const { return id; }
  // Its ServiceRow's key; empty for run-task.
  std::string belongs_to() const { return service.empty() ? "" : cluster + "/" + service; }
};
BOOST_DESCRIBE_STRUCT(TaskRow, (),
                      (id, arn, cluster, service, deployment, task_definition, group, started_by, launch_type,
                       capacity_provider, platform_version, client_token, last_status, desired_status, health,
                       stop_code, stopped_reason, version, cpu_vcpu, memory_mib, containers, overrides, tags,
                       vpc_id, subnet_id, availability_zone, security_groups, address, mac_address, eni_id,
                       attachment_id, public_ip, public_address, credentials_id, role_arn, execution_role_arn,
                       targets, created_at, pull_started_at, pull_stopped_at, started_at, connectivity_at,
                       stopping_at, execution_stopped_at, stopped_at, scale_in_protected, reached_running,
                       accounted))

void add_tables(Store& store);

}  // namespace berth::ecs
