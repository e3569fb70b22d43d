// Task definitions: register, deregister, delete, describe and list. A revision never changes once it is
// registered.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "handlers/ecs.h"
#include "services/ecs/errors.h"
#include "services/ecs/fargate.h"
#include "services/ecs/names.h"
#include "services/ecs/paging.h"
#include "services/ecs/rows.h"
#include "services/ecs/service_view.h"
#include "services/ecs/tagging.h"

namespace berth::ecs {

namespace {

TaskDefinition make_definition(const Context& context, const RegisterTaskDefinitionRequest& input,
                               TaskSize size, int revision) {
  TaskDefinition definition;
  definition.task_definition_arn = task_definition_arn(context.settings, *input.family, revision);
  definition.family = input.family;
  definition.revision = revision;
  definition.status = "ACTIVE";
  definition.container_definitions.emplace();
  for (const auto& container : *input.container_definitions) {
    definition.container_definitions->push_back(completed(container));
  }
  definition.task_role_arn = input.task_role_arn;
  definition.execution_role_arn = input.execution_role_arn;
  definition.network_mode = input.network_mode;
  definition.volumes.emplace();
  definition.placement_constraints.emplace();
  definition.requires_attributes = required_attributes(input);
  definition.compatibilities = std::vector<std::string>{"EC2", "MANAGED_INSTANCES", "FARGATE"};
  definition.runtime_platform = input.runtime_platform;
  definition.requires_compatibilities = input.requires_compatibilities;
  definition.cpu = std::to_string(size.cpu_units);
  definition.memory = std::to_string(size.memory_mib);
  definition.registered_at = context.now();
  definition.registered_by = context.principal.arn;
  definition.enable_fault_injection = false;
  return definition;
}

// By family, then by revision as a number.
std::vector<const TaskDefinitionRow*> in_order(const Store& store) {
  std::vector<const TaskDefinitionRow*> rows;
  for (const auto& [arn, row] : store.all<TaskDefinitionRow>()) rows.push_back(&row);
  std::sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) {
    return a->family != b->family ? a->family < b->family : a->revision < b->revision;
  });
  return rows;
}

Result<> delete_one(Context& context, const std::string& reference, DeleteTaskDefinitionsResponse& response) {
  const auto name = task_definition_name(reference);
  const auto* row =
      name && name->revision ? find_task_definition(context.store, context.settings, reference) : nullptr;
  if (!row) {
    response.failures->push_back({.arn = reference,
                                  .reason = "The specified task definition does not exist. Specify "
                                            "a valid account, family, revision and try again."});
    return {};
  }
  if (row->definition.status == "ACTIVE") {
    response.failures->push_back({.arn = row->arn,
                                  .reason = "The specified task definition is still in ACTIVE "
                                            "status. Please deregister the target and try again."});
    return {};
  }
  auto* changed = context.store.edit<TaskDefinitionRow>(row->arn);
  changed->definition.status = "DELETE_IN_PROGRESS";
  changed->definition.delete_requested_at = context.now();
  response.task_definitions->push_back(changed->definition);
  const std::string arn = changed->arn;
  if (!task_definition_in_use(context.store, arn)) context.store.erase<TaskDefinitionRow>(arn);
  return {};
}

// Logs go to this region's groups and nowhere else.
Result<> check_log_regions(const Settings& settings, const std::vector<ContainerDefinition>& containers) {
  for (const auto& container : containers) {
    if (!container.log_configuration || !container.log_configuration->options) continue;
    const auto& options = *container.log_configuration->options;
    const auto region = options.find("awslogs-region");
    if (region != options.end() && region->second != settings.region) {
      return unsupported("an awslogs-region other than its own " + settings.region);
    }
  }
  return {};
}

}  // namespace

Result<RegisterTaskDefinitionResponse> register_task_definition(Context& context,
                                                                const RegisterTaskDefinitionRequest& input) {
  if (input.tags) {
    if (auto checked = check_tags(*input.tags); !checked) return checked.error();
  }
  const auto size = check_task_size(input.cpu, input.memory);
  if (!size) return size.error();
  if (auto checked = check_task_definition(input, *size); !checked) return checked.error();
  if (auto checked = check_log_regions(context.settings, *input.container_definitions); !checked) {
    return checked.error();
  }

  const auto* known = context.store.find<FamilyRow>(*input.family);
  const int revision = known ? known->last_revision + 1 : 1;
  context.store.put(FamilyRow{*input.family, revision});
  TaskDefinitionRow row;
  row.family = *input.family;
  row.revision = revision;
  row.definition = make_definition(context, input, *size, revision);
  row.arn = *row.definition.task_definition_arn;
  if (input.tags) row.tags = *input.tags;
  RegisterTaskDefinitionResponse response{.task_definition = row.definition, .tags = row.tags};
  context.store.put(std::move(row));
  return response;
}

Result<DeregisterTaskDefinitionResponse> deregister_task_definition(
    Context& context, const DeregisterTaskDefinitionRequest& input) {
  const std::string reference = input.task_definition.value_or("");
  const auto name = task_definition_name(reference);
  if (!name) return client_error("Invalid task definition: " + reference);
  if (!name->revision) return client_error("Revision is missing.");
  const auto* found = find_task_definition(context.store, context.settings, reference);
  if (!found) return client_error("The specified task definition does not exist.");
  if (found->definition.status == "INACTIVE") {
    return client_error("The specified task definition is inactive.");
  }
  auto* row = context.store.edit<TaskDefinitionRow>(found->arn);
  row->definition.status = "INACTIVE";
  row->definition.deregistered_at = context.now();
  return DeregisterTaskDefinitionResponse{.task_definition = row->definition};
}

Result<DeleteTaskDefinitionsResponse> delete_task_definitions(Context& context,
                                                              const DeleteTaskDefinitionsRequest& input) {
  const auto references = input.task_definitions.value_or(std::vector<std::string>{});
  if (references.empty() || references.size() > 10) {
    return invalid_parameter("The number of task definitions must be between 1 and 10.");
  }
  DeleteTaskDefinitionsResponse response;
  response.task_definitions.emplace();
  response.failures.emplace();
  for (const auto& reference : references) {
    if (auto deleted = delete_one(context, reference, response); !deleted) return deleted.error();
  }
  return response;
}

Result<DescribeTaskDefinitionResponse> describe_task_definition(Context& context,
                                                                const DescribeTaskDefinitionRequest& input) {
  const auto* row = find_task_definition(context.store, context.settings, input.task_definition.value_or(""));
  if (!row) return client_error("Unable to describe task definition.");
  DescribeTaskDefinitionResponse response{.task_definition = row->definition};
  const auto include = input.include.value_or(std::vector<std::string>{});
  if (std::find(include.begin(), include.end(), "TAGS") != include.end()) response.tags = row->tags;
  return response;
}

Result<ListTaskDefinitionsResponse> list_task_definitions(Context& context,
                                                          const ListTaskDefinitionsRequest& input) {
  const std::string status = input.status.value_or("ACTIVE");
  std::vector<std::string> arns;
  for (const auto* row : in_order(context.store)) {
    if (row->definition.status != status) continue;
    // AWS's "prefix" is the whole family name here.
    if (input.family_prefix && row->family != *input.family_prefix) continue;
    arns.push_back(row->arn);
  }
  if (input.sort.value_or("ASC") == "DESC") std::reverse(arns.begin(), arns.end());
  auto page = page_of(arns, input.max_results, input.next_token);
  if (!page) return page.error();
  return ListTaskDefinitionsResponse{.task_definition_arns = page->names, .next_token = page->next_token};
}

Result<ListTaskDefinitionFamiliesResponse> list_task_definition_families(
    Context& context, const ListTaskDefinitionFamiliesRequest& input) {
  const std::string status = input.status.value_or("ALL");
  std::set<std::string> active, all;
  for (const auto& [arn, row] : context.store.all<TaskDefinitionRow>()) {
    if (!row.family.starts_with(input.family_prefix.value_or(""))) continue;
    all.insert(row.family);
    if (row.definition.status == "ACTIVE") active.insert(row.family);
  }
  std::vector<std::string> families;
  for (const auto& family : all) {
    if (status == "ALL" || (status == "ACTIVE") == active.contains(family)) families.push_back(family);
  }
  auto page = page_of(families, input.max_results, input.next_token);
  if (!page) return page.error();
  return ListTaskDefinitionFamiliesResponse{.families = page->names, .next_token = page->next_token};
}

}  // namespace berth::ecs
