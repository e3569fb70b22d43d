// AWS::ApplicationAutoScaling::ScalableTarget. Ref: `<resource id>|<scalable dimension>|<service namespace>`.
#include "base/text.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/autoscaling.h"
#include "services/autoscaling/rows.h"

namespace berth::cfn {
namespace {

class ScalableTarget final : public TableType {
 public:
  ScalableTarget()
      : TableType("AWS::ApplicationAutoScaling::ScalableTarget",
                  {{"ServiceNamespace", true, replaces, as_text},
                   {"ResourceId", true, replaces, as_text},
                   {"ScalableDimension", true, replaces, as_text},
                   {"MinCapacity", true, in_place, as_integer},
                   {"MaxCapacity", true, in_place, as_integer},
                   {"RoleARN", false, in_place, as_text},
                   {"ScheduledActions", false, in_place, as_list},
                   {"SuspendedState", false, in_place, as_object}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    const auto resource_id = text_property(resource.properties, "ResourceId");
    const auto physical_id = resource_id + "|" + text_property(resource.properties, "ScalableDimension") +
                             "|" + text_property(resource.properties, "ServiceNamespace");
    if (context.context.store.find<autoscaling::ScalableTargetRow>(resource_id)) {
      return already_exists(name(), physical_id);
    }
    if (auto registered = put(context, resource.properties); !registered) return registered.error();
    return Created{physical_id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    for (const auto& name : action_names(resource.properties)) {
      const auto kept = action_names(properties);
      if (std::find(kept.begin(), kept.end(), name) != kept.end()) continue;
      auto request = request_of<autoscaling::DeleteScheduledActionRequest>(identity(properties));
      if (!request) return request.error();
      request->scheduled_action_name = name;
      auto deleted = ignoring(autoscaling::delete_scheduled_action(context.context, *request),
                              {"ObjectNotFoundException"});
      if (!deleted) return deleted;
    }
    return put(context, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<autoscaling::DeregisterScalableTargetRequest>(identity(resource.properties));
    if (!request) return request.error();
    return ignoring(autoscaling::deregister_scalable_target(context.context, *request),
                    {"ObjectNotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Id") return std::nullopt;
    return json::string(resource.physical_id);
  }

 private:
  static json::object identity(const json::object& properties) {
    json::object out;
    for (const char* name : {"ServiceNamespace", "ResourceId", "ScalableDimension"})
      out[name] = properties.at(name);
    return out;
  }

  static std::vector<std::string> action_names(const json::object& properties) {
    std::vector<std::string> names;
    const auto* actions = properties.if_contains("ScheduledActions");
    if (!actions || !actions->is_array()) return names;
    for (const auto& action : actions->get_array()) names.push_back(string_or(action, "ScheduledActionName"));
    return names;
  }

  static Result<> put(TypeContext& context, const json::object& properties) {
    auto request = request_of<autoscaling::RegisterScalableTargetRequest>(
        renamed(properties, {{"ScheduledActions", ""}}));
    if (!request) return request.error();
    if (const auto tags = tag_map(context.stack_tags); !tags.empty()) request->tags = tags;
    if (auto registered = autoscaling::register_scalable_target(context.context, *request); !registered) {
      return registered.error();
    }
    const auto* actions = properties.if_contains("ScheduledActions");
    if (!actions || !actions->is_array()) return {};
    for (const auto& action : actions->get_array()) {
      if (!action.is_object()) return Error{"ValidationException", "A scheduled action is not an object."};
      json::object members = action.get_object();
      for (const auto& entry : identity(properties)) members[entry.key()] = entry.value();
      auto scheduled = request_of<autoscaling::PutScheduledActionRequest>(members);
      if (!scheduled) return scheduled.error();
      if (auto made = autoscaling::put_scheduled_action(context.context, *scheduled); !made)
        return made.error();
    }
    return {};
  }
};

}  // namespace

types::Made types::autoscaling_scalable_target() {
  return std::make_unique<ScalableTarget>();
}

}  // namespace berth::cfn
