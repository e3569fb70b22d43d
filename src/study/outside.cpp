#include "study/outside.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.h"

namespace berth::study {
namespace {

struct KindFacts {
  OutsideKind kind;
  std::string_view words;
  std::string_view output;  // of the surroundings; empty: not part of the network
};

constexpr KindFacts kind_facts[] = {
    {OutsideKind::none, "", ""},
    {OutsideKind::subnets, "two public subnets", "Subnets"},
    {OutsideKind::subnet, "a public subnet", "Subnet"},
    {OutsideKind::security_group, "a security group", "SecurityGroup"},
    {OutsideKind::vpc, "a VPC", "Vpc"},
    {OutsideKind::target_group, "a target group behind a load balancer", "TargetGroup"},
    {OutsideKind::load_balancer, "a load balancer", "LoadBalancer"},
    {OutsideKind::listener, "a listener", "Listener"},
    {OutsideKind::cluster, "a cluster", ""},
    {OutsideKind::image, "an image", ""},
    {OutsideKind::email, "an address that confirms its subscription", ""},
    {OutsideKind::role, "a role", ""},
};

// A property whose name holds the key takes such a thing; the first that fits wins.
constexpr std::pair<std::string_view, OutsideKind> kinds_by_key[] = {
    {"Subnets", OutsideKind::subnets},
    {"SubnetIds", OutsideKind::subnets},
    {"SubnetId", OutsideKind::subnet},
    {"SecurityGroup", OutsideKind::security_group},
    {"TargetGroupA", OutsideKind::target_group},
    {"LoadBalancerArn", OutsideKind::load_balancer},
    {"ListenerArn", OutsideKind::listener},
    {"VpcId", OutsideKind::vpc},
    {"Cluster", OutsideKind::cluster},
    {"Image", OutsideKind::image},
    {"Endpoint", OutsideKind::email},
    {"RoleArn", OutsideKind::role},
};

OutsideKind kind_of_key(std::string_view key) {
  for (const auto& [part, kind] : kinds_by_key) {
    if (key.find(part) != std::string_view::npos) return kind;
  }
  return OutsideKind::none;
}

OutsideKind kind_of_type(std::string_view type) {
  const auto holds = [&](std::string_view part) { return type.find(part) != std::string_view::npos; };
  if (holds("AWS::EC2::Subnet::Id")) return holds("List<") ? OutsideKind::subnets : OutsideKind::subnet;
  if (holds("AWS::EC2::SecurityGroup::Id")) return OutsideKind::security_group;
  if (holds("AWS::EC2::VPC::Id")) return OutsideKind::vpc;
  return OutsideKind::none;
}

using Visit = std::function<void(std::string_view key, std::string_view reference)>;

void visit_sub(std::string_view text, std::string_view key, const Visit& visit) {
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) return;
    visit(key, text.substr(at + 2, end - at - 2));
  }
}

// Every reference of a property, with the name of the property it stands in.
void visit_references(const json::value& value, std::string_view key, const Visit& visit) {
  if (value.is_array()) {
    for (const auto& element : value.get_array()) visit_references(element, key, visit);
    return;
  }
  if (!value.is_object()) return;
  for (const auto& member : value.get_object()) {
    const std::string_view name(member.key().data(), member.key().size());
    if (name == "Ref" && member.value().is_string()) {
      visit(key, std::string_view(member.value().get_string()));
    } else if (name == "Fn::Sub" && member.value().is_string()) {
      visit_sub(member.value().get_string(), key, visit);
    } else {
      visit_references(member.value(), name.starts_with("Fn::") ? key : name, visit);
    }
  }
}

bool is_placeholder(const std::string& value) {
  return value.starts_with('<') && value.ends_with('>');
}

Error cannot_guess(const cfn::Parameter& parameter) {
  return {"UsageError", fmt::format("The template's parameter {0} has no value that could be guessed from "
                                    "its use: give --param {0}=VALUE",
                                    parameter.name)};
}

class Search {
 public:
  Search(const cfn::Template& of, const Values& given) : of_(of), given_(given) {
    for (const auto& resource : of.resources) {
      visit_references(resource.properties, {}, [&](std::string_view key, std::string_view reference) {
        const OutsideKind kind = kind_of_key(key);
        if (kind != OutsideKind::none) kinds_.emplace(reference, kind);
      });
      note_cluster(resource);
      note_roles(resource.properties, {});
    }
  }

  Result<Outside> find() {
    for (const auto& parameter : of_.parameters) {
      if (auto noted = note(parameter); !noted) return noted.error();
    }
    return std::move(outside_);
  }

 private:
  OutsideKind kind_of(const cfn::Parameter& parameter) const {
    const OutsideKind by_type = kind_of_type(parameter.type);
    if (by_type != OutsideKind::none) return by_type;
    const auto by_use = kinds_.find(parameter.name);
    return by_use == kinds_.end() ? OutsideKind::none : by_use->second;
  }

  std::optional<std::string> value_of(const cfn::Parameter& parameter) const {
    const auto given = given_.find(parameter.name);
    return given == given_.end() ? parameter.default_value : std::optional(given->second);
  }

  Result<> note(const cfn::Parameter& parameter) {
    const auto value = value_of(parameter);
    const bool from_ssm = cfn::ssm_value_type(parameter.type).has_value();
    if (!from_ssm && value && !is_placeholder(*value)) return {};
    const OutsideKind kind = kind_of(parameter);
    if (kind == OutsideKind::none) return cannot_guess(parameter);
    outside_.needs.push_back(
        {kind, parameter.name, from_ssm ? value.value_or("/simulated/" + parameter.name) : ""});
    return {};
  }

  // A service's cluster that the template names and does not create.
  void note_cluster(const cfn::Resource& resource) {
    if (resource.type != "AWS::ECS::Service") return;
    const auto* cluster = resource.properties.if_contains("Cluster");
    std::optional<std::string> name = "default";
    if (cluster && cluster->is_string()) {
      name = std::string(cluster->get_string());
    } else if (cluster) {
      const auto* parameter = of_.parameter(string_or(*cluster, "Ref"));
      name = parameter && !cfn::ssm_value_type(parameter->type) ? value_of(*parameter) : std::nullopt;
    }
    auto& clusters = outside_.clusters;
    if (name && std::find(clusters.begin(), clusters.end(), *name) == clusters.end())
      clusters.push_back(*name);
  }

  // Roles that a property names by a text of its own, such as
  // `arn:aws:iam::${AWS::AccountId}:role/${RoleName}`.
  void note_roles(const json::value& value, std::string_view key) {
    if (value.is_array()) {
      for (const auto& element : value.get_array()) note_roles(element, key);
    } else if (value.is_string() && key.find("RoleArn") != std::string_view::npos) {
      note_role(with_values(std::string_view(value.get_string())));
    } else if (value.is_object()) {
      for (const auto& member : value.get_object()) {
        const std::string_view name(member.key().data(), member.key().size());
        note_roles(member.value(), name == "Fn::Sub" ? key : name);
      }
    }
  }

  void note_role(const std::string& arn) {
    const auto at = arn.find(":role/");
    if (at == std::string::npos) return;
    const std::string name = arn.substr(arn.rfind('/') + 1);
    auto& roles = outside_.roles;
    if (std::find(roles.begin(), roles.end(), name) == roles.end()) roles.push_back(name);
  }

  std::string with_values(std::string_view text) const {
    std::string out(text);
    for (const auto& parameter : of_.parameters) {
      if (const auto value = value_of(parameter)) out = replace_all(out, "${" + parameter.name + "}", *value);
    }
    return out;
  }

  const cfn::Template& of_;
  const Values& given_;
  std::map<std::string, OutsideKind, std::less<>> kinds_;  // of a parameter, by where it is used first
  Outside outside_;
};

}  // namespace

bool Outside::needs_network() const {
  return std::any_of(needs.begin(), needs.end(),
                     [](const OutsideNeed& need) { return !output_of(need.kind).empty(); });
}

Result<Outside> outside_of(const cfn::Template& of, const Values& given) {
  for (const auto& [name, value] : given) {
    if (!of.parameter(name))
      return Error{"UsageError", "--param " + name + ": the template has no such parameter"};
  }
  return Search(of, given).find();
}

std::string_view output_of(OutsideKind kind) {
  return kind_facts[static_cast<std::size_t>(kind)].output;
}

std::string_view words_for(OutsideKind kind) {
  return kind_facts[static_cast<std::size_t>(kind)].words;
}

const char* const surroundings_template = R"(
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  SubnetA:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/18, AvailabilityZone: !Select [0, !GetAZs '']}
  SubnetB:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.64.0/18, AvailabilityZone: !Select [1, !GetAZs '']}
  Gateway: {Type: AWS::EC2::InternetGateway}
  Attachment:
    Type: AWS::EC2::VPCGatewayAttachment
    Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}
  Routes: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Outward:
    Type: AWS::EC2::Route
    DependsOn: Attachment
    Properties: {RouteTableId: !Ref Routes, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway}
  RoutesOfA:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {SubnetId: !Ref SubnetA, RouteTableId: !Ref Routes}
  RoutesOfB:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {SubnetId: !Ref SubnetB, RouteTableId: !Ref Routes}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: made up
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0}]
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    DependsOn: Outward
    Properties: {Type: application, Subnets: [!Ref SubnetA, !Ref SubnetB], SecurityGroups: [!Ref Group]}
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {VpcId: !Ref Vpc, TargetType: ip, Protocol: HTTP, Port: 80}
  Front:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Protocol: HTTP
      Port: 80
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Targets}]
Outputs:
  Vpc: {Value: !Ref Vpc}
  Subnet: {Value: !Ref SubnetA}
  Subnets: {Value: !Join [',', [!Ref SubnetA, !Ref SubnetB]]}
  SecurityGroup: {Value: !GetAtt Group.GroupId}
  LoadBalancer: {Value: !Ref Balancer}
  TargetGroup: {Value: !Ref Targets}
  Listener: {Value: !Ref Front}
)";

}  // namespace berth::study
