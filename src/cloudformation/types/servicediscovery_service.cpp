// AWS::ServiceDiscovery::Service. Ref and GetAtt Id: the id; GetAtt Arn, Name.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/servicediscovery.h"
#include "services/servicediscovery/rows.h"

namespace berth::cfn {
namespace {

class DiscoveryService final : public TableType {
 public:
  DiscoveryService()
      : TableType("AWS::ServiceDiscovery::Service", {{"Name", false, replaces, as_text},
                                                     {"NamespaceId", false, replaces, as_text},
                                                     {"Type", false, replaces, as_text},
                                                     {"HealthCheckCustomConfig", false, replaces, as_object},
                                                     {"HealthCheckConfig", false, in_place, as_object},
                                                     {"Description", false, in_place, as_text},
                                                     {"DnsConfig", false, in_place, as_object},
                                                     {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request =
        request_of<servicediscovery::CreateServiceRequest>(renamed(resource.properties, {{"Tags", ""}}));
    if (!request) return request.error();
    if (!request->name) request->name = context.generated_name(resource, service_name_characters_max);
    const auto tags = tag_structs<servicediscovery::Tag>(tags_of(context, resource.properties));
    if (!tags.empty()) request->tags = tags;
    const auto created = servicediscovery::create_service(context.context, *request);
    if (!created) return created.error();
    return Created{*created->service->id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    servicediscovery::UpdateServiceRequest request;
    request.id = resource.physical_id;
    auto wanted = request_of<servicediscovery::CreateServiceRequest>(renamed(properties, {{"Tags", ""}}));
    if (!wanted) return wanted.error();
    auto& change = request.service.emplace();
    change.description = wanted->description.value_or("");
    change.health_check_config = wanted->health_check_config;
    if (wanted->dns_config) change.dns_config.emplace().dns_records = wanted->dns_config->dns_records;
    const auto updated = servicediscovery::update_service(context.context, request);
    if (!updated) return updated.error();
    const auto* row = context.context.store.find<servicediscovery::ServiceRow>(resource.physical_id);
    return retag_discovery(context, std::string(row->arn), tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    return ignoring(servicediscovery::delete_service(context.context, {resource.physical_id}),
                    {"ServiceNotFound"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto* row = context.context.store.find<servicediscovery::ServiceRow>(resource.physical_id);
    if (!row) return std::nullopt;
    if (name == "Id") return json::string(row->id);
    if (name == "Arn") return json::string(row->arn);
    if (name == "Name") return json::string(row->name);
    return std::nullopt;
  }

 private:
  static constexpr std::size_t service_name_characters_max = 63;
};

}  // namespace

types::Made types::servicediscovery_service() {
  return std::make_unique<DiscoveryService>();
}

}  // namespace berth::cfn
