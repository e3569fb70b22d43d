// AWS::ECS::TaskDefinition. Every change but one of tags makes a new revision; Ref: the ARN with the
// revision.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/ecs.h"

namespace berth::cfn {
namespace {

class TaskDefinition final : public TableType {
 public:
  TaskDefinition()
      : TableType("AWS::ECS::TaskDefinition", {{"Family", false, replaces, as_text},
                                               {"Cpu", false, replaces, as_text},
                                               {"Memory", false, replaces, as_text},
                                               {"NetworkMode", false, replaces, as_text},
                                               {"RequiresCompatibilities", false, replaces, as_list},
                                               {"ExecutionRoleArn", false, replaces, as_text},
                                               {"TaskRoleArn", false, replaces, as_text},
                                               {"ContainerDefinitions", false, replaces, as_list},
                                               {"Volumes", false, replaces, as_list},
                                               {"PlacementConstraints", false, replaces, as_list},
                                               {"ProxyConfiguration", false, replaces, as_object},
                                               {"InferenceAccelerators", false, replaces, as_list},
                                               {"PidMode", false, replaces, as_text},
                                               {"IpcMode", false, replaces, as_text},
                                               {"RuntimePlatform", false, replaces, as_object},
                                               {"EphemeralStorage", false, replaces, as_object},
                                               {"EnableFaultInjection", false, replaces, as_boolean},
                                               {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request =
        request_of<ecs::RegisterTaskDefinitionRequest>(renamed(resource.properties, {{"Tags", ""}}));
    if (!request) return request.error();
    if (!request->family) request->family = context.generated_name(resource);
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request->tags = tag_structs<ecs::Tag>(tags);
    }
    auto registered = ecs::register_task_definition(context.context, *request);
    if (!registered) return registered.error();
    return Created{*registered->task_definition->task_definition_arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    return retag_ecs(context, resource.physical_id, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ecs::DeregisterTaskDefinitionRequest request;
    request.task_definition = resource.physical_id;
    return ignoring(ecs::deregister_task_definition(context.context, request), {"ClientException"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "TaskDefinitionArn") return std::nullopt;
    return json::string(resource.physical_id);
  }
};

}  // namespace

types::Made types::ecs_task_definition() {
  return std::make_unique<TaskDefinition>();
}

}  // namespace berth::cfn
