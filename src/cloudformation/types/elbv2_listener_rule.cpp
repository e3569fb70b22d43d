// AWS::ElasticLoadBalancingV2::ListenerRule. Ref: the ARN.
#include "base/text.h"
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/elbv2.h"

namespace berth::cfn {
namespace {

class ListenerRule final : public TableType {
 public:
  ListenerRule()
      : TableType("AWS::ElasticLoadBalancingV2::ListenerRule", {{"ListenerArn", false, replaces, as_text},
                                                                {"Priority", true, in_place, as_integer},
                                                                {"Conditions", true, in_place, as_list},
                                                                {"Actions", true, in_place, as_list},
                                                                {"Transforms", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<elbv2::CreateRuleInput>(resource.properties);
    if (!request) return request.error();
    if (!context.stack_tags.empty()) request->tags = tag_structs<elbv2::Tag>(context.stack_tags);
    auto created = elbv2::create_rule(context.context, *request);
    if (!created) return created.error();
    return Created{*created->rules->front().rule_arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    auto request =
        request_of<elbv2::ModifyRuleInput>(renamed(properties, {{"ListenerArn", ""}, {"Priority", ""}}));
    if (!request) return request.error();
    request->rule_arn = resource.physical_id;
    if (auto modified = elbv2::modify_rule(context.context, *request); !modified) return modified.error();
    elbv2::SetRulePrioritiesInput priorities;
    elbv2::RulePriorityPair pair;
    pair.rule_arn = resource.physical_id;
    pair.priority = parse_integer(text_property(properties, "Priority")).value_or(0);
    priorities.rule_priorities = {pair};
    if (auto set = elbv2::set_rule_priorities(context.context, priorities); !set) return set.error();
    return retag_elbv2(context, resource.physical_id, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    elbv2::DeleteRuleInput request;
    request.rule_arn = resource.physical_id;
    return ignoring(elbv2::delete_rule(context.context, request), {"RuleNotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "RuleArn") return json::string(resource.physical_id);
    if (name == "IsDefault") return json::value(false);
    return std::nullopt;
  }

  // A template gives it none of its own.
  bool takes_stack_tags() const override { return true; }
};

}  // namespace

types::Made types::elbv2_listener_rule() {
  return std::make_unique<ListenerRule>();
}

}  // namespace berth::cfn
