// AWS::ElasticLoadBalancingV2::Listener. Ref: the ARN.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/elbv2.h"

namespace berth::cfn {
namespace {

class Listener final : public TableType {
 public:
  Listener()
      : TableType("AWS::ElasticLoadBalancingV2::Listener",
                  {{"LoadBalancerArn", false, replaces, as_text},
                   {"DefaultActions", true, in_place, as_list},
                   {"Port", false, in_place, as_integer},
                   {"Protocol", false, in_place, as_text},
                   {"SslPolicy", false, in_place, as_text},
                   {"Certificates", false, in_place, as_list},
                   {"AlpnPolicy", false, in_place, as_list},
                   {"MutualAuthentication", false, in_place, as_object},
                   {"ListenerAttributes", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request =
        request_of<elbv2::CreateListenerInput>(renamed(resource.properties, {{"ListenerAttributes", ""}}));
    if (!request) return request.error();
    if (!context.stack_tags.empty()) request->tags = tag_structs<elbv2::Tag>(context.stack_tags);
    auto created = elbv2::create_listener(context.context, *request);
    if (!created) return created.error();
    return Created{*created->listeners->front().listener_arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    auto request = request_of<elbv2::ModifyListenerInput>(
        renamed(properties, {{"ListenerAttributes", ""}, {"LoadBalancerArn", ""}}));
    if (!request) return request.error();
    request->listener_arn = resource.physical_id;
    if (auto modified = elbv2::modify_listener(context.context, *request); !modified) return modified.error();
    return retag_elbv2(context, resource.physical_id, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    elbv2::DeleteListenerInput request;
    request.listener_arn = resource.physical_id;
    return ignoring(elbv2::delete_listener(context.context, request), {"ListenerNotFoundException"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "ListenerArn") return std::nullopt;
    return json::string(resource.physical_id);
  }

  // A template gives it none of its own.
  bool takes_stack_tags() const override { return true; }
};

}  // namespace

types::Made types::elbv2_listener() {
  return std::make_unique<Listener>();
}

}  // namespace berth::cfn
