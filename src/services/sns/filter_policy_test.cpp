#include "services/sns/filter_policy.h"

#include <gtest/gtest.h>

#include "services/sns/delivery_policy.h"

namespace berth::sns {
namespace {

MessageAttributeValue attribute(const std::string& type, const std::string& text) {
  MessageAttributeValue value;
  value.data_type = type;
  value.string_value = text;
  return value;
}

bool accepts(const std::string& policy) {
  const std::map<std::string, MessageAttributeValue> attributes{
      {"store", attribute("String", "example_corp")},
      {"price", attribute("Number", "210.75")},
      {"sports", attribute("String.Array", R"(["rugby", "football", true, 7])")}};
  EXPECT_TRUE(check_filter_policy(policy, "MessageAttributes", false)) << policy;
  return filter_policy_accepts(policy, "MessageAttributes", attributes, "");
}

TEST(FilterPolicy, EveryOperator) {
  EXPECT_TRUE(accepts("{}"));
  EXPECT_TRUE(accepts(R"({"store":["other","example_corp"]})"));
  EXPECT_FALSE(accepts(R"({"store":["Example_corp"]})"));
  EXPECT_TRUE(accepts(R"({"store":[{"equals-ignore-case":"Example_Corp"}]})"));
  EXPECT_TRUE(accepts(R"({"store":[{"prefix":"exam"}]})"));
  EXPECT_FALSE(accepts(R"({"store":[{"prefix":"corp"}]})"));
  EXPECT_TRUE(accepts(R"({"store":[{"suffix":"corp"}]})"));
  EXPECT_FALSE(accepts(R"({"store":[{"anything-but":["a","example_corp"]}]})"));
  EXPECT_TRUE(accepts(R"({"store":[{"anything-but":"a"}]})"));
  EXPECT_FALSE(accepts(R"({"store":[{"anything-but":{"prefix":"ex"}}]})"));
  EXPECT_FALSE(accepts(R"({"absent":[{"anything-but":"a"}]})"));
  EXPECT_TRUE(accepts(R"({"price":[210.75]})"));
  EXPECT_TRUE(accepts(R"({"price":[{"numeric":[">",200,"<=",210.75]}]})"));
  EXPECT_FALSE(accepts(R"({"price":[{"numeric":["=",210]}]})"));
  EXPECT_TRUE(accepts(R"({"sports":["rugby"]})"));
  EXPECT_TRUE(accepts(R"({"sports":[7]})"));
  EXPECT_FALSE(accepts(R"({"sports":["chess"]})"));
  EXPECT_TRUE(accepts(R"({"absent":[{"exists":false}]})"));
  EXPECT_FALSE(accepts(R"({"absent":[{"exists":true}]})"));
  EXPECT_FALSE(accepts(R"({"store":["example_corp"],"price":[1]})"));
}

TEST(FilterPolicy, BodyMayNest) {
  const std::string policy = R"({"detail":{"state":["ALARM"]}})";
  EXPECT_TRUE(check_filter_policy(policy, "MessageBody", true));
  EXPECT_FALSE(check_filter_policy(policy, "MessageAttributes", true));
  EXPECT_TRUE(filter_policy_accepts(policy, "MessageBody", {}, R"({"detail":{"state":"ALARM"}})"));
  EXPECT_FALSE(filter_policy_accepts(policy, "MessageBody", {}, R"({"detail":{"state":"OK"}})"));
  EXPECT_FALSE(filter_policy_accepts(policy, "MessageBody", {}, "no JSON"));
}

TEST(FilterPolicy, RefusesBadOnes) {
  for (const auto* bad :
       {"", "[]", R"({"a":[]})", R"({"a":[[1]]})", R"({"a":[{"prefix":1}]})",
        R"({"a":[{"numeric":["~",1]}]})", R"({"a":[{"numeric":["<"]}]})", R"({"a":[{"cidr":"10.0.0.0/8"}]})",
        R"({"a":[{"prefix":"x","suffix":"y"}]})", R"({"$or":[{"a":["b"]}]})",
        R"({"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]})"}) {
    EXPECT_FALSE(check_filter_policy(bad, "MessageAttributes", false)) << bad;
  }
  std::string many = R"({"a":["0")";
  for (int n = 1; n <= 150; ++n) many += ",\"" + std::to_string(n) + "\"";
  EXPECT_EQ(check_filter_policy(many + "]}", "MessageAttributes", false).error().message,
            "Invalid parameter: FilterPolicy: Filter policy is too complex");
}

TEST(DeliveryPolicy, HttpTriesFiftyTimesAfterTheFirst) {
  EXPECT_EQ(http_policy.attempts_max(), 51);
  EXPECT_EQ(retry_delay(http_policy, 1), RealDuration{});
  EXPECT_EQ(retry_delay(http_policy, 4), RealDuration::seconds(1));
  EXPECT_EQ(retry_delay(http_policy, 6), RealDuration::seconds(1));
  EXPECT_NEAR(retry_delay(http_policy, 15)->in_seconds(), 20, 0.001);
  EXPECT_EQ(retry_delay(http_policy, 50), RealDuration::seconds(20));
  EXPECT_FALSE(retry_delay(http_policy, 51));
  EXPECT_EQ(retry_delay(mail_policy, 1), RealDuration::seconds(10));
}

}  // namespace
}  // namespace berth::sns
