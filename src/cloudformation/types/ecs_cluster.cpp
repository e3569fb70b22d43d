// AWS::ECS::Cluster. Ref: the name; GetAtt Arn.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/ecs.h"
#include "services/ecs/rows.h"

namespace berth::cfn {
namespace {

const PropertyNames cluster_api_names = {{"ClusterSettings", "Settings"}};

class Cluster final : public TableType {
 public:
  Cluster()
      : TableType("AWS::ECS::Cluster", {{"ClusterName", false, replaces, as_text},
                                        {"ClusterSettings", false, in_place, as_list},
                                        {"CapacityProviders", false, in_place, as_list},
                                        {"DefaultCapacityProviderStrategy", false, in_place, as_list},
                                        {"Configuration", false, in_place, as_object},
                                        {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ecs::CreateClusterRequest>(renamed(resource.properties, cluster_api_names),
                                                         cluster_api_names);
    if (!request) return request.error();
    if (!request->cluster_name) request->cluster_name = context.generated_name(resource);
    const auto* present = context.context.store.find<ecs::ClusterRow>(*request->cluster_name);
    if (present && present->status == "ACTIVE") return already_exists(name(), *request->cluster_name);
    request->tags = tag_structs<ecs::Tag>(tags_of(context, resource.properties));
    if (auto created = ecs::create_cluster(context.context, *request); !created) return created.error();
    return Created{*request->cluster_name};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    auto request = request_of<ecs::UpdateClusterRequest>(
        renamed(renamed(properties, cluster_api_names), {{"ClusterName", "Cluster"},
                                                         {"CapacityProviders", ""},
                                                         {"DefaultCapacityProviderStrategy", ""},
                                                         {"Tags", ""}}),
        cluster_api_names);
    if (!request) return request.error();
    request->cluster = resource.physical_id;
    if (auto updated = ecs::update_cluster(context.context, *request); !updated) return updated.error();
    if (auto put = put_capacity_providers(context, resource, properties); !put) return put;
    return retag_ecs(context, context.context.settings.arn("ecs", "cluster/" + resource.physical_id),
                     tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ecs::DeleteClusterRequest request;
    request.cluster = resource.physical_id;
    return ignoring(ecs::delete_cluster(context.context, request), {"ClusterNotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Arn") return std::nullopt;
    return json::string(context.context.settings.arn("ecs", "cluster/" + resource.physical_id));
  }

 private:
  static Result<> put_capacity_providers(TypeContext& context, const ResourceView& resource,
                                         const json::object& properties) {
    json::object wanted{{"Cluster", resource.physical_id}};
    bool changed = false;
    for (const auto* name : {"CapacityProviders", "DefaultCapacityProviderStrategy"}) {
      const auto* value = properties.if_contains(name);
      const auto* before = resource.properties.if_contains(name);
      changed |= (value == nullptr) != (before == nullptr) || (value && *value != *before);
      wanted[name] = value ? *value : json::value(json::array{});
    }
    if (!changed) return {};
    auto request = request_of<ecs::PutClusterCapacityProvidersRequest>(wanted);
    if (!request) return request.error();
    return done(ecs::put_cluster_capacity_providers(context.context, *request));
  }
};

}  // namespace

types::Made types::ecs_cluster() {
  return std::make_unique<Cluster>();
}

}  // namespace berth::cfn
