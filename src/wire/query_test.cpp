#include "wire/query.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "model/cloudwatch.h"
#include "model/ec2.h"
#include "model/elbv2.h"
#include "model/sns.h"
#include "wire/test_requests.h"

namespace berth::wire {
namespace {

TEST(Query, DecodesPutMetricData) {
  const auto input = decoded<cloudwatch::PutMetricDataInput>(
      cloudwatch::service(),
      form_request(
          "Action=PutMetricData&Version=2010-08-01&Namespace=My%2FApp"
          "&MetricData.member.1.MetricName=latency&MetricData.member.1.Value=12.5"
          "&MetricData.member.1.Timestamp=2025-07-03T08%3A34%3A06Z&MetricData.member.1.Unit=Milliseconds"
          "&MetricData.member.1.Dimensions.member.1.Name=Service"
          "&MetricData.member.1.Dimensions.member.1.Value=web+1"
          "&MetricData.member.2.MetricName=size&MetricData.member.2.Values.member.1=1"
          "&MetricData.member.2.Values.member.2=1e3&MetricData.member.10.MetricName=tenth"));
  EXPECT_EQ(input.namespace_, "My/App");
  ASSERT_EQ(input.metric_data->size(), 3u);
  const auto& latency = input.metric_data->at(0);
  EXPECT_EQ(latency.value, 12.5);
  EXPECT_EQ(latency.timestamp, parse_iso("2025-07-03T08:34:06Z"));
  EXPECT_EQ(latency.dimensions->at(0).value, "web 1");
  EXPECT_EQ(*input.metric_data->at(1).values, (std::vector<double>{1, 1000}));
  EXPECT_EQ(input.metric_data->at(2).metric_name, "tenth");
}

TEST(Query, DecodesMapsAndEmptyLists) {
  const auto topic = decoded<sns::CreateTopicInput>(
      sns::service(), form_request("Action=CreateTopic&Name=alarms&Attributes.entry.1.key=DisplayName"
                                   "&Attributes.entry.1.value=Alarms&Tags="));
  EXPECT_EQ(topic.attributes->at("DisplayName"), "Alarms");
  ASSERT_TRUE(topic.tags);
  EXPECT_TRUE(topic.tags->empty());
}

TEST(Query, ReadsAGetRequest) {
  const auto input = decoded<sns::ConfirmSubscriptionInput>(
      sns::service(), {"GET", "/?Action=ConfirmSubscription&TopicArn=arn%3At&Token=abc", {}, ""});
  EXPECT_EQ(input.topic_arn, "arn:t");
  EXPECT_EQ(input.token, "abc");
}

TEST(Ec2, DecodesFiltersAndTagSpecifications) {
  const auto vpcs = decoded<ec2::DescribeVpcsRequest>(
      ec2::service(), form_request("Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1&VpcId.2=vpc-2"
                                   "&Filter.1.Name=tag%3AName&Filter.1.Value.1=a&Filter.1.Value.2=b"));
  EXPECT_EQ(*vpcs.vpc_ids, (std::vector<std::string>{"vpc-1", "vpc-2"}));
  EXPECT_EQ(vpcs.filters->at(0).name, "tag:Name");
  EXPECT_EQ(vpcs.filters->at(0).values->at(1), "b");
  const auto vpc = decoded<ec2::CreateVpcRequest>(
      ec2::service(),
      form_request("Action=CreateVpc&CidrBlock=10.0.0.0%2F16&TagSpecification.1.ResourceType=vpc"
                   "&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=x"));
  EXPECT_EQ(vpc.tag_specifications->at(0).tags->at(0).key, "Name");
}

TEST(Query, NamesTheParameterOfAWrongType) {
  const auto refused = [](const std::string& parameters) {
    return refusal(cloudwatch::service(), form_request("Action=PutMetricData&Namespace=n&" + parameters));
  };
  EXPECT_EQ(refused("MetricData.member.1.MetricName=m&MetricData.member.1.Value=much").message,
            "The value at 'MetricData.1.Value' is not a number");
  EXPECT_EQ(refused("MetricData.member.1.MetricName=m&MetricData.member.1.Timestamp=1e300").code,
            "MalformedInput");
  EXPECT_EQ(refused("Bad=%zz").code, "MalformedQueryString");
  EXPECT_EQ(refused("Bad=%ff").code, "MalformedQueryString");
}

TEST(Form, BoundsItsTree) {
  FormReader deep;
  std::string name;
  for (int i = 0; i <= limits::wire_depth_max; ++i) name += "a.";
  EXPECT_EQ(deep.add(name + "=1").error().code, "MalformedQueryString");
  FormReader wide;
  std::string text;
  for (std::size_t i = 0; i <= limits::form_nodes_max; ++i) text += std::to_string(i) + "=&";
  EXPECT_EQ(wide.add(text).error().message, "Too many parameters");
}

}  // namespace
}  // namespace berth::wire
