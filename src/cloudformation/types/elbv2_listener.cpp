// AWS::ElasticLoadBalancingV2::Listener. Ref: the ARN.
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/elbv2.h"

namespace berth::cfn {
namespace {

class Listener final : public TableType {
 public:
  Listener()
      : TableType("AWS::ElasticLoadBalancingV2::Listener", {{"LoadBalancerArn", false, replaces},
                                                            {"DefaultActions", true},
                                                            {"Port"},
                                                            {"Protocol"},
                                                            {"SslPolicy"},
                                                            {"Certificates"},
                                                            {"AlpnPolicy"},
                                                            {"MutualAuthentication"},
                                                            {"ListenerAttributes"}}) {}

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
    return done(elbv2::modify_listener(context.context, *request));
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
};

}  // namespace

types::Made types::elbv2_listener() {
  return std::make_unique<Listener>();
}

}  // namespace berth::cfn
