// AWS::EC2::NetworkAcl. Ref: the id. AWS::EC2::NetworkAclEntry. Ref: `<acl>|<direction>|<number>`.
// AWS::EC2::SubnetNetworkAclAssociation. Ref: the association's id.
#include "base/text.h"
#include "cloudformation/types/ec2_tags.h"
#include "cloudformation/types/types.h"
#include "services/ec2/rows.h"

namespace berth::cfn {
namespace {

constexpr RecordedOnly acls_recorded = "berth records network ACLs: they filter nothing here";

class NetworkAcl final : public TableType {
 public:
  NetworkAcl()
      : TableType("AWS::EC2::NetworkAcl",
                  {{"VpcId", true, replaces, as_text}, {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    ec2::CreateNetworkAclRequest request;
    request.vpc_id = text_property(resource.properties, "VpcId");
    request.tag_specifications = ec2_tags(context, resource.properties, "network-acl");
    auto created = ec2::create_network_acl(context.context, request);
    if (!created) return created.error();
    return Created{*created->network_acl->network_acl_id};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    return retag(context, resource, properties);
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    ec2::DeleteNetworkAclRequest request;
    request.network_acl_id = resource.physical_id;
    return ignoring(ec2::delete_network_acl(context.context, request), {"InvalidNetworkAclID.NotFound"});
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "Id") return std::nullopt;
    return json::string(resource.physical_id);
  }

  RecordedOnly recorded_only() const override { return acls_recorded; }
};

// The API takes the protocol as text.
json::object with_protocol_as_text(json::object properties) {
  if (auto* protocol = properties.if_contains("Protocol"); protocol && protocol->is_number()) {
    *protocol = json::serialize(*protocol);
  }
  return properties;
}

template <class Request>
Result<Request> acl_entry_request(const json::object& properties) {
  const PropertyNames names = {{"Icmp", "IcmpTypeCode"}};
  return request_of<Request>(renamed(with_protocol_as_text(properties), names), names);
}

class NetworkAclEntry final : public TableType {
 public:
  NetworkAclEntry()
      : TableType("AWS::EC2::NetworkAclEntry", {{"NetworkAclId", true, replaces, as_text},
                                                {"RuleNumber", true, replaces, as_integer},
                                                {"Egress", false, replaces, as_boolean},
                                                {"Protocol", true, in_place},
                                                {"RuleAction", true, in_place, as_text},
                                                {"CidrBlock", false, in_place, as_text},
                                                {"Ipv6CidrBlock", false, in_place, as_text},
                                                {"Icmp", false, in_place, as_object},
                                                {"PortRange", false, in_place, as_object}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    auto request = acl_entry_request<ec2::CreateNetworkAclEntryRequest>(resource.properties);
    if (!request) return request.error();
    if (auto created = ec2::create_network_acl_entry(context.context, *request); !created)
      return created.error();
    return Created{request->network_acl_id.value_or("") + "|" +
                   (request->egress.value_or(false) ? "egress" : "ingress") + "|" +
                   std::to_string(request->rule_number.value_or(0))};
  }

  Result<> update(TypeContext& context, const ResourceView&, const json::object& properties) override {
    auto request = acl_entry_request<ec2::ReplaceNetworkAclEntryRequest>(properties);
    if (!request) return request.error();
    return done(ec2::replace_network_acl_entry(context.context, *request));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    const auto parts = split(resource.physical_id, '|');
    ec2::DeleteNetworkAclEntryRequest request;
    request.network_acl_id = parts[0];
    request.egress = parts.size() > 1 && parts[1] == "egress";
    request.rule_number = parts.size() > 2 ? parse_integer(parts[2]).value_or(0) : 0;
    return ignoring(ec2::delete_network_acl_entry(context.context, request),
                    {"InvalidNetworkAclEntry.NotFound", "InvalidNetworkAclID.NotFound"});
  }

  RecordedOnly recorded_only() const override { return acls_recorded; }
};

class SubnetNetworkAclAssociation final : public TableType {
 public:
  SubnetNetworkAclAssociation()
      : TableType("AWS::EC2::SubnetNetworkAclAssociation",
                  {{"SubnetId", true, replaces, as_text}, {"NetworkAclId", true, replaces, as_text}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    const std::string subnet = text_property(resource.properties, "SubnetId");
    auto changed = associate(context, subnet, text_property(resource.properties, "NetworkAclId"));
    if (!changed) return changed.error();
    return Created{*changed};
  }

  Result<> update(TypeContext&, const ResourceView&, const json::object&) override { return {}; }

  // Back to the VPC's default ACL, unless a successor has the subnet already.
  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    const std::string subnet = text_property(resource.properties, "SubnetId");
    const auto* row = context.context.store.find<ec2::SubnetRow>(subnet);
    const auto current = association_with(context, subnet);
    if (!row || !current || *current->network_acl_association_id != resource.physical_id) return {};
    for (const auto& [id, acl] : context.context.store.all<ec2::NetworkAclRow>()) {
      if (acl.vpc_id != row->vpc_id || !acl.description.is_default.value_or(false)) continue;
      const auto back = associate(context, subnet, std::string(id));
      return back ? Result<>() : Result<>(back.error());
    }
    return {};
  }

  std::optional<json::value> attribute(TypeContext&, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name != "AssociationId") return std::nullopt;
    return json::string(resource.physical_id);
  }

  RecordedOnly recorded_only() const override { return acls_recorded; }

 private:
  static std::optional<ec2::NetworkAclAssociation> association_with(TypeContext& context,
                                                                    const std::string& subnet) {
    const auto acls = ec2::describe_network_acls(context.context, {});
    if (!acls) return std::nullopt;
    for (const auto& acl : *acls->network_acls) {
      for (const auto& association : acl.associations.value_or(std::vector<ec2::NetworkAclAssociation>{})) {
        if (association.subnet_id == subnet) return association;
      }
    }
    return std::nullopt;
  }

  static Result<std::string> associate(TypeContext& context, const std::string& subnet,
                                       const std::string& acl) {
    const auto current = association_with(context, subnet);
    if (!current) return Error{"InvalidSubnetID.NotFound", "The subnet ID '" + subnet + "' does not exist"};
    ec2::ReplaceNetworkAclAssociationRequest request;
    request.association_id = current->network_acl_association_id;
    request.network_acl_id = acl;
    auto changed = ec2::replace_network_acl_association(context.context, request);
    if (!changed) return changed.error();
    return changed->new_association_id.value_or("");
  }
};

}  // namespace

types::Made types::ec2_network_acl() {
  return std::make_unique<NetworkAcl>();
}

types::Made types::ec2_network_acl_entry() {
  return std::make_unique<NetworkAclEntry>();
}

types::Made types::ec2_subnet_network_acl_association() {
  return std::make_unique<SubnetNetworkAclAssociation>();
}

}  // namespace berth::cfn
