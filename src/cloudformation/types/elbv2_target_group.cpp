// AWS::ElasticLoadBalancingV2::TargetGroup. Ref: the ARN.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/elbv2.h"
#include "services/elbv2/rows.h"

namespace berth::cfn {
namespace {

constexpr std::size_t target_group_name_characters_max = 32;

class TargetGroup final : public TableType {
 public:
  TargetGroup()
      : TableType("AWS::ElasticLoadBalancingV2::TargetGroup",
                  {{"Name", false, replaces, as_text},
                   {"Port", false, replaces, as_integer},
                   {"Protocol", false, replaces, as_text},
                   {"ProtocolVersion", false, replaces, as_text},
                   {"TargetType", false, replaces, as_text},
                   {"VpcId", false, replaces, as_text},
                   {"IpAddressType", false, replaces, as_text},
                   {"HealthCheckEnabled", false, in_place, as_boolean},
                   {"HealthCheckIntervalSeconds", false, in_place, as_integer},
                   {"HealthCheckPath", false, in_place, as_text},
                   {"HealthCheckPort", false, in_place, as_text},
                   {"HealthCheckProtocol", false, in_place, as_text},
                   {"HealthCheckTimeoutSeconds", false, in_place, as_integer},
                   {"HealthyThresholdCount", false, in_place, as_integer},
                   {"UnhealthyThresholdCount", false, in_place, as_integer},
                   {"Matcher", false, in_place, as_object},
                   {"Targets", false, in_place, as_list},
                   {"TargetGroupAttributes", false, in_place, as_list},
                   {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<elbv2::CreateTargetGroupInput>(
        renamed(resource.properties, {{"Tags", ""}, {"Targets", ""}, {"TargetGroupAttributes", ""}}));
    if (!request) return request.error();
    if (!request->name) request->name = context.generated_name(resource, target_group_name_characters_max);
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request->tags = tag_structs<elbv2::Tag>(tags);
    }
    auto created = elbv2::create_target_group(context.context, *request);
    if (!created) return created.error();
    const std::string arn = *created->target_groups->front().target_group_arn;
    if (auto set = set_attributes(context, arn, resource.properties); !set) return set.error();
    if (has_property(resource.properties, "Targets")) {
      auto targets = request_of<elbv2::RegisterTargetsInput>(
          json::object{{"TargetGroupArn", arn}, {"Targets", resource.properties.at("Targets")}});
      if (!targets) return targets.error();
      if (auto registered = elbv2::register_targets(context.context, *targets); !registered)
        return registered.error();
    }
    return Created{arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    auto request =
        request_of<elbv2::ModifyTargetGroupInput>(renamed(properties, {{"Tags", ""},
                                                                       {"Targets", ""},
                                                                       {"TargetGroupAttributes", ""},
                                                                       {"Name", ""},
                                                                       {"Port", ""},
                                                                       {"Protocol", ""},
                                                                       {"ProtocolVersion", ""},
                                                                       {"TargetType", ""},
                                                                       {"VpcId", ""},
                                                                       {"IpAddressType", ""}}));
    if (!request) return request.error();
    request->target_group_arn = resource.physical_id;
    if (auto modified = elbv2::modify_target_group(context.context, *request); !modified)
      return modified.error();
    const auto change = tag_change(context, resource, properties);
    if (auto tagged = retag_elbv2(context, resource.physical_id, change); !tagged) return tagged;
    return set_attributes(context, resource.physical_id, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    elbv2::DeleteTargetGroupInput request;
    request.target_group_arn = resource.physical_id;
    return ignoring(elbv2::delete_target_group(context.context, request), {"TargetGroupNotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto* row = context.context.store.find<elbv2::TargetGroupRow>(resource.physical_id);
    if (!row) return std::nullopt;
    if (name == "TargetGroupArn") return json::string(row->arn);
    if (name == "TargetGroupName") return json::string(row->name);
    if (name == "TargetGroupFullName") return json::string(row->arn.substr(row->arn.find("targetgroup/")));
    if (name == "LoadBalancerArns") return load_balancers_of(context.context.store, row->arn);
    return std::nullopt;
  }

 private:
  static json::array load_balancers_of(const Store& store, const std::string& target_group_arn) {
    json::array arns;
    for (const auto& [arn, listener] : store.all<elbv2::ListenerRow>()) {
      const std::string actions = json::serialize(model::to_json(listener.description));
      if (actions.find(target_group_arn) != std::string::npos)
        arns.push_back(json::string(listener.load_balancer_arn));
    }
    return arns;
  }

  static Result<> set_attributes(TypeContext& context, const std::string& arn,
                                 const json::object& properties) {
    if (!has_property(properties, "TargetGroupAttributes")) return {};
    auto request = request_of<elbv2::ModifyTargetGroupAttributesInput>(
        json::object{{"TargetGroupArn", arn}, {"Attributes", properties.at("TargetGroupAttributes")}},
        {{"TargetGroupAttributes", "Attributes"}});
    if (!request) return request.error();
    return done(elbv2::modify_target_group_attributes(context.context, *request));
  }
};

}  // namespace

types::Made types::elbv2_target_group() {
  return std::make_unique<TargetGroup>();
}

}  // namespace berth::cfn
