#include "host/firewall.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "host/process.h"

namespace berth::host {
namespace {

bool has_line(const world::FirewallSpec& firewall, const std::string& line) {
  return firewall_script(firewall).find("    " + line + "\n") != std::string::npos;
}

TEST(FirewallTest, NothingPassesThatNoRuleNames) {
  const std::string script = firewall_script({});
  EXPECT_NE(script.find("hook input priority 0; policy drop;"), std::string::npos);
  EXPECT_NE(script.find("hook output priority 0; policy drop;"), std::string::npos);
  EXPECT_EQ(script.find("saddr"), std::string::npos);
  EXPECT_TRUE(has_line({}, "ip daddr 169.254.170.2 accept"));
  EXPECT_TRUE(has_line({}, "ct state established,related accept"));
}

TEST(FirewallTest, RulesNamePeersProtocolsAndPorts) {
  world::FirewallSpec firewall;
  firewall.ingress = {{"tcp", 80, 81, {"10.0.0.0/16", "10.1.0.4/32"}},
                      {"udp", 53, 53, {"0.0.0.0/0"}},
                      {"icmp", 8, -1, {"10.0.0.0/8"}},
                      {"50", -1, -1, {"10.0.0.0/8"}},
                      {"tcp", 22, 22, {}}};
  firewall.egress = {{"-1", -1, -1, {"0.0.0.0/0"}}};
  EXPECT_TRUE(has_line(firewall, "ip saddr { 10.0.0.0/16, 10.1.0.4/32 } tcp dport 80-81 accept"));
  EXPECT_TRUE(has_line(firewall, "ip saddr { 0.0.0.0/0 } udp dport 53-53 accept"));
  EXPECT_TRUE(has_line(firewall, "ip saddr { 10.0.0.0/8 } meta l4proto icmp icmp type 8 accept"));
  EXPECT_TRUE(has_line(firewall, "ip saddr { 10.0.0.0/8 } meta l4proto 50 accept"));
  EXPECT_TRUE(has_line(firewall, "ip daddr { 0.0.0.0/0 } accept"));
  EXPECT_EQ(firewall_script(firewall).find("dport 22"), std::string::npos);  // a group without members
}

TEST(FirewallTest, NftUnderstandsIt) {
  if (find_program("nft").empty() || geteuid() != 0) GTEST_SKIP() << "needs root and nft";
  world::FirewallSpec firewall;
  firewall.ingress = {{"tcp", 80, 80, {"10.0.0.0/16", "10.0.1.4/32", "0.0.0.0/0"}},
                      {"icmp", 3, 4, {"10.0.0.0/8"}},
                      {"132", -1, -1, {"10.0.0.0/8"}}};
  const auto checked = run_checked({"nft", "-c", "-f", "-"}, {.input = firewall_script(firewall)});
  EXPECT_TRUE(checked) << checked.error().message;
}

}  // namespace
}  // namespace berth::host
