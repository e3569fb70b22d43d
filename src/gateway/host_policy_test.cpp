#include "gateway/host_policy.h"

#include <gtest/gtest.h>

namespace berth::gateway {
namespace {

TEST(HostPolicy, AllowsTheMachineItself) {
  const HostPolicy policy({"192.168.1.5"});
  for (const char* host : {"127.0.0.1:4566", "127.8.9.10", "localhost", "LOCALHOST:4566", "[::1]:4566",
                           "my.elb.localhost:80", "192.168.1.5:4566"}) {
    EXPECT_TRUE(policy.allows(host)) << host;
  }
  for (const char* host : {"", "evil.example", "localhost.evil.example:4566", "127.0.0.1.evil.example",
                           "192.168.1.6", "notlocalhost", "[", "1.2.3.4"}) {
    EXPECT_FALSE(policy.allows(host)) << host;
  }
}

TEST(HostPolicy, AllowsAnyAddressButNoNameWhenListeningEverywhere) {
  const HostPolicy policy({"0.0.0.0"});
  EXPECT_TRUE(policy.allows("192.168.1.6:4566"));
  EXPECT_TRUE(policy.allows("[fe80::1]:4566"));
  EXPECT_FALSE(policy.allows("evil.example"));
}

TEST(HostPolicy, RefusesForeignOrigins) {
  const HostPolicy policy({});
  const auto refused = [&](const std::string& origin) {
    return !policy.check({"POST", "/", {{"host", "localhost"}, {"origin", origin}}, ""});
  };
  EXPECT_FALSE(refused("http://localhost:3000"));
  EXPECT_TRUE(refused("https://evil.example"));
  EXPECT_TRUE(refused("null"));
  EXPECT_TRUE(refused("localhost"));
}

}  // namespace
}  // namespace berth::gateway
