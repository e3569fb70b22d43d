// The network interfaces of tasks, as ECS makes them in a subnet. Clients may look at them, not change them.
#include <fmt/format.h>

#include "base/text.h"
#include "handlers/ec2.h"
#include "services/ec2/listing.h"
#include "services/ec2/zones.h"
#include "services/ecs/rows.h"

namespace berth::ec2 {
namespace {

// "ip-10-0-1-5.ec2.internal", elsewhere "ip-10-0-1-5.eu-west-1.compute.internal".
std::string private_dns_name(const std::string& region, const std::string& address) {
  const std::string host = "ip-" + replace_all(address, ".", "-");
  return host + (region == "us-east-1" ? ".ec2.internal" : "." + region + ".compute.internal");
}

std::vector<GroupIdentifier> groups_of(const Store& store, const ecs::TaskRow& task) {
  std::vector<GroupIdentifier> groups;
  for (const std::string& id : task.security_groups) {
    const auto* row = store.find<SecurityGroupRow>(id);
    groups.push_back({id, row ? row->description.group_name : std::nullopt});
  }
  return groups;
}

std::string zone_id(const std::string& region, const std::string& name) {
  for (const Zone& zone : zones_of(region)) {
    if (zone.name == name) return zone.id;
  }
  return "";
}

NetworkInterfaceAttachment attachment_of(const ecs::TaskRow& task, const std::string& account) {
  NetworkInterfaceAttachment attachment;
  attachment.attachment_id = "eni-attach-" + task.eni_id.substr(std::string_view("eni-").size());
  attachment.attach_time = task.connectivity_at.value_or(task.created_at);
  attachment.delete_on_termination = false;
  attachment.device_index = 1;
  attachment.network_card_index = 0;
  attachment.instance_owner_id = account;
  attachment.status = "attached";
  return attachment;
}

NetworkInterface describe(const Context& context, const ecs::TaskRow& task) {
  const std::string& region = context.settings.region;
  NetworkInterface out;
  out.network_interface_id = task.eni_id;
  out.interface_type = "interface";
  out.status = "in-use";
  out.description = context.settings.arn("ecs", "attachment/" + task.attachment_id);
  out.owner_id = context.settings.account;
  out.requester_managed = true;
  out.source_dest_check = true;
  out.vpc_id = task.vpc_id;
  out.subnet_id = task.subnet_id;
  out.availability_zone = task.availability_zone;
  out.availability_zone_id = zone_id(region, task.availability_zone);
  out.mac_address = task.mac_address;
  out.private_ip_address = task.address;
  out.private_dns_name = private_dns_name(region, task.address);
  out.groups = groups_of(context.store, task);
  out.ipv6_addresses.emplace();
  out.tag_set.emplace();
  NetworkInterfacePrivateIpAddress address;
  address.primary = true;
  address.private_ip_address = task.address;
  address.private_dns_name = out.private_dns_name;
  if (!task.public_address.empty()) {
    out.association.emplace();
    out.association->public_ip = task.public_address;
    out.association->ip_owner_id = "amazon";
    address.association = out.association;
  }
  out.private_ip_addresses = {address};
  out.attachment = attachment_of(task, context.settings.account);
  return out;
}

Facets interface_facets(const NetworkInterface& item) {
  Facets facets;
  facets.add("network-interface-id", item.network_interface_id)
      .add("availability-zone", item.availability_zone)
      .add("description", item.description)
      .add("interface-type", item.interface_type)
      .add("mac-address", item.mac_address)
      .add("owner-id", item.owner_id)
      .add("private-dns-name", item.private_dns_name)
      .add("private-ip-address", item.private_ip_address)
      .add("addresses.private-ip-address", item.private_ip_address)
      .add("requester-managed", item.requester_managed)
      .add("status", item.status)
      .add("subnet-id", item.subnet_id)
      .add("vpc-id", item.vpc_id)
      .add("group-id", std::optional<std::string>())
      .add("group-name", std::optional<std::string>())
      .add("attachment.attachment-id", std::optional<std::string>())
      .add("attachment.status", std::optional<std::string>())
      .add_tags(item.tag_set);
  for (const auto& group : list_of(item.groups)) {
    facets.add("group-id", group.group_id).add("group-name", group.group_name);
  }
  if (item.attachment) {
    facets.add("attachment.attachment-id", item.attachment->attachment_id)
        .add("attachment.status", item.attachment->status);
  }
  return facets;
}

}  // namespace

Result<DescribeNetworkInterfacesResult> describe_network_interfaces(
    Context& context, const DescribeNetworkInterfacesRequest& input) {
  std::vector<NetworkInterface> interfaces;
  for (const auto& [id, task] : context.store.all<ecs::TaskRow>()) {
    if (task.eni_id.empty() || task.address.empty() || task.last_status == "STOPPED") continue;
    interfaces.push_back(describe(context, task));
  }
  auto page = list(input, std::move(interfaces), input.network_interface_ids, kinds::network_interface,
                   &NetworkInterface::network_interface_id, interface_facets);
  if (!page) return page.error();
  DescribeNetworkInterfacesResult output;
  output.network_interfaces = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

}  // namespace berth::ec2
