// Internet gateways. In a subnet whose default route leads to one, interfaces with a public address reach
// what is outside of the VPC, and are reached.
#include <fmt/format.h>

#include "handlers/ec2.h"
#include "services/ec2/listing.h"
#include "services/ec2/route_tables.h"
#include "services/ecs/rows.h"

namespace berth::ec2 {
namespace {

Facets gateway_facets(const InternetGateway& gateway) {
  Facets facets;
  facets.add("internet-gateway-id", gateway.internet_gateway_id)
      .add("owner-id", gateway.owner_id)
      .add("attachment.vpc-id", std::optional<std::string>())
      .add("attachment.state", std::optional<std::string>())
      .add_tags(gateway.tags);
  for (const auto& attachment : list_of(gateway.attachments)) {
    facets.add("attachment.vpc-id", attachment.vpc_id).add("attachment.state", attachment.state);
  }
  return facets;
}

std::optional<std::string> attached_to(const InternetGatewayRow& gateway) {
  const auto& attachments = list_of(gateway.description.attachments);
  return attachments.empty() ? std::nullopt : attachments.front().vpc_id;
}

bool has_public_addresses(const Store& store, const std::string& vpc_id) {
  for (const auto& [id, task] : store.all<ecs::TaskRow>()) {
    if (task.public_ip && task.vpc_id == vpc_id && task.last_status != "STOPPED") return true;
  }
  return false;
}

}  // namespace

Result<CreateInternetGatewayResult> create_internet_gateway(Context& context,
                                                            const CreateInternetGatewayRequest& input) {
  auto tags = tags_from(input.tag_specifications, kinds::internet_gateway);
  if (!tags) return tags.error();
  InternetGatewayRow row;
  row.id = new_id(context, kinds::internet_gateway);
  row.description.internet_gateway_id = row.id;
  row.description.owner_id = context.settings.account;
  row.description.attachments.emplace();
  row.description.tags = std::move(*tags);
  context.store.put(row);
  return answer(input, CreateInternetGatewayResult{std::move(row.description)});
}

Result<AttachInternetGatewayOutput> attach_internet_gateway(Context& context,
                                                            const AttachInternetGatewayRequest& input) {
  Store& store = context.store;
  auto gateway = require<InternetGatewayRow>(store, kinds::internet_gateway, input.internet_gateway_id,
                                             "internetGatewayId");
  if (!gateway) return gateway.error();
  auto vpc = require<VpcRow>(store, kinds::vpc, input.vpc_id, "vpcId");
  if (!vpc) return vpc.error();
  if (const auto present = attached_to(**gateway)) {
    return Error{"Resource.AlreadyAssociated",
                 fmt::format("resource {} is already attached to network {}", (*gateway)->id, *present)};
  }
  for (const auto& [id, other] : store.all<InternetGatewayRow>()) {
    if (attached_to(other) == (*vpc)->id) {
      return invalid_parameter(
          fmt::format("Network {} already has an internet gateway attached", (*vpc)->id));
    }
  }
  auto* edited = store.edit<InternetGatewayRow>((*gateway)->id);
  edited->description.attachments = {InternetGatewayAttachment{.state = "available", .vpc_id = (*vpc)->id}};
  mark_routes(store, (*vpc)->id, edited->id, "active");
  return answer(input, AttachInternetGatewayOutput{});
}

Result<DetachInternetGatewayOutput> detach_internet_gateway(Context& context,
                                                            const DetachInternetGatewayRequest& input) {
  Store& store = context.store;
  auto gateway = require<InternetGatewayRow>(store, kinds::internet_gateway, input.internet_gateway_id,
                                             "internetGatewayId");
  if (!gateway) return gateway.error();
  auto vpc = require<VpcRow>(store, kinds::vpc, input.vpc_id, "vpcId");
  if (!vpc) return vpc.error();
  if (attached_to(**gateway) != (*vpc)->id) {
    return Error{"Gateway.NotAttached",
                 fmt::format("resource {} is not attached to network {}", (*gateway)->id, (*vpc)->id)};
  }
  if (has_public_addresses(store, (*vpc)->id)) {
    return dependency_violation(fmt::format(
        "Network {} has some mapped public address(es). Please unmap those public address(es) before "
        "detaching the gateway.",
        (*vpc)->id));
  }
  store.edit<InternetGatewayRow>((*gateway)->id)->description.attachments.emplace();
  mark_routes(store, (*vpc)->id, (*gateway)->id, "blackhole");
  return answer(input, DetachInternetGatewayOutput{});
}

Result<DeleteInternetGatewayOutput> delete_internet_gateway(Context& context,
                                                            const DeleteInternetGatewayRequest& input) {
  auto row = require<InternetGatewayRow>(context.store, kinds::internet_gateway, input.internet_gateway_id,
                                         "internetGatewayId");
  if (!row) return row.error();
  if (attached_to(**row)) {
    return dependency_violation(
        fmt::format("The internetGateway '{}' has dependencies and cannot be deleted.", (*row)->id));
  }
  context.store.erase<InternetGatewayRow>(std::string((*row)->id));
  return answer(input, DeleteInternetGatewayOutput{});
}

Result<DescribeInternetGatewaysResult> describe_internet_gateways(
    Context& context, const DescribeInternetGatewaysRequest& input) {
  std::vector<InternetGateway> gateways;
  for (const auto& [id, row] : context.store.all<InternetGatewayRow>()) gateways.push_back(row.description);
  auto page = list(input, std::move(gateways), input.internet_gateway_ids, kinds::internet_gateway,
                   &InternetGateway::internet_gateway_id, gateway_facets);
  if (!page) return page.error();
  DescribeInternetGatewaysResult output;
  output.internet_gateways = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

}  // namespace berth::ec2
