#include "services/ec2/route_tables.h"

#include <fmt/format.h>

#include "handlers/ec2.h"
#include "services/ec2/cidr.h"
#include "services/ec2/listing.h"

namespace berth::ec2 {
namespace {

Facets route_table_facets(const RouteTable& table) {
  Facets facets;
  facets.add("route-table-id", table.route_table_id)
      .add("vpc-id", table.vpc_id)
      .add("owner-id", table.owner_id)
      .add_tags(table.tags);
  for (const auto* name :
       {"association.main", "association.subnet-id", "association.route-table-id",
        "association.route-table-association-id", "association.gateway-id", "route.destination-cidr-block",
        "route.gateway-id", "route.nat-gateway-id", "route.origin", "route.state"}) {
    facets.add(name, std::optional<std::string>());
  }
  for (const auto& association : list_of(table.associations)) {
    facets.add("association.main", association.main)
        .add("association.subnet-id", association.subnet_id)
        .add("association.route-table-id", association.route_table_id)
        .add("association.route-table-association-id", association.route_table_association_id);
  }
  for (const auto& route : list_of(table.routes)) {
    facets.add("route.destination-cidr-block", route.destination_cidr_block)
        .add("route.gateway-id", route.gateway_id)
        .add("route.nat-gateway-id", route.nat_gateway_id)
        .add("route.origin", route.origin)
        .add("route.state", route.state);
  }
  return facets;
}

RouteTableRow new_table(Context& context, const std::string& vpc_id, const std::string& cidr) {
  RouteTableRow row;
  row.id = new_id(context, kinds::route_table);
  row.vpc_id = vpc_id;
  row.description.route_table_id = row.id;
  row.description.vpc_id = vpc_id;
  row.description.owner_id = context.settings.account;
  row.description.associations.emplace();
  row.description.propagating_vgws.emplace();
  row.description.tags.emplace();
  Route local;
  local.destination_cidr_block = cidr;
  local.gateway_id = "local";
  local.origin = "CreateRouteTable";
  local.state = "active";
  row.description.routes = {local};
  return row;
}

RouteTableAssociation new_association(Context& context, const std::string& table_id, bool main) {
  RouteTableAssociation association;
  association.main = main;
  association.route_table_association_id = new_id(context, "rtbassoc-");
  association.route_table_id = table_id;
  association.association_state = RouteTableAssociationState{.state = "associated"};
  return association;
}

// The table that holds the association, and where in it.
struct AssociationPlace {
  std::string table_id;
  std::size_t index = 0;
  RouteTableAssociation association;
};

Result<AssociationPlace> find_association(const Store& store, const std::optional<std::string>& id) {
  if (!id) return missing_parameter("associationId");
  for (const auto& [table_id, table] : store.all<RouteTableRow>()) {
    const auto& associations = list_of(table.description.associations);
    for (std::size_t i = 0; i < associations.size(); ++i) {
      if (associations[i].route_table_association_id == *id)
        return AssociationPlace{table_id, i, associations[i]};
    }
  }
  return Error{"InvalidAssociationID.NotFound", fmt::format("The association ID '{}' does not exist", *id)};
}

void remove_association(Store& store, const AssociationPlace& place) {
  auto& associations = *store.edit<RouteTableRow>(place.table_id)->description.associations;
  associations.erase(associations.begin() + static_cast<std::ptrdiff_t>(place.index));
}

template <class Input>
Result<> check_route_target(const Input& input) {
  const std::pair<const std::optional<std::string>&, const char*> others[] = {
      {input.instance_id, "InstanceId"},
      {input.network_interface_id, "NetworkInterfaceId"},
      {input.transit_gateway_id, "TransitGatewayId"},
      {input.vpc_peering_connection_id, "VpcPeeringConnectionId"},
      {input.egress_only_internet_gateway_id, "EgressOnlyInternetGatewayId"},
      {input.local_gateway_id, "LocalGatewayId"},
      {input.carrier_gateway_id, "CarrierGatewayId"},
      {input.vpc_endpoint_id, "VpcEndpointId"},
      {input.core_network_arn, "CoreNetworkArn"},
      {input.odb_network_arn, "OdbNetworkArn"},
      {input.destination_prefix_list_id, "DestinationPrefixListId"},
      {input.destination_ipv6_cidr_block, "DestinationIpv6CidrBlock"},
  };
  for (const auto& [value, name] : others) {
    if (value) return not_supported(fmt::format("A route with {}", name));
  }
  if (!input.destination_cidr_block) return missing_parameter("destinationCidrBlock");
  if (!input.gateway_id && !input.nat_gateway_id) return missing_parameter("gatewayId");
  if (input.gateway_id && input.nat_gateway_id) {
    return Error{"InvalidParameterCombination", "A route has one target: a gateway or a NAT gateway."};
  }
  return {};
}

Result<Cidr> destination_of(const std::string& text) {
  if (const auto cidr = parse_cidr(text)) return *cidr;
  return invalid_parameter(fmt::format(
      "Value ({}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", text));
}

// The gateway must be attached to the table's own VPC.
Result<> check_gateway(const Store& store, const RouteTableRow& table, const std::string& gateway_id) {
  const auto* gateway = store.find<InternetGatewayRow>(gateway_id);
  if (!gateway) {
    return Error{"InvalidGatewayID.NotFound", fmt::format("The gateway ID '{}' does not exist", gateway_id)};
  }
  for (const auto& attachment : list_of(gateway->description.attachments)) {
    if (attachment.vpc_id == table.vpc_id) return {};
  }
  return invalid_parameter(fmt::format("route table {} and network gateway {} belong to different networks",
                                       table.id, gateway_id));
}

Result<> check_nat_gateway(const Store& store, const RouteTableRow& table, const std::string& id) {
  auto gateway = require<NatGatewayRow>(store, kinds::nat_gateway, id, "natGatewayId");
  if (!gateway) return gateway.error();
  if ((*gateway)->description.vpc_id == table.vpc_id) return {};
  return invalid_parameter(
      fmt::format("route table {} and NAT gateway {} belong to different networks", table.id, id));
}

template <class Input>
Result<> check_target(const Store& store, const RouteTableRow& table, const Input& input) {
  if (input.nat_gateway_id) return check_nat_gateway(store, table, *input.nat_gateway_id);
  return check_gateway(store, table, *input.gateway_id);
}

Route* find_route(RouteTable& table, const std::string& destination) {
  if (!table.routes) return nullptr;
  for (Route& route : *table.routes) {
    if (route.destination_cidr_block == destination) return &route;
  }
  return nullptr;
}

Error no_such_route(const std::string& destination, const std::string& table_id) {
  return {"InvalidRoute.NotFound",
          fmt::format("no route with destination-cidr-block {} in route table {}", destination, table_id)};
}

Result<> check_not_within_vpc(const Store& store, const RouteTableRow& table, const Cidr& destination) {
  const auto* vpc = store.find<VpcRow>(table.vpc_id);
  const auto whole = vpc ? parse_cidr(vpc->description.cidr_block.value_or("")) : std::nullopt;
  if (!whole || !whole->contains(destination) || *whole == destination) return {};
  return invalid_parameter(fmt::format(
      "The destination CIDR block {} is equal to or more specific than one of this VPC's CIDR blocks. "
      "This route can target only an interface or an instance.",
      destination.text()));
}

}  // namespace

void make_main_route_table(Context& context, const std::string& vpc_id, const std::string& cidr) {
  RouteTableRow row = new_table(context, vpc_id, cidr);
  row.description.associations->push_back(new_association(context, row.id, true));
  context.store.put(std::move(row));
}

void mark_routes(Store& store, const std::string& vpc_id, const std::string& gateway_id, const char* state) {
  std::vector<std::string> ids;
  for (const auto& [id, table] : store.all<RouteTableRow>()) {
    if (table.vpc_id == vpc_id) ids.push_back(id);
  }
  for (const auto& id : ids) {
    for (Route& route : *store.edit<RouteTableRow>(id)->description.routes) {
      if (route.gateway_id == gateway_id || route.nat_gateway_id == gateway_id) route.state = state;
    }
  }
}

void forget_subnet_association(Store& store, const std::string& subnet_id) {
  for (const auto& [id, table] : store.all<RouteTableRow>()) {
    const auto& associations = list_of(table.description.associations);
    for (std::size_t i = 0; i < associations.size(); ++i) {
      if (associations[i].subnet_id == subnet_id) return remove_association(store, {id, i, {}});
    }
  }
}

Result<CreateRouteTableResult> create_route_table(Context& context, const CreateRouteTableRequest& input) {
  auto vpc = require<VpcRow>(context.store, kinds::vpc, input.vpc_id, "vpcId");
  if (!vpc) return vpc.error();
  auto tags = tags_from(input.tag_specifications, kinds::route_table);
  if (!tags) return tags.error();
  RouteTableRow row = new_table(context, (*vpc)->id, (*vpc)->description.cidr_block.value_or(""));
  row.description.tags = std::move(*tags);
  context.store.put(row);
  return answer(input, CreateRouteTableResult{std::move(row.description), input.client_token});
}

Result<DeleteRouteTableOutput> delete_route_table(Context& context, const DeleteRouteTableRequest& input) {
  auto row = require<RouteTableRow>(context.store, kinds::route_table, input.route_table_id, "routeTableId");
  if (!row) return row.error();
  if (!list_of((*row)->description.associations).empty()) {
    return dependency_violation(
        fmt::format("The routeTable '{}' has dependencies and cannot be deleted.", (*row)->id));
  }
  context.store.erase<RouteTableRow>(*input.route_table_id);
  return answer(input, DeleteRouteTableOutput{});
}

Result<DescribeRouteTablesResult> describe_route_tables(Context& context,
                                                        const DescribeRouteTablesRequest& input) {
  std::vector<RouteTable> tables;
  for (const auto& [id, row] : context.store.all<RouteTableRow>()) tables.push_back(row.description);
  auto page = list(input, std::move(tables), input.route_table_ids, kinds::route_table,
                   &RouteTable::route_table_id, route_table_facets);
  if (!page) return page.error();
  DescribeRouteTablesResult output;
  output.route_tables = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

Result<AssociateRouteTableResult> associate_route_table(Context& context,
                                                        const AssociateRouteTableRequest& input) {
  Store& store = context.store;
  if (input.gateway_id) return not_supported("A route table's association with a gateway");
  auto table = require<RouteTableRow>(store, kinds::route_table, input.route_table_id, "routeTableId");
  if (!table) return table.error();
  auto subnet = require<SubnetRow>(store, kinds::subnet, input.subnet_id, "subnetId");
  if (!subnet) return subnet.error();
  if ((*subnet)->vpc_id != (*table)->vpc_id) {
    return invalid_parameter(fmt::format("Route table {} and subnet {} belong to different networks",
                                         (*table)->id, (*subnet)->id));
  }
  for (const auto& [id, other] : store.all<RouteTableRow>()) {
    for (const auto& association : list_of(other.description.associations)) {
      if (association.subnet_id != (*subnet)->id) continue;
      return Error{
          "Resource.AlreadyAssociated",
          fmt::format("the specified association for route table {} conflicts with an existing association",
                      (*table)->id)};
    }
  }
  auto association = new_association(context, (*table)->id, false);
  association.subnet_id = (*subnet)->id;
  store.edit<RouteTableRow>((*table)->id)->description.associations->push_back(association);
  return answer(input, AssociateRouteTableResult{association.route_table_association_id,
                                                 association.association_state});
}

Result<DisassociateRouteTableOutput> disassociate_route_table(Context& context,
                                                              const DisassociateRouteTableRequest& input) {
  auto place = find_association(context.store, input.association_id);
  if (!place) return place.error();
  if (place->association.main.value_or(false)) {
    return invalid_parameter(
        fmt::format("cannot disassociate the main route table association {}", *input.association_id));
  }
  remove_association(context.store, *place);
  return answer(input, DisassociateRouteTableOutput{});
}

Result<ReplaceRouteTableAssociationResult> replace_route_table_association(
    Context& context, const ReplaceRouteTableAssociationRequest& input) {
  Store& store = context.store;
  auto place = find_association(store, input.association_id);
  if (!place) return place.error();
  auto table = require<RouteTableRow>(store, kinds::route_table, input.route_table_id, "routeTableId");
  if (!table) return table.error();
  if ((*table)->vpc_id != store.find<RouteTableRow>(place->table_id)->vpc_id) {
    return invalid_parameter(fmt::format("Route table {} and association {} belong to different networks",
                                         (*table)->id, *input.association_id));
  }
  auto association = new_association(context, (*table)->id, place->association.main.value_or(false));
  association.subnet_id = place->association.subnet_id;
  remove_association(store, *place);
  store.edit<RouteTableRow>((*table)->id)->description.associations->push_back(association);
  return answer(input, ReplaceRouteTableAssociationResult{association.route_table_association_id,
                                                          association.association_state});
}

Result<CreateRouteResult> create_route(Context& context, const CreateRouteRequest& input) {
  Store& store = context.store;
  auto table = require<RouteTableRow>(store, kinds::route_table, input.route_table_id, "routeTableId");
  if (!table) return table.error();
  if (auto checked = check_route_target(input); !checked) return checked.error();
  auto destination = destination_of(*input.destination_cidr_block);
  if (!destination) return destination.error();
  if (auto checked = check_target(store, **table, input); !checked) return checked.error();
  if (auto checked = check_not_within_vpc(store, **table, *destination); !checked) return checked.error();
  auto* edited = store.edit<RouteTableRow>((*table)->id);
  if (find_route(edited->description, destination->text())) {
    return Error{"RouteAlreadyExists",
                 fmt::format("The route identified by {} already exists.", destination->text())};
  }
  Route route;
  route.destination_cidr_block = destination->text();
  route.gateway_id = input.gateway_id;
  route.nat_gateway_id = input.nat_gateway_id;
  route.origin = "CreateRoute";
  route.state = "active";
  edited->description.routes->push_back(std::move(route));
  return answer(input, CreateRouteResult{true});
}

Result<ReplaceRouteOutput> replace_route(Context& context, const ReplaceRouteRequest& input) {
  Store& store = context.store;
  auto table = require<RouteTableRow>(store, kinds::route_table, input.route_table_id, "routeTableId");
  if (!table) return table.error();
  if (input.local_target.value_or(false)) return not_supported("LocalTarget");
  if (auto checked = check_route_target(input); !checked) return checked.error();
  auto destination = destination_of(*input.destination_cidr_block);
  if (!destination) return destination.error();
  if (auto checked = check_target(store, **table, input); !checked) return checked.error();
  auto* route = find_route(store.edit<RouteTableRow>((*table)->id)->description, destination->text());
  if (!route || route->gateway_id == "local") {
    return Error{
        "InvalidParameterValue",
        fmt::format("There is no route defined for '{}' in the route table. Use CreateRoute instead.",
                    destination->text())};
  }
  route->gateway_id = input.gateway_id;
  route->nat_gateway_id = input.nat_gateway_id;
  route->state = "active";
  return answer(input, ReplaceRouteOutput{});
}

Result<DeleteRouteOutput> delete_route(Context& context, const DeleteRouteRequest& input) {
  Store& store = context.store;
  auto table = require<RouteTableRow>(store, kinds::route_table, input.route_table_id, "routeTableId");
  if (!table) return table.error();
  if (!input.destination_cidr_block) {
    const auto& other = input.destination_ipv6_cidr_block ? input.destination_ipv6_cidr_block
                                                          : input.destination_prefix_list_id;
    if (!other) return missing_parameter("destinationCidrBlock");
    return no_such_route(*other, (*table)->id);
  }
  auto destination = destination_of(*input.destination_cidr_block);
  if (!destination) return destination.error();
  auto& routes = *store.edit<RouteTableRow>((*table)->id)->description.routes;
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const Route& route) {
    return route.destination_cidr_block == destination->text();
  });
  if (found == routes.end()) return no_such_route(destination->text(), (*table)->id);
  if (found->gateway_id == "local") {
    return invalid_parameter(
        fmt::format("cannot remove local route {} in route table {}", destination->text(), (*table)->id));
  }
  routes.erase(found);
  return answer(input, DeleteRouteOutput{});
}

}  // namespace berth::ec2
