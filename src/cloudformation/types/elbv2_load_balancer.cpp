// AWS::ElasticLoadBalancingV2::LoadBalancer. Ref: the ARN; GetAtt DNSName and others.
#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/elbv2.h"
#include "services/elbv2/rows.h"

namespace berth::cfn {
namespace {

constexpr std::size_t load_balancer_name_characters_max = 32;

class LoadBalancer final : public TableType {
 public:
  LoadBalancer()
      : TableType("AWS::ElasticLoadBalancingV2::LoadBalancer",
                  {{"Name", false, replaces, as_text},
                   {"Scheme", false, replaces, as_text},
                   {"Type", false, replaces, as_text},
                   {"Subnets", false, in_place, as_list},
                   {"SubnetMappings", false, in_place, as_list},
                   {"SecurityGroups", false, in_place, as_list},
                   {"IpAddressType", false, in_place, as_text},
                   {"LoadBalancerAttributes", false, in_place, as_list},
                   {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = request_of<elbv2::CreateLoadBalancerInput>(
        renamed(resource.properties, {{"Tags", ""}, {"LoadBalancerAttributes", ""}}));
    if (!request) return request.error();
    if (!request->name) request->name = context.generated_name(resource, load_balancer_name_characters_max);
    if (const auto tags = tags_of(context, resource.properties); !tags.empty()) {
      request->tags = tag_structs<elbv2::Tag>(tags);
    }
    auto created = elbv2::create_load_balancer(context.context, *request);
    if (!created) return created.error();
    const std::string arn = *created->load_balancers->front().load_balancer_arn;
    if (auto set = set_attributes(context, arn, resource.properties); !set) return set.error();
    return Created{arn};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (has_property(properties, "SecurityGroups")) {
      auto request = request_of<elbv2::SetSecurityGroupsInput>(json::object{
          {"LoadBalancerArn", resource.physical_id}, {"SecurityGroups", properties.at("SecurityGroups")}});
      if (!request) return request.error();
      if (auto set = elbv2::set_security_groups(context.context, *request); !set) return set.error();
    }
    if (has_property(properties, "Subnets")) {
      auto request = request_of<elbv2::SetSubnetsInput>(
          json::object{{"LoadBalancerArn", resource.physical_id}, {"Subnets", properties.at("Subnets")}});
      if (!request) return request.error();
      if (auto set = elbv2::set_subnets(context.context, *request); !set) return set.error();
    }
    const auto change = tag_change(context, resource, properties);
    if (auto tagged = retag_elbv2(context, resource.physical_id, change); !tagged) return tagged;
    return set_attributes(context, resource.physical_id, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    elbv2::DeleteLoadBalancerInput request;
    request.load_balancer_arn = resource.physical_id;
    return ignoring(elbv2::delete_load_balancer(context.context, request), {"LoadBalancerNotFoundException"});
  }

  Result<bool> stable(TypeContext& context, const ResourceView& resource) override {
    const auto* row = context.context.store.find<elbv2::LoadBalancerRow>(resource.physical_id);
    if (!row)
      return Error{"LoadBalancerNotFoundException", "The load balancer was deleted while it was being made."};
    return row->description.state && row->description.state->code == "active";
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    const auto* row = context.context.store.find<elbv2::LoadBalancerRow>(resource.physical_id);
    if (!row) return std::nullopt;
    const auto& description = row->description;
    if (name == "DNSName") return json::string(description.dns_name.value_or(""));
    if (name == "CanonicalHostedZoneID")
      return json::string(description.canonical_hosted_zone_id.value_or(""));
    if (name == "LoadBalancerName") return json::string(row->name);
    if (name == "LoadBalancerArn") return json::string(row->arn);
    if (name == "LoadBalancerFullName") {
      const std::string marker = "loadbalancer/";
      return json::string(row->arn.substr(row->arn.find(marker) + marker.size()));
    }
    if (name == "SecurityGroups") {
      json::array groups;
      for (const auto& group : description.security_groups.value_or(std::vector<std::string>{})) {
        groups.push_back(json::string(group));
      }
      return groups;
    }
    return std::nullopt;
  }

 private:
  static Result<> set_attributes(TypeContext& context, const std::string& arn,
                                 const json::object& properties) {
    if (!has_property(properties, "LoadBalancerAttributes")) return {};
    auto request = request_of<elbv2::ModifyLoadBalancerAttributesInput>(
        json::object{{"LoadBalancerArn", arn}, {"Attributes", properties.at("LoadBalancerAttributes")}},
        {{"LoadBalancerAttributes", "Attributes"}});
    if (!request) return request.error();
    return done(elbv2::modify_load_balancer_attributes(context.context, *request));
  }
};

}  // namespace

types::Made types::elbv2_load_balancer() {
  return std::make_unique<LoadBalancer>();
}

}  // namespace berth::cfn
