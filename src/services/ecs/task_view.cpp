#include "services/ecs/task_view.h"

#include <algorithm>

#include "base/text.h"
#include "services/ecs/names.h"

namespace berth::ecs {

namespace {

// ip-10-0-1-17.us-east-1.compute.internal; us-east-1 has the older form.
std::string private_dns_name(const Settings& settings, const std::string& address) {
  const std::string host = "ip-" + replace_all(address, ".", "-");
  return host +
         (settings.region == "us-east-1" ? ".ec2.internal" : "." + settings.region + ".compute.internal");
}

std::string attachment_status(const TaskRow& task) {
  if (task.last_status == "STOPPED") return "DELETED";
  if (task.last_status == "DEPROVISIONING") return "DETACHING";
  return task.last_status == "PROVISIONING" ? "PRECREATED" : "ATTACHED";
}

Attachment describe_interface(const Settings& settings, const TaskRow& task) {
  Attachment attachment;
  attachment.id = task.attachment_id;
  attachment.type = "ElasticNetworkInterface";
  attachment.status = attachment_status(task);
  attachment.details.emplace();
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) attachment.details->push_back({.name = name, .value = value});
  };
  add("subnetId", task.subnet_id);
  if (task.address.empty()) return attachment;
  add("networkInterfaceId", task.eni_id);
  add("macAddress", task.mac_address);
  add("privateDnsName", private_dns_name(settings, task.address));
  add("privateIPv4Address", task.address);
  return attachment;
}

Container describe_container(const Settings& settings, const TaskRow& task, const ContainerRow& row,
                             const ContainerDefinition* definition) {
  Container container;
  container.container_arn = container_arn(settings, task, row);
  container.task_arn = task.arn;
  container.name = row.name;
  container.image = row.image;
  if (!row.image_digest.empty()) container.image_digest = row.image_digest;
  if (!row.runtime_id.empty()) container.runtime_id = row.runtime_id;
  container.last_status = row.last_status;
  if (row.exit_code) container.exit_code = *row.exit_code;
  if (!row.reason.empty()) container.reason = row.reason;
  container.network_bindings.emplace();
  container.network_interfaces.emplace();
  if (!task.address.empty()) {
    container.network_interfaces->push_back(
        {.attachment_id = task.attachment_id, .private_ipv4_address = task.address});
  }
  container.health_status = row.health;
  container.cpu = std::to_string(definition ? definition->cpu.value_or(0) : 0);
  if (definition && definition->memory) container.memory = std::to_string(*definition->memory);
  if (definition && definition->memory_reservation) {
    container.memory_reservation = std::to_string(*definition->memory_reservation);
  }
  return container;
}

void describe_containers(const Store& store, const Settings& settings, const TaskRow& row, Task& task) {
  const auto* definition = store.find<TaskDefinitionRow>(row.task_definition);
  task.containers.emplace();
  for (const auto& container : row.containers) {
    const ContainerDefinition* matching = nullptr;
    if (definition) {
      for (const auto& candidate : *definition->definition.container_definitions) {
        if (candidate.name == container.name) matching = &candidate;
      }
    }
    task.containers->push_back(describe_container(settings, row, container, matching));
  }
}

TaskOverride echoed_overrides(const TaskRow& row) {
  TaskOverride overrides = row.overrides;
  if (!overrides.container_overrides) overrides.container_overrides.emplace();
  for (const auto& container : row.containers) {
    auto& list = *overrides.container_overrides;
    const bool named =
        std::any_of(list.begin(), list.end(), [&](const auto& o) { return o.name == container.name; });
    if (!named) list.emplace_back().name = container.name;
  }
  if (!overrides.inference_accelerator_overrides) overrides.inference_accelerator_overrides.emplace();
  return overrides;
}

}  // namespace

Task describe_task(const Store& store, const Settings& settings, const TaskRow& row, bool with_tags) {
  Task task;
  task.task_arn = row.arn;
  task.cluster_arn = cluster_arn(settings, row.cluster);
  task.task_definition_arn = row.task_definition;
  task.group = row.group;
  if (!row.started_by.empty()) task.started_by = row.started_by;
  if (row.capacity_provider.empty()) {
    task.launch_type = row.launch_type;
  } else {
    task.launch_type = "FARGATE";
    task.capacity_provider_name = row.capacity_provider;
  }
  task.platform_version = row.platform_version;
  task.platform_family = "Linux";
  task.last_status = row.last_status;
  task.desired_status = row.desired_status;
  task.health_status = row.health;
  task.version = row.version;
  task.availability_zone = row.availability_zone;
  task.attachments = std::vector<Attachment>{describe_interface(settings, row)};
  task.attributes = std::vector<Attribute>{{.name = "ecs.cpu-architecture", .value = "x86_64"}};
  task.cpu = std::to_string(static_cast<int>(row.cpu_vcpu * 1024 + 0.5));
  task.memory = std::to_string(row.memory_mib);
  describe_containers(store, settings, row, task);
  task.overrides = echoed_overrides(row);
  task.enable_execute_command = false;
  task.created_at = row.created_at;
  task.pull_started_at = row.pull_started_at;
  task.pull_stopped_at = row.pull_stopped_at;
  task.started_at = row.started_at;
  task.stopping_at = row.stopping_at;
  task.execution_stopped_at = row.execution_stopped_at;
  task.stopped_at = row.stopped_at;
  if (row.connectivity_at) {
    task.connectivity = "CONNECTED";
    task.connectivity_at = row.connectivity_at;
  }
  if (!row.stop_code.empty()) task.stop_code = row.stop_code;
  if (!row.stopped_reason.empty()) task.stopped_reason = row.stopped_reason;
  task.tags.emplace();
  if (with_tags) task.tags = row.tags;
  task.inference_accelerators.emplace();
  task.ephemeral_storage = EphemeralStorage{.size_in_gi_b = 20};
  task.fargate_ephemeral_storage = TaskEphemeralStorage{.size_in_gi_b = 20};
  return task;
}

}  // namespace berth::ecs
