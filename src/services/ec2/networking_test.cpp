#include "services/ec2/networking.h"

#include <gtest/gtest.h>

#include "services/ec2/cidr.h"
#include "services/ec2/rows.h"

namespace berth::ec2 {
namespace {

TEST(Cidr, ReadsAndCanonicalises) {
  EXPECT_EQ(parse_cidr("100.68.0.18/18")->text(), "100.68.0.0/18");
  EXPECT_EQ(parse_cidr("0.0.0.0/0")->size(), 1ull << 32);
  for (const auto* bad :
       {"10.0.0.0", "10.0.0/24", "10.0.0.256/24", "10.0.0.0/33", "10.0.0.01/24", "a/8", ""}) {
    EXPECT_FALSE(parse_cidr(bad)) << bad;
  }
}

TEST(Cidr, ContainsAndOverlaps) {
  const Cidr vpc = *parse_cidr("10.0.0.0/16");
  EXPECT_TRUE(vpc.contains(*parse_cidr("10.0.255.0/24")));
  EXPECT_FALSE(vpc.contains(*parse_cidr("10.1.0.0/24")));
  EXPECT_FALSE(vpc.contains(*parse_cidr("10.0.0.0/8")));
  EXPECT_TRUE(vpc.overlaps(*parse_cidr("10.0.0.0/8")));
  EXPECT_FALSE(vpc.overlaps(*parse_cidr("10.1.0.0/16")));
}

struct Addresses : testing::Test {
  Addresses() {
    add_tables(store);
    write([&] {
      SubnetRow row;
      row.id = "subnet-1";
      row.vpc_id = "vpc-1";
      row.description.cidr_block = "10.0.1.0/28";
      row.description.availability_zone = "us-east-1a";
      store.put(row);
    });
  }
  template <class Work>
  void write(Work work) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      work();
      return {};
    }));
  }
  Store store;
};

TEST_F(Addresses, LowestFreeOne) {
  write([&] {
    EXPECT_EQ(claim_address(store, "subnet-1", "a"), "10.0.1.4");
    EXPECT_EQ(claim_address(store, "subnet-1", "b"), "10.0.1.5");
    EXPECT_EQ(available_addresses(store, "subnet-1"), 9);
    release_address(store, "subnet-1", "10.0.1.4");
    EXPECT_EQ(claim_address(store, "subnet-1", "c"), "10.0.1.4");
  });
}

TEST_F(Addresses, FullSubnetGivesNone) {
  write([&] {
    for (int n = 0; n < 11; ++n) EXPECT_TRUE(claim_address(store, "subnet-1", "o" + std::to_string(n)));
    EXPECT_EQ(available_addresses(store, "subnet-1"), 0);
    EXPECT_FALSE(claim_address(store, "subnet-1", "one more"));
    EXPECT_FALSE(claim_address(store, "subnet-unknown", "x"));
  });
}

// An older berth gives addresses back without saying where the search begins.
TEST_F(Addresses, AWrongBeginningOfTheSearchLosesNone) {
  write([&] {
    store.put(FreeAddressRow{"subnet-1", *parse_ipv4("10.0.1.14")});
    EXPECT_EQ(claim_address(store, "subnet-1", "a"), "10.0.1.14");
    for (int n = 0; n < 10; ++n) EXPECT_TRUE(claim_address(store, "subnet-1", "o" + std::to_string(n)));
    EXPECT_EQ(available_addresses(store, "subnet-1"), 0);
    EXPECT_FALSE(claim_address(store, "subnet-1", "one more"));
  });
}

TEST_F(Addresses, PublicMeansARouteToAGateway) {
  EXPECT_FALSE(find_subnet(store, "subnet-1")->public_);
  write([&] {
    RouteTableRow table;
    table.id = "rtb-1";
    table.vpc_id = "vpc-1";
    table.description.associations = {RouteTableAssociation{.main = true}};
    Route route;
    route.destination_cidr_block = "0.0.0.0/0";
    route.gateway_id = "igw-1";
    route.state = "active";
    table.description.routes = {route};
    store.put(table);
  });
  EXPECT_TRUE(find_subnet(store, "subnet-1")->public_);
  write([&] {
    RouteTableRow table;
    table.id = "rtb-2";
    table.vpc_id = "vpc-1";
    table.description.associations = {RouteTableAssociation{.main = false, .subnet_id = "subnet-1"}};
    store.put(table);
  });
  EXPECT_FALSE(find_subnet(store, "subnet-1")->public_);
}

}  // namespace
}  // namespace berth::ec2
