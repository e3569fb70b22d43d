// Cloud Map: private DNS namespaces, and the tags of namespaces and services.
#include <algorithm>
#include <regex>

#include "base/arn.h"
#include "base/text.h"
#include "handlers/servicediscovery.h"
#include "services/ec2/rows.h"
#include "services/lists.h"
#include "services/servicediscovery/errors.h"
#include "services/servicediscovery/operation.h"
#include "services/servicediscovery/rows.h"
#include "services/tags.h"

namespace berth::servicediscovery {
namespace {

constexpr std::int64_t soa_ttl_s_default = 15;

std::int64_t service_count(const Store& store, const NamespaceRow& row) {
  return static_cast<std::int64_t>(store.rows_of<ServiceRow>(row.id).size());
}

// What Namespace and NamespaceSummary have in common.
template <class Description>
Description described(const Context& context, const NamespaceRow& row) {
  Description out;
  out.id = row.id;
  out.arn = row.arn;
  out.resource_owner = context.settings.account;
  out.name = row.name;
  out.type = "DNS_PRIVATE";
  if (!row.description.empty()) out.description = row.description;
  out.service_count = service_count(context.store, row);
  auto& properties = out.properties.emplace();
  properties.dns_properties = DnsProperties{row.hosted_zone_id, SOA{row.soa_ttl_s}};
  properties.http_properties = HttpProperties{row.name};
  out.create_date = row.created_at;
  return out;
}

bool is_dns_name(const std::string& name) {
  static const std::regex label("[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?");
  if (name.size() > 253) return false;
  const auto labels = split(name, '.');
  return std::all_of(labels.begin(), labels.end(),
                     [](const auto& each) { return std::regex_match(each, label); });
}

// Why Route 53 could not make the hosted zone.
Result<> check_zone(const Store& store, const std::string& name, const std::string& vpc) {
  if (!store.find<ec2::VpcRow>(vpc)) {
    return Error{"CANNOT_CREATE_HOSTED_ZONE", "The VPC ID that you specified, " + vpc + ", does not exist."};
  }
  for (const auto& [id, row] : store.all<NamespaceRow>()) {
    if (row.vpc_id == vpc && equal_ignoring_case(row.name, name)) {
      return Error{"CANNOT_CREATE_HOSTED_ZONE",
                   "The VPC that you specified, " + vpc +
                       ", is already associated with another private hosted zone "
                       "that has the same name, " +
                       name + "."};
    }
  }
  return {};
}

bool passes(const NamespaceSummary& summary, const std::vector<NamespaceFilter>& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const NamespaceFilter& filter) {
    const std::string value = *filter.name == "TYPE"        ? *summary.type
                              : *filter.name == "HTTP_NAME" ? *summary.name
                              : *filter.name == "NAME"      ? *summary.name
                                                            : *summary.resource_owner;
    const auto& values = *filter.values;
    if (filter.condition == "BEGINS_WITH") return value.starts_with(values.front());
    return *filter.name == "RESOURCE_OWNER" || std::find(values.begin(), values.end(), value) != values.end();
  });
}

Result<std::vector<Tag>*> tagged(Context& context, const std::string& arn) {
  const std::string id(last_part(arn));
  if (auto* row = context.store.find<NamespaceRow>(id) ? context.store.edit<NamespaceRow>(id) : nullptr;
      row && row->arn == arn)
    return &row->tags;
  if (auto* row = context.store.find<ServiceRow>(id) ? context.store.edit<ServiceRow>(id) : nullptr;
      row && row->arn == arn)
    return &row->tags;
  return Error{"ResourceNotFoundException", "Resource not found: " + arn};
}

}  // namespace

Result<CreatePrivateDnsNamespaceResponse> create_private_dns_namespace(
    Context& context, const CreatePrivateDnsNamespaceRequest& input) {
  if (!is_dns_name(*input.name)) return invalid_input("Invalid namespace name: " + *input.name);
  NamespaceRow row;
  row.id = "ns-" + lower(random_alphanumeric(context.ids(), 16));
  const std::map<std::string, std::string> targets{{"NAMESPACE", row.id}};
  if (const auto zone = check_zone(context.store, *input.name, *input.vpc); !zone) {
    return CreatePrivateDnsNamespaceResponse{record_operation(context, "CREATE_NAMESPACE", targets, zone)};
  }
  row.arn = context.settings.arn("servicediscovery", "namespace/" + row.id);
  row.name = lower(*input.name);
  row.description = input.description.value_or("");
  row.vpc_id = *input.vpc;
  row.hosted_zone_id = "Z" + random_alphanumeric(context.ids(), 20);
  const auto& properties = input.properties;
  if (properties && properties->dns_properties && properties->dns_properties->soa)
    row.soa_ttl_s = static_cast<int>(properties->dns_properties->soa->ttl.value_or(soa_ttl_s_default));
  row.creator_request_id = input.creator_request_id.value_or("");
  row.tags = services::list_of(input.tags);
  row.created_at = context.now();
  context.store.put(std::move(row));
  return CreatePrivateDnsNamespaceResponse{record_operation(context, "CREATE_NAMESPACE", targets)};
}

Result<UpdatePrivateDnsNamespaceResponse> update_private_dns_namespace(
    Context& context, const UpdatePrivateDnsNamespaceRequest& input) {
  const auto* known = find_namespace(context.store, *input.id);
  if (!known) return no_such_namespace(*input.id);
  auto* row = context.store.edit<NamespaceRow>(known->id);
  const auto& change = *input.namespace_;
  if (change.description) row->description = *change.description;
  if (change.properties && change.properties->dns_properties && change.properties->dns_properties->soa)
    row->soa_ttl_s =
        static_cast<int>(change.properties->dns_properties->soa->ttl.value_or(soa_ttl_s_default));
  const std::string id = row->id;
  return UpdatePrivateDnsNamespaceResponse{
      record_operation(context, "UPDATE_NAMESPACE", {{"NAMESPACE", id}})};
}

Result<GetNamespaceResponse> get_namespace(Context& context, const GetNamespaceRequest& input) {
  const auto* row = find_namespace(context.store, *input.id);
  if (!row) return no_such_namespace(*input.id);
  GetNamespaceResponse response;
  response.namespace_ = described<Namespace>(context, *row);
  if (!row->creator_request_id.empty()) response.namespace_->creator_request_id = row->creator_request_id;
  return response;
}

Result<ListNamespacesResponse> list_namespaces(Context& context, const ListNamespacesRequest& input) {
  std::vector<NamespaceSummary> namespaces;
  for (const auto& [id, row] : context.store.all<NamespaceRow>()) {
    auto summary = described<NamespaceSummary>(context, row);
    if (passes(summary, services::list_of(input.filters))) namespaces.push_back(std::move(summary));
  }
  auto page = services::page_of(
      std::move(namespaces), input.next_token, input.max_results.value_or(page_items_max),
      [](const NamespaceSummary& summary) { return *summary.id; }, bad_token);
  if (!page) return page.error();
  return ListNamespacesResponse{std::move(page->items), std::move(page->next_token)};
}

Result<DeleteNamespaceResponse> delete_namespace(Context& context, const DeleteNamespaceRequest& input) {
  const auto* row = find_namespace(context.store, *input.id);
  if (!row) return no_such_namespace(*input.id);
  if (service_count(context.store, *row) > 0) {
    return Error{"ResourceInUse",
                 "Namespace contains services; delete the services before deleting the namespace"};
  }
  const std::string id = row->id;
  context.store.erase<NamespaceRow>(id);
  return DeleteNamespaceResponse{record_operation(context, "DELETE_NAMESPACE", {{"NAMESPACE", id}})};
}

Result<TagResourceResponse> tag_resource(Context& context, const TagResourceRequest& input) {
  auto tags = tagged(context, *input.resource_arn);
  if (!tags) return tags.error();
  services::merge_tags(**tags, *input.tags);
  if (services::too_many_tags(**tags)) return Error{"TooManyTagsException", "Too many tags."};
  return TagResourceResponse{};
}

Result<UntagResourceResponse> untag_resource(Context& context, const UntagResourceRequest& input) {
  auto tags = tagged(context, *input.resource_arn);
  if (!tags) return tags.error();
  services::remove_tags(**tags, *input.tag_keys);
  return UntagResourceResponse{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(Context& context,
                                                           const ListTagsForResourceRequest& input) {
  auto tags = tagged(context, *input.resource_arn);
  if (!tags) return tags.error();
  return ListTagsForResourceResponse{**tags};
}

}  // namespace berth::servicediscovery
