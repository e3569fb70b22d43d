#include "host/vpc_routes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "host/process.h"

namespace berth::host {
namespace {

// A subnet that routes to an internet gateway, one to a NAT gateway, one nowhere.
world::VpcSpec vpc() {
  world::VpcSpec spec{"vpc-1", "10.0.0.0/16"};
  spec.subnets = {{"subnet-1", "10.0.1.0/24", true},
                  {"subnet-2", "10.0.2.0/24", false, "198.18.0.1"},
                  {"subnet-3", "10.0.3.0/24"}};
  return spec;
}

bool says(const std::string& script, const std::string& line) {
  return script.find("    " + line + "\n") != std::string::npos;
}

TEST(VpcRoutesTest, PublicAddressesLeadSomewhereOnlyWhereRoutesDo) {
  const PublicAddresses addresses{
      {"10.0.1.4", "198.19.0.4"}, {"10.0.2.4", "198.19.0.5"}, {"10.0.3.4", "198.19.0.6"}};
  const std::string script = routing_script(vpc(), addresses);
  EXPECT_TRUE(says(script, "iifname igw dnat to ip daddr map { 198.19.0.4 : 10.0.1.4 }"));
  EXPECT_TRUE(says(script, "oifname igw snat to ip saddr map { 10.0.1.4 : 198.19.0.4 }"));
  EXPECT_TRUE(says(script, "oifname igw ip saddr 10.0.2.0/24 snat to 198.18.0.1"));
  EXPECT_TRUE(says(script, "oifname igw ip saddr { 10.0.1.4, 10.0.2.0/24 } accept"));
  EXPECT_TRUE(says(script, "oifname igw drop"));
  EXPECT_EQ(outside_addresses(vpc(), addresses), (std::set<std::string>{"198.18.0.1", "198.19.0.4"}));
}

TEST(VpcRoutesTest, WithoutRoutesNothingPassesTheGateway) {
  const std::string script = routing_script({"vpc-1", "10.0.0.0/16", {{"subnet-3", "10.0.3.0/24"}}}, {});
  EXPECT_TRUE(says(script, "oifname igw drop"));
  EXPECT_TRUE(says(script, "iifname igw drop"));
  EXPECT_EQ(script.find("igw ip saddr"), std::string::npos);
  EXPECT_EQ(script.find("nat to"), std::string::npos);
}

TEST(VpcRoutesTest, EndpointsOfTheVpcTakeTheApisPlace) {
  auto spec = vpc();
  EXPECT_EQ(routing_script(spec, {}).find("dnat to 169.254.170.3"), std::string::npos);
  spec.has_endpoints = true;
  EXPECT_TRUE(says(routing_script(spec, {}),
                   "iifname != igw ip daddr 198.51.100.1 tcp dport 443 dnat to 169.254.170.3"));
}

TEST(VpcRoutesTest, NftUnderstandsIt) {
  if (find_program("nft").empty() || geteuid() != 0) GTEST_SKIP() << "needs root and nft";
  auto spec = vpc();
  spec.has_endpoints = true;
  for (const auto& addresses :
       {PublicAddresses{}, PublicAddresses{{"10.0.1.4", "198.19.0.4"}, {"10.0.1.5", "198.19.0.5"}}}) {
    const auto checked = run_checked({"nft", "-c", "-f", "-"}, {.input = routing_script(spec, addresses)});
    EXPECT_TRUE(checked) << checked.error().message;
  }
}

TEST(VpcRoutesTest, BlocksContainTheirAddresses) {
  EXPECT_TRUE(contains_address("10.0.1.0/24", "10.0.1.255"));
  EXPECT_FALSE(contains_address("10.0.1.0/24", "10.0.2.1"));
  EXPECT_TRUE(contains_address("10.0.0.0/20", "10.0.15.7"));
  EXPECT_FALSE(contains_address("10.0.0.0/20", "10.0.16.7"));
}

}  // namespace
}  // namespace berth::host
