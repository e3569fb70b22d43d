// AWS::ECS::Service. Creation and updates are complete when the deployment is and the wanted tasks run. Ref:
// the ARN; GetAtt Name, ServiceArn.
#include "base/arn.h"
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/ecs.h"
#include "services/ecs/service_view.h"

namespace berth::cfn {
namespace {

class Service final : public TableType {
 public:
  Service()
      : TableType("AWS::ECS::Service", {{"Cluster", false, replaces, as_text},
                                        {"ServiceName", false, replaces, as_text},
                                        {"SchedulingStrategy", false, replaces, as_text},
                                        {"Role", false, replaces, as_text},
                                        {"LaunchType", false, replaces, as_text},
                                        {"TaskDefinition", false, in_place, as_text},
                                        {"DesiredCount", false, in_place, as_integer},
                                        {"LoadBalancers", false, in_place, as_list},
                                        {"ServiceRegistries", false, in_place, as_list},
                                        {"NetworkConfiguration", false, in_place, as_object},
                                        {"DeploymentConfiguration", false, in_place, as_object},
                                        {"DeploymentController", false, in_place, as_object},
                                        {"HealthCheckGracePeriodSeconds", false, in_place, as_integer},
                                        {"PlatformVersion", false, in_place, as_text},
                                        {"PlacementConstraints", false, in_place, as_list},
                                        {"PlacementStrategies", false, in_place, as_list},
                                        {"PropagateTags", false, in_place, as_text},
                                        {"EnableECSManagedTags", false, in_place, as_boolean},
                                        {"EnableExecuteCommand", false, in_place, as_boolean},
                                        {"CapacityProviderStrategy", false, in_place, as_list},
                                        {"ServiceConnectConfiguration", false, in_place, as_object},
                                        {"VolumeConfigurations", false, in_place, as_list},
                                        {"VpcLatticeConfigurations", false, in_place, as_list},
                                        {"Monitoring", false, in_place, as_object},
                                        {"AvailabilityZoneRebalancing", false, in_place, as_text},
                                        {"ForceNewDeployment", false, in_place, as_object},
                                        {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<ecs::CreateServiceRequest>(
        renamed(resource.properties,
                {{"Tags", ""}, {"PlacementStrategies", "PlacementStrategy"}, {"ForceNewDeployment", ""}}),
        {{"PlacementStrategies", "PlacementStrategy"}});
    if (!request) return request.error();
    if (!request->service_name) request->service_name = context.generated_name(resource);
    // AWS: a service without DesiredCount starts with one task.
    if (!request->desired_count) request->desired_count = 1;
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request->tags = tag_structs<ecs::Tag>(tags);
    }
    auto created = ecs::create_service(context.context, *request);
    if (!created) return created.error();
    return Created{*created->service->service_arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    auto request = request_of<ecs::UpdateServiceRequest>(
        renamed(properties, {{"Tags", ""},
                             {"ServiceName", "Service"},
                             {"PlacementStrategies", "PlacementStrategy"},
                             {"LaunchType", ""},
                             {"SchedulingStrategy", ""},
                             {"Role", ""}}),
        {{"PlacementStrategies", "PlacementStrategy"}});
    if (!request) return request.error();
    // AWS: DesiredCount in the template is sent with every update of the resource, whatever scaling has made
    // of it.
    request->cluster = cluster_of(resource);
    request->service = std::string(last_part(resource.physical_id));
    if (auto updated = ecs::update_service(context.context, *request); !updated) return updated.error();
    return retag_ecs(context, resource.physical_id, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ecs::DeleteServiceRequest request;
    request.cluster = cluster_of(resource);
    request.service = std::string(last_part(resource.physical_id));
    request.force = true;
    return ignoring(ecs::delete_service(context.context, request),
                    {"ServiceNotFoundException", "ServiceNotActiveException", "ClusterNotFoundException"});
  }

  Result<bool> stable(TypeContext& context, const ResourceView& resource) override {
    const auto* row = find(context, resource);
    if (!row)
      return Error{"ServiceNotFoundException", "The service was deleted while it was being deployed."};
    const auto& primary = row->deployments.front();
    // One that failed earlier is why the stack rolls back, not a failure of the rollback.
    const auto failed_now = [&](const auto& deployment) {
      return deployment.rollout_state == "FAILED" && deployment.created_at >= resource.step_began;
    };
    const bool failed =
        primary.rollout_state == "FAILED" || (row->deployments.size() > 1 && failed_now(row->deployments[1]));
    if (failed) {
      return Error{"GeneralServiceException",
                   "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."};
    }
    if (primary.rollout_state != "COMPLETED" || row->deployments.size() > 1) return false;
    return ecs::service_counts(context.context.store, *row).running == row->desired_count;
  }

  Result<bool> removed(TypeContext& context, const ResourceView& resource) override {
    const auto* row = find(context, resource);
    return !row || row->status == "INACTIVE";
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "Name") return json::string(last_part(resource.physical_id));
    if (name == "ServiceArn") return json::string(resource.physical_id);
    return std::nullopt;
  }

 private:
  // arn:aws:ecs:<region>:<account>:service/<cluster>/<service>
  static std::string cluster_of(const ResourceView& resource) {
    const std::string_view arn = resource.physical_id;
    return std::string(last_part(arn.substr(0, arn.rfind('/'))));
  }

  static const ecs::ServiceRow* find(const TypeContext& context, const ResourceView& resource) {
    return context.context.store.find<ecs::ServiceRow>(cluster_of(resource) + "/" +
                                                       std::string(last_part(resource.physical_id)));
  }
};

}  // namespace

types::Made types::ecs_service() {
  return std::make_unique<Service>();
}

}  // namespace berth::cfn
