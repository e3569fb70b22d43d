#include "services/ec2/rows.h"

namespace berth::ec2 {

void add_tables(Store& store) {
  store.add<VpcRow>();
  store.add<SubnetRow>();
  store.add<AddressClaimRow>();
  store.add<FreeAddressRow>();
  store.add<InternetGatewayRow>();
  store.add<RouteTableRow>();
  store.add<NetworkAclRow>();
  store.add<SecurityGroupRow>();
  store.add<SecurityGroupRuleRow>();
  store.add<ElasticAddressRow>();
  store.add<NatGatewayRow>();
  store.add<VpcEndpointRow>();
}

}  // namespace berth::ec2
