#include "services/ecs/new_task.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "services/ec2/networking.h"
#include "services/ecs/errors.h"
#include "services/ecs/fargate.h"
#include "services/ecs/names.h"
#include "services/ecs/tagging.h"
#include "services/iam/authorization.h"
#include "services/tags.h"

namespace berth::ecs {

namespace {

constexpr const char* no_capacity =
    "Capacity is unavailable at this time. Please try again later or in a different availability zone.";

std::string random_mac(Rng& rng) {
  const std::string digits = random_hex(rng, 10);
  std::string mac = "02";  // locally administered
  for (std::size_t i = 0; i < digits.size(); i += 2) mac += ":" + digits.substr(i, 2);
  return mac;
}

ContainerRow make_container(Rng& rng, const ContainerDefinition& definition, const std::string& task) {
  ContainerRow row;
  row.id = random_uuid(rng);
  row.name = definition.name.value_or("");
  row.image = definition.image.value_or("");
  row.essential = definition.essential.value_or(true);
  if (const auto& log = definition.log_configuration; log && log->log_driver == "awslogs" && log->options) {
    const auto option = [&](const char* name) {
      const auto found = log->options->find(name);
      return found == log->options->end() ? std::string() : found->second;
    };
    row.log_group = option("awslogs-group");
    row.log_stream = option("awslogs-stream-prefix") + "/" + row.name + "/" + task;
  }
  return row;
}

}  // namespace

Result<> check_task_role(const Store& store, const std::string& arn) {
  if (arn.empty()) return {};
  const auto* role = iam::find_role(store, arn);
  if (role && iam::trusts_service(*role, "ecs-tasks.amazonaws.com")) return {};
  return client_error(
      "ECS was unable to assume the role '" + arn +
      "' that was provided for this task. Please verify that the role being passed has the proper "
      "trust relationship and permissions and that your IAM user has permissions to pass this role.");
}

Result<TaskRow> make_task(const Store& store, Loop& loop, const Settings& settings, const NewTask& wanted) {
  const TaskDefinition& definition = wanted.definition->definition;
  const auto subnet = ec2::find_subnet(store, wanted.subnet_id);
  if (!subnet) {
    return invalid_parameter("Error retrieving subnet information for [" + wanted.subnet_id +
                             "]: The subnet ID '" + wanted.subnet_id +
                             "' does not exist (ErrorCode: InvalidSubnetID.NotFound)");
  }
  const auto first_of = [](const std::optional<std::string>& a, const std::optional<std::string>& b) {
    return a && !a->empty() ? *a : b.value_or("");
  };
  const std::string role = first_of(wanted.overrides.task_role_arn, definition.task_role_arn);
  const std::string execution_role =
      first_of(wanted.overrides.execution_role_arn, definition.execution_role_arn);
  for (const auto& arn : {role, execution_role}) {
    if (auto checked = check_task_role(store, arn); !checked) return checked.error();
  }
  const auto size = check_task_size(first_of(wanted.overrides.cpu, definition.cpu),
                                    first_of(wanted.overrides.memory, definition.memory));
  if (!size) return size.error();

  Rng& rng = loop.rng("ids");
  TaskRow row;
  row.id = random_hex(rng, 32);
  row.arn = task_arn(settings, wanted.cluster, row.id);
  row.cluster = wanted.cluster;
  row.service = wanted.service;
  row.deployment = wanted.deployment;
  row.task_definition = wanted.definition->arn;
  row.group = wanted.group;
  row.started_by = wanted.started_by;
  row.client_token = wanted.client_token;
  row.launch_type = wanted.launch_type;
  row.capacity_provider = wanted.capacity_provider;
  row.cpu_vcpu = size->cpu_units / 1024.0;
  row.memory_mib = size->memory_mib;
  for (const auto& container : *definition.container_definitions) {
    row.containers.push_back(make_container(rng, container, row.id));
  }
  row.overrides = wanted.overrides;
  row.tags = wanted.tags;
  row.vpc_id = subnet->vpc_id;
  row.subnet_id = subnet->id;
  row.availability_zone = subnet->availability_zone;
  row.security_groups = wanted.network.security_groups.value_or(std::vector<std::string>{});
  row.mac_address = random_mac(rng);
  row.eni_id = "eni-" + random_hex(rng, 17);
  row.attachment_id = random_uuid(rng);
  row.public_ip = wanted.network.assign_public_ip == "ENABLED";
  row.credentials_id = random_uuid(rng);
  row.role_arn = role;
  row.execution_role_arn = execution_role;
  row.created_at = loop.now();
  return row;
}

std::optional<std::string> admission_problem(const Store& store, const Settings& settings, double cpu_vcpu,
                                             int memory_mib) {
  if (settings.host_memory_bytes <= 0 && settings.host_vcpu <= 0) return std::nullopt;
  double vcpu = cpu_vcpu;
  std::int64_t mib = memory_mib;
  for (const auto& [id, task] : store.all<TaskRow>()) {
    if (task.last_status == "STOPPED") continue;
    vcpu += task.cpu_vcpu;
    mib += task.memory_mib;
  }
  const std::int64_t host_mib = settings.host_memory_bytes / (1024 * 1024);
  if (host_mib > 0 && mib > host_mib) return no_capacity;
  if (settings.host_vcpu > 0 && vcpu > settings.host_vcpu * settings.cpu_overcommit) return no_capacity;
  return std::nullopt;
}

std::string next_capacity_provider(const std::vector<CapacityProviderStrategyItem>& strategy,
                                   const std::map<std::string, int>& counts) {
  const auto count_of = [&](const CapacityProviderStrategyItem& item) {
    const auto found = counts.find(item.capacity_provider.value_or(""));
    return found == counts.end() ? 0 : found->second;
  };
  std::string best;
  double best_share = std::numeric_limits<double>::infinity();
  for (const auto& item : strategy) {
    const auto base = item.base.value_or(0);
    if (count_of(item) < base) return item.capacity_provider.value_or("");
    const auto weight = item.weight.value_or(0);
    const double share = weight > 0 ? static_cast<double>(count_of(item) - base) / static_cast<double>(weight)
                                    : std::numeric_limits<double>::max();
    if (share < best_share) {
      best = item.capacity_provider.value_or("");
      best_share = share;
    }
  }
  return best;
}

std::vector<Tag> propagated_tags(const std::string& propagate, const std::vector<Tag>& service_tags,
                                 const std::vector<Tag>& definition_tags) {
  std::vector<Tag> tags;
  if (propagate == "SERVICE") tags = service_tags;
  if (propagate == "TASK_DEFINITION") tags = definition_tags;
  // CloudFormation's stay with the resource that the stack made.
  std::erase_if(tags, [](const Tag& tag) { return services::is_aws_key(tag.key.value_or("")); });
  return tags;
}

void add_managed_tags(std::vector<Tag>& tags, const std::string& cluster, const std::string& service) {
  merge_tags(tags, {{.key = "aws:ecs:clusterName", .value = cluster}});
  if (!service.empty()) merge_tags(tags, {{.key = "aws:ecs:serviceName", .value = service}});
}

}  // namespace berth::ecs
