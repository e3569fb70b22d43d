// AWS::ServiceDiscovery::PrivateDnsNamespace. Ref and GetAtt Id: the id; GetAtt Arn, HostedZoneId.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/servicediscovery.h"
#include "services/servicediscovery/rows.h"

namespace berth::cfn {
namespace {

// CloudFormation writes SOA where the API has it too; only the case of its first letters differs elsewhere.
class PrivateDnsNamespace final : public TableType {
 public:
  PrivateDnsNamespace()
      : TableType("AWS::ServiceDiscovery::PrivateDnsNamespace", {{"Name", true, replaces, as_text},
                                                                 {"Vpc", true, replaces, as_text},
                                                                 {"Description", false, in_place, as_text},
                                                                 {"Properties", false, in_place, as_object},
                                                                 {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<servicediscovery::CreatePrivateDnsNamespaceRequest>(
        renamed(resource.properties, {{"Tags", ""}}));
    if (!request) return request.error();
    const auto tags = tag_structs<servicediscovery::Tag>(tags_of(context, resource.properties));
    if (!tags.empty()) request->tags = tags;
    const auto begun = servicediscovery::create_private_dns_namespace(context.context, *request);
    if (!begun) return begun.error();
    const auto* row = context.context.store.find<servicediscovery::OperationRow>(*begun->operation_id);
    const auto& operation = row->operation;
    if (operation.status == "FAIL") return Error{*operation.error_code, *operation.error_message};
    return Created{operation.targets->at("NAMESPACE")};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    servicediscovery::UpdatePrivateDnsNamespaceRequest request;
    request.id = resource.physical_id;
    auto change = request_of<servicediscovery::PrivateDnsNamespaceChange>(
        renamed(properties, {{"Tags", ""}, {"Name", ""}, {"Vpc", ""}}));
    if (!change) return change.error();
    if (!change->description) change->description = "";
    request.namespace_ = std::move(*change);
    const auto updated = servicediscovery::update_private_dns_namespace(context.context, request);
    if (!updated) return updated.error();
    const auto* row = context.context.store.find<servicediscovery::NamespaceRow>(resource.physical_id);
    return retag_discovery(context, std::string(row->arn), tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    return ignoring(servicediscovery::delete_namespace(context.context, {resource.physical_id}),
                    {"NamespaceNotFound"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto* row = context.context.store.find<servicediscovery::NamespaceRow>(resource.physical_id);
    if (!row) return std::nullopt;
    if (name == "Id") return json::string(row->id);
    if (name == "Arn") return json::string(row->arn);
    if (name == "HostedZoneId") return json::string(row->hosted_zone_id);
    return std::nullopt;
  }
};

}  // namespace

types::Made types::servicediscovery_private_dns_namespace() {
  return std::make_unique<PrivateDnsNamespace>();
}

}  // namespace berth::cfn
