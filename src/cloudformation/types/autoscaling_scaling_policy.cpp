// AWS::ApplicationAutoScaling::ScalingPolicy. Ref: the policy's ARN.
#include "base/text.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/autoscaling.h"

namespace berth::cfn {
namespace {

class ScalingPolicy final : public TableType {
 public:
  ScalingPolicy()
      : TableType("AWS::ApplicationAutoScaling::ScalingPolicy",
                  {{"PolicyName", true, replaces, as_text},
                   {"PolicyType", true, in_place, as_text},
                   {"ScalingTargetId", false, replaces, as_text},
                   {"ServiceNamespace", false, replaces, as_text},
                   {"ResourceId", false, replaces, as_text},
                   {"ScalableDimension", false, replaces, as_text},
                   {"TargetTrackingScalingPolicyConfiguration", false, in_place, as_object},
                   {"StepScalingPolicyConfiguration", false, in_place, as_object},
                   {"PredictiveScalingPolicyConfiguration", false, in_place, as_object}}) {}

  Result<> check(const json::object& properties) const override {
    if (auto table = TableType::check(properties); !table) return table;
    const json::object target = with_target(properties);
    for (const auto* name : {"ResourceId", "ScalableDimension", "ServiceNamespace"}) {
      if (target.contains(name) || is_known_later(properties, "ScalingTargetId")) continue;
      return Error{"ValidationError",
                   "Either ScalingTargetId or all three of [ResourceId, ScalableDimension, ServiceNamespace] "
                   "must be specified"};
    }
    return {};
  }

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<autoscaling::PutScalingPolicyRequest>(with_target(resource.properties));
    if (!request) return request.error();
    auto put = autoscaling::put_scaling_policy(context.context, *request);
    if (!put) return put.error();
    return Created{*put->policy_arn};
  }

  Result<> update(TypeContext& context, const ResourceView&, const json::object& properties) override {
    auto request = request_of<autoscaling::PutScalingPolicyRequest>(with_target(properties));
    if (!request) return request.error();
    return done(autoscaling::put_scaling_policy(context.context, *request));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    const json::object properties = with_target(resource.properties);
    autoscaling::DeleteScalingPolicyRequest request;
    request.policy_name = text_property(properties, "PolicyName");
    request.service_namespace = text_property(properties, "ServiceNamespace");
    request.resource_id = text_property(properties, "ResourceId");
    request.scalable_dimension = text_property(properties, "ScalableDimension");
    return ignoring(autoscaling::delete_scaling_policy(context.context, request),
                    {"ObjectNotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Arn") return std::nullopt;
    return json::string(resource.physical_id);
  }

 private:
  // ScalingTargetId is what Ref of a ScalableTarget yields; it stands for the three parts.
  static json::object with_target(const json::object& properties) {
    const auto parts = split(text_property(properties, "ScalingTargetId"), '|');
    json::object out = renamed(properties, {{"ScalingTargetId", ""}});
    if (parts.size() != 3) return out;
    out["ResourceId"] = json::string(parts[0]);
    out["ScalableDimension"] = json::string(parts[1]);
    out["ServiceNamespace"] = json::string(parts[2]);
    return out;
  }
};

}  // namespace

types::Made types::autoscaling_scaling_policy() {
  return std::make_unique<ScalingPolicy>();
}

}  // namespace berth::cfn
