// Cloud Map: services.
#include <algorithm>

#include "base/text.h"
#include "handlers/servicediscovery.h"
#include "services/lists.h"
#include "services/servicediscovery/errors.h"
#include "services/servicediscovery/operation.h"
#include "services/servicediscovery/rows.h"

namespace berth::servicediscovery {
namespace {

// What Service and ServiceSummary have in common.
template <class Description>
Description described(const Context& context, const ServiceRow& row) {
  Description out;
  out.id = row.id;
  out.arn = row.arn;
  out.resource_owner = context.settings.account;
  out.name = row.name;
  if (!row.description.empty()) out.description = row.description;
  out.instance_count = static_cast<std::int64_t>(context.store.rows_of<InstanceRow>(row.id).size());
  const bool by_dns = !services::list_of(row.dns_config.dns_records).empty();
  if (by_dns) out.dns_config = row.dns_config;
  out.type = by_dns ? "DNS_HTTP" : "HTTP";
  if (row.has_custom_health) out.health_check_custom_config = HealthCheckCustomConfig{1};
  out.create_date = row.created_at;
  out.created_by_account = context.settings.account;
  return out;
}

Result<> check_records(const std::vector<DnsRecord>& records) {
  for (const auto& record : records) {
    const std::string type = record.type.value_or("");
    if (type != "A" && type != "SRV")
      return unsupported("DNS records of the type " + type + ": there are A and SRV");
  }
  return {};
}

Result<DnsConfig> dns_config_of(const CreateServiceRequest& input, const std::string& namespace_id) {
  DnsConfig config = input.dns_config.value_or(DnsConfig{});
  if (!config.dns_records) config.dns_records.emplace();
  if (auto checked = check_records(*config.dns_records); !checked) return checked.error();
  if (!config.routing_policy) config.routing_policy = "MULTIVALUE";
  config.namespace_id = namespace_id;
  return config;
}

bool passes(const ServiceRow& row, const std::vector<ServiceFilter>& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const ServiceFilter& filter) {
    if (*filter.name != "NAMESPACE_ID") return true;
    const auto& values = *filter.values;
    return std::find(values.begin(), values.end(), row.namespace_id) != values.end();
  });
}

}  // namespace

Result<CreateServiceResponse> create_service(Context& context, const CreateServiceRequest& input) {
  if (input.health_check_config)
    return unsupported("HealthCheckConfig: nothing here checks from the internet");
  std::string in = input.namespace_id.value_or("");
  if (in.empty() && input.dns_config) in = input.dns_config->namespace_id.value_or("");
  const auto* space = find_namespace(context.store, in);
  if (!space) return no_such_namespace(in);
  for (const auto* entry : context.store.rows_of<ServiceRow>(space->id)) {
    if (equal_ignoring_case(entry->second.name, *input.name))
      return Error{"ServiceAlreadyExists", "Service already exists."};
  }
  auto config = dns_config_of(input, space->id);
  if (!config) return config.error();
  ServiceRow row;
  row.id = "srv-" + lower(random_alphanumeric(context.ids(), 16));
  row.arn = context.settings.arn("servicediscovery", "service/" + row.id);
  row.name = *input.name;
  row.namespace_id = space->id;
  row.description = input.description.value_or("");
  row.dns_config = std::move(*config);
  row.has_custom_health = input.health_check_custom_config.has_value();
  row.creator_request_id = input.creator_request_id.value_or("");
  row.tags = services::list_of(input.tags);
  row.created_at = context.now();
  CreateServiceResponse response;
  response.service = described<Service>(context, row);
  response.service->namespace_id = row.namespace_id;
  context.store.put(std::move(row));
  return response;
}

Result<UpdateServiceResponse> update_service(Context& context, const UpdateServiceRequest& input) {
  const auto* known = find_service(context.store, *input.id);
  if (!known) return no_such_service(*input.id);
  const auto& change = *input.service;
  if (change.health_check_config) return unsupported("HealthCheckConfig");
  const auto records = change.dns_config ? change.dns_config->dns_records : std::nullopt;
  if (records) {
    if (auto checked = check_records(*records); !checked) return checked.error();
  }
  auto* row = context.store.edit<ServiceRow>(known->id);
  row->description = change.description.value_or("");
  if (records) row->dns_config.dns_records = *records;
  const std::string id = row->id;
  return UpdateServiceResponse{record_operation(context, "UPDATE_SERVICE", {{"SERVICE", id}})};
}

Result<GetServiceResponse> get_service(Context& context, const GetServiceRequest& input) {
  const auto* row = find_service(context.store, *input.id);
  if (!row) return no_such_service(*input.id);
  GetServiceResponse response;
  response.service = described<Service>(context, *row);
  response.service->namespace_id = row->namespace_id;
  if (!row->creator_request_id.empty()) response.service->creator_request_id = row->creator_request_id;
  return response;
}

Result<ListServicesResponse> list_services(Context& context, const ListServicesRequest& input) {
  std::vector<ServiceSummary> summaries;
  for (const auto& [id, row] : context.store.all<ServiceRow>()) {
    if (passes(row, services::list_of(input.filters)))
      summaries.push_back(described<ServiceSummary>(context, row));
  }
  auto page = services::page_of(
      std::move(summaries), input.next_token, input.max_results.value_or(page_items_max),
      [](const ServiceSummary& summary) { return *summary.id; }, bad_token);
  if (!page) return page.error();
  return ListServicesResponse{std::move(page->items), std::move(page->next_token)};
}

Result<DeleteServiceResponse> delete_service(Context& context, const DeleteServiceRequest& input) {
  const auto* row = find_service(context.store, *input.id);
  if (!row) return no_such_service(*input.id);
  if (!context.store.rows_of<InstanceRow>(row->id).empty()) {
    return Error{"ResourceInUse",
                 "Service contains registered instances; delete the instances before deleting the service"};
  }
  context.store.erase<ServiceRow>(std::string(row->id));
  return DeleteServiceResponse{};
}

}  // namespace berth::servicediscovery
