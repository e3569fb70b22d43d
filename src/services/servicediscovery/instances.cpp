// Cloud Map: the instances of services, by their API and by discovery.
#include <algorithm>

#include "base/text.h"
#include "handlers/servicediscovery.h"
#include "services/lists.h"
#include "services/servicediscovery/errors.h"
#include "services/servicediscovery/operation.h"
#include "services/servicediscovery/rows.h"

namespace berth::servicediscovery {
namespace {

constexpr std::int64_t discovered_max = 1000;

bool has_record(const ServiceRow& service, const std::string& type) {
  const auto& records = services::list_of(service.dns_config.dns_records);
  return std::any_of(records.begin(), records.end(),
                     [&](const DnsRecord& record) { return record.type == type; });
}

Result<> check_attributes(const ServiceRow& service, const std::map<std::string, std::string>& attributes) {
  const auto lacks = [&](const char* name) { return !attributes.contains(name); };
  if ((has_record(service, "A") || has_record(service, "SRV")) && lacks("AWS_INSTANCE_IPV4"))
    return invalid_input("The attribute AWS_INSTANCE_IPV4 is required for the DNS records of the service.");
  if (has_record(service, "SRV") && lacks("AWS_INSTANCE_PORT"))
    return invalid_input("The attribute AWS_INSTANCE_PORT is required for the SRV record of the service.");
  for (const char* name : {"AWS_ALIAS_DNS_NAME", "AWS_EC2_INSTANCE_ID"}) {
    if (!lacks(name)) return unsupported(std::string("the attribute ") + name);
  }
  return {};
}

std::string health_of(const ServiceRow& service, const InstanceRow& instance) {
  if (!service.has_custom_health) return "UNKNOWN";
  return instance.healthy ? "HEALTHY" : "UNHEALTHY";
}

Result<const InstanceRow*> find_instance(const Context& context, const std::string& service,
                                         const std::string& id) {
  const auto* row = find_service(context.store, service);
  if (!row) return no_such_service(service);
  const auto* instance = context.store.find<InstanceRow>(InstanceRow::key_of(row->id, id));
  if (!instance) return no_such_instance(id);
  return instance;
}

Result<const ServiceRow*> by_names(const Store& store, const std::string& space, const std::string& service) {
  bool known = false;
  for (const auto& [id, row] : store.all<NamespaceRow>()) {
    if (!equal_ignoring_case(row.name, space)) continue;
    known = true;
    for (const auto* entry : store.rows_of<ServiceRow>(id)) {
      if (equal_ignoring_case(entry->second.name, service)) return &entry->second;
    }
  }
  if (!known) return no_such_namespace(space);
  return no_such_service(service);
}

bool has_all(const std::map<std::string, std::string>& attributes,
             const std::optional<std::map<std::string, std::string>>& wanted) {
  if (!wanted) return true;
  return std::all_of(wanted->begin(), wanted->end(), [&](const auto& one) {
    const auto found = attributes.find(one.first);
    return found != attributes.end() && found->second == one.second;
  });
}

// OptionalParameters narrow the choice only where something is left of it.
void prefer(std::vector<const InstanceRow*>& found,
            const std::optional<std::map<std::string, std::string>>& optional) {
  std::vector<const InstanceRow*> better;
  for (const auto* row : found) {
    if (has_all(row->attributes, optional)) better.push_back(row);
  }
  if (!better.empty()) found = std::move(better);
}

std::vector<const InstanceRow*> discovered(const Store& store, const ServiceRow& service,
                                           const DiscoverInstancesRequest& input) {
  std::vector<const InstanceRow*> all, healthy, unhealthy;
  for (const auto* entry : store.rows_of<InstanceRow>(service.id)) {
    if (!has_all(entry->second.attributes, input.query_parameters)) continue;
    all.push_back(&entry->second);
    (health_of(service, entry->second) == "UNHEALTHY" ? unhealthy : healthy).push_back(&entry->second);
  }
  const std::string wanted = input.health_status.value_or("HEALTHY_OR_ELSE_ALL");
  auto found = wanted == "ALL"         ? all
               : wanted == "HEALTHY"   ? healthy
               : wanted == "UNHEALTHY" ? unhealthy
               : healthy.empty()       ? all
                                       : healthy;
  prefer(found, input.optional_parameters);
  return found;
}

}  // namespace

Result<RegisterInstanceResponse> register_instance(Context& context, const RegisterInstanceRequest& input) {
  const auto* service = find_service(context.store, *input.service_id);
  if (!service) return no_such_service(*input.service_id);
  if (auto checked = check_attributes(*service, *input.attributes); !checked) return checked.error();
  InstanceRow row;
  row.service_id = service->id;
  row.id = *input.instance_id;
  row.attributes = *input.attributes;
  const auto initial = row.attributes.extract("AWS_INIT_HEALTH_STATUS");
  row.healthy = initial.empty() || initial.mapped() != "UNHEALTHY";
  const std::map<std::string, std::string> targets{{"SERVICE", row.service_id}, {"INSTANCE", row.id}};
  put_instance(context.store, std::move(row));
  return RegisterInstanceResponse{record_operation(context, "REGISTER_INSTANCE", targets)};
}

Result<DeregisterInstanceResponse> deregister_instance(Context& context,
                                                       const DeregisterInstanceRequest& input) {
  const auto instance = find_instance(context, *input.service_id, *input.instance_id);
  if (!instance) return instance.error();
  const std::map<std::string, std::string> targets{{"SERVICE", (*instance)->service_id},
                                                   {"INSTANCE", (*instance)->id}};
  erase_instance(context.store, targets.at("SERVICE"), targets.at("INSTANCE"));
  return DeregisterInstanceResponse{record_operation(context, "DEREGISTER_INSTANCE", targets)};
}

Result<GetInstanceResponse> get_instance(Context& context, const GetInstanceRequest& input) {
  const auto row = find_instance(context, *input.service_id, *input.instance_id);
  if (!row) return row.error();
  Instance instance;
  instance.id = (*row)->id;
  instance.attributes = (*row)->attributes;
  instance.created_by_account = context.settings.account;
  return GetInstanceResponse{context.settings.account, std::move(instance)};
}

Result<ListInstancesResponse> list_instances(Context& context, const ListInstancesRequest& input) {
  const auto* service = find_service(context.store, *input.service_id);
  if (!service) return no_such_service(*input.service_id);
  std::vector<InstanceSummary> instances;
  for (const auto* entry : context.store.rows_of<InstanceRow>(service->id))
    instances.push_back({entry->second.id, entry->second.attributes, context.settings.account});
  auto page = services::page_of(
      std::move(instances), input.next_token, input.max_results.value_or(page_items_max),
      [](const InstanceSummary& summary) { return *summary.id; }, bad_token);
  if (!page) return page.error();
  return ListInstancesResponse{context.settings.account, std::move(page->items), std::move(page->next_token)};
}

Result<DiscoverInstancesResponse> discover_instances(Context& context,
                                                     const DiscoverInstancesRequest& input) {
  const auto service = by_names(context.store, *input.namespace_name, *input.service_name);
  if (!service) return service.error();
  DiscoverInstancesResponse response;
  response.instances.emplace();
  const auto limit = std::min(input.max_results.value_or(page_items_max), discovered_max);
  for (const auto* row : discovered(context.store, **service, input)) {
    if (static_cast<std::int64_t>(response.instances->size()) >= limit) break;
    response.instances->push_back(
        {row->id, *input.namespace_name, *input.service_name, health_of(**service, *row), row->attributes});
  }
  response.instances_revision = (*service)->instances_revision;
  return response;
}

Result<GetInstancesHealthStatusResponse> get_instances_health_status(
    Context& context, const GetInstancesHealthStatusRequest& input) {
  const auto* service = find_service(context.store, *input.service_id);
  if (!service) return no_such_service(*input.service_id);
  GetInstancesHealthStatusResponse response;
  response.status.emplace();
  const auto& wanted = services::list_of(input.instances);
  for (const auto& id : wanted) {
    if (!context.store.find<InstanceRow>(InstanceRow::key_of(service->id, id))) return no_such_instance(id);
  }
  for (const auto* entry : context.store.rows_of<InstanceRow>(service->id)) {
    const auto& row = entry->second;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), row.id) != wanted.end())
      (*response.status)[row.id] = health_of(*service, row);
  }
  return response;
}

Result<UpdateInstanceCustomHealthStatusOutput> update_instance_custom_health_status(
    Context& context, const UpdateInstanceCustomHealthStatusRequest& input) {
  const auto found = find_instance(context, *input.service_id, *input.instance_id);
  if (!found) return found.error();
  const auto* service = find_service(context.store, *input.service_id);
  if (!service->has_custom_health)
    return Error{"CustomHealthNotFound", "The service has no custom health check."};
  InstanceRow row = **found;
  row.healthy = *input.status == "HEALTHY";
  put_instance(context.store, std::move(row));
  return UpdateInstanceCustomHealthStatusOutput{};
}

}  // namespace berth::servicediscovery
