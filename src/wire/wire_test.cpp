#include "wire/wire.h"

#include <gtest/gtest.h>

#include "model/cloudformation.h"
#include "model/cloudwatch.h"
#include "model/ec2.h"
#include "model/ecs.h"
#include "model/json_codec.h"
#include "model/sns.h"
#include "wire/cbor.h"
#include "wire/test_requests.h"

namespace berth::wire {
namespace {

const std::string ecs_target = "AmazonEC2ContainerServiceV20141113.";
const std::string create_service_body = R"({
  "cluster": "learner-cluster", "serviceName": "web", "taskDefinition": "web:1", "desiredCount": 2,
  "launchType": "FARGATE", "enableECSManagedTags": true,
  "loadBalancers": [{"targetGroupArn": "arn:tg", "containerName": "app", "containerPort": 8000}],
  "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "assignPublicIp": "ENABLED"}},
  "tags": [{"key": "Name", "value": "a \"quoted\" \u00e4"}], "unknownMember": [1, 2]
})";

TEST(ReadCall, TellsTheProtocolFromHeadersAndPath) {
  EXPECT_EQ(read_call(nullptr, json_request("A_1.Op", "{}", "1.0")).protocol, Protocol::json_1_0);
  EXPECT_EQ(read_call(nullptr, json_request("A_1.Op", "{}")).operation, "Op");
  EXPECT_EQ(read_call(nullptr, json_request("A_1.Op", "{}")).target, "A_1");
  const Call cbor = read_call(nullptr, cbor_request("Granite", "PutMetricData", ""));
  EXPECT_EQ(cbor.protocol, Protocol::cbor);
  EXPECT_EQ(cbor.operation, "PutMetricData");
  const Call form = read_call(nullptr, form_request("Version=1&Action=Describe%53tacks"));
  EXPECT_EQ(form.protocol, Protocol::query);
  EXPECT_EQ(form.operation, "DescribeStacks");
  EXPECT_EQ(read_call(&ec2::service(), form_request("Action=DescribeVpcs")).protocol, Protocol::ec2);
  EXPECT_EQ(read_call(nullptr, {"GET", "/2015-03-31/functions", {}, ""}).protocol, Protocol::json_1_1);
  EXPECT_EQ(read_call(nullptr, {"GET", "/?Action=ConfirmSubscription&Token=t", {}, ""}).operation,
            "ConfirmSubscription");
}

TEST(FindOperation, SaysWhatIsMissing) {
  const auto refused = [](const model::Service& service, const Request& request) {
    return find_operation(service, read_call(&service, request)).error();
  };
  EXPECT_EQ(refused(ecs::service(), json_request(ecs_target + "PutAttributes", "{}")).code, "NotImplemented");
  EXPECT_EQ(refused(ecs::service(), json_request(ecs_target + "PutAttributes", "{}")).status, 501);
  EXPECT_EQ(refused(ecs::service(), json_request(ecs_target + "MakeCoffee", "{}")).code,
            "UnknownOperationException");
  EXPECT_EQ(refused(ecs::service(), json_request("AmazonSSM.ListClusters", "{}")).code,
            "UnknownOperationException");
  EXPECT_EQ(refused(sns::service(), form_request("Action=MakeCoffee")).code, "InvalidAction");
  EXPECT_EQ(refused(sns::service(), form_request("Foo=bar")).code, "MissingAction");
  // ECS speaks no CBOR.
  EXPECT_EQ(
      refused(ecs::service(), cbor_request("AmazonEC2ContainerServiceV20141113", "ListClusters", "")).status,
      404);
}

TEST(Json, DecodesCreateService) {
  const auto input = decoded<ecs::CreateServiceRequest>(
      ecs::service(), json_request(ecs_target + "CreateService", create_service_body));
  EXPECT_EQ(input.service_name, "web");
  EXPECT_EQ(input.desired_count, 2);
  EXPECT_EQ(input.load_balancers->at(0).container_port, 8000);
  EXPECT_EQ(input.network_configuration->awsvpc_configuration->subnets->at(1), "subnet-2");
  EXPECT_EQ(input.tags->at(0).value, "a \"quoted\" \u00e4");
  EXPECT_FALSE(input.role);
}

TEST(Json, WhatIsWrittenReadsBack) {
  const auto request = json_request(ecs_target + "CreateService", create_service_body);
  const auto input = decoded<ecs::CreateServiceRequest>(ecs::service(), request);
  const std::string text = model::to_json_text(input);
  const auto again =
      decoded<ecs::CreateServiceRequest>(ecs::service(), json_request(ecs_target + "CreateService", text));
  EXPECT_EQ(model::to_json_text(again), text);
}

TEST(Json, RefusesWhatIsNoJson) {
  const auto refused = [](const std::string& body) {
    return refusal(ecs::service(), json_request(ecs_target + "ListClusters", body));
  };
  EXPECT_EQ(refused("{\n  \"maxResults\": }").code, "SerializationException");
  EXPECT_NE(refused("{\n  \"maxResults\": }").message.find("line 2"), std::string::npos);
  EXPECT_EQ(refused(R"({"maxResults": "many"})").message, "The value at 'maxResults' is not an integer");
  EXPECT_EQ(refused("[]").code, "SerializationException");
}

TEST(Json, RefusesATimeBeyondTheYear9999) {
  const auto body = [](const std::string& time) {
    return json_request(
        "GraniteServiceVersion20100801.PutMetricData",
        R"({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1, "Timestamp": )" + time + "}]}",
        "1.0");
  };
  for (const char* time : {"253402300800", "1e300", "-1e19", "17515316468888888888888888.3"}) {
    EXPECT_EQ(refusal(cloudwatch::service(), body(time)).code, "SerializationException") << time;
  }
  const auto input = decoded<cloudwatch::PutMetricDataInput>(cloudwatch::service(), body("1751531646.3"));
  EXPECT_EQ(input.metric_data->at(0).timestamp, from_unix_ms(1751531646300));
}

TEST(Validate, NamesMissingMembersAndWrongValues) {
  const Error missing = refusal(ecs::service(), json_request(ecs_target + "CreateService", "{}"));
  EXPECT_EQ(missing.code, "InvalidParameterException");
  EXPECT_EQ(
      missing.message,
      "1 validation error detected: Value at 'serviceName' failed to satisfy constraint: Member must not be "
      "null");
  const Error wrong =
      refusal(cloudwatch::service(),
              form_request("Action=SetAlarmState&AlarmName=a&StateReason=r&StateValue=INVALID"));
  EXPECT_EQ(wrong.code, "ValidationError");
  EXPECT_TRUE(
      wrong.message.starts_with("1 validation error detected: Value 'INVALID' at 'stateValue' failed to "
                                "satisfy constraint: Member must satisfy enum value set: ["))
      << wrong.message;
  const Error two = refusal(cloudwatch::service(),
                            form_request("Action=PutMetricData&Namespace=n&MetricData.member.1.Value=1"
                                         "&MetricData.member.2.MetricName=m&MetricData.member.2.Unit=Miles"));
  EXPECT_TRUE(
      two.message.starts_with("2 validation errors detected: Value at 'metricData.1.member.metricName' "
                              "failed to satisfy constraint: Member must not be null; Value 'Miles' at "
                              "'metricData.2.member.unit'"))
      << two.message;
  EXPECT_EQ(refusal(ec2::service(), form_request("Action=CreateSubnet&CidrBlock=10.0.0.0/24")).message,
            "The request must contain the parameter VpcId");
}

TEST(Validate, LeavesTagKeysOfAwsToAws) {
  const auto refused = [](const std::string& operation, const std::string& body) {
    return refusal(ecs::service(), json_request(ecs_target + operation, body));
  };
  const std::string tags =
      R"("tags":[{"key":"team","value":"a"},{"key":"aws:cloudformation:stack-name","value":"s"}])";
  EXPECT_EQ(refused("CreateCluster", "{" + tags + "}").code, "InvalidParameterException");
  EXPECT_EQ(refused("CreateCluster", "{" + tags + "}").message,
            "aws: prefixed tag key names are not allowed for external use.");
  EXPECT_EQ(refusal(ec2::service(),
                    form_request("Action=CreateTags&ResourceId.1=vpc-1&Tag.1.Key=AWS:x&Tag.1.Value=y"))
                .message,
            "Value ( AWS:x ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for "
            "internal use");
  // Only keys of tags: a value may say what it likes.
  const auto fine = decoded<ecs::CreateClusterRequest>(
      ecs::service(),
      json_request(ecs_target + "CreateCluster", R"({"tags":[{"key":"awsome","value":"aws:x"}]})"));
  EXPECT_EQ(fine.tags->size(), 1u);
}

TEST(Query, EncodesDescribeStacks) {
  cloudformation::DescribeStacksOutput output;
  auto& stack = output.stacks.emplace().emplace_back();
  stack.stack_name = "a<b>&c";
  stack.creation_time = from_unix_ms(1751531646300);
  stack.notification_ar_ns.emplace();
  stack.disable_rollback = false;
  auto& tag = stack.tags.emplace().emplace_back();
  tag.key = "k";
  tag.value = std::string("v\x01", 2);
  const auto* operation = cloudformation::service().find_operation("DescribeStacks");
  const Response response =
      encode(cloudformation::service(), *operation, {.protocol = Protocol::query}, &output, "id-1");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header_of(response, "Content-Type"), "text/xml");
  EXPECT_EQ(response.body,
            "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">"
            "<DescribeStacksResult><Stacks><member><StackName>a&lt;b&gt;&amp;c</StackName>"
            "<CreationTime>2025-07-03T08:34:06.300Z</CreationTime><DisableRollback>false</DisableRollback>"
            "<NotificationARNs></NotificationARNs>"
            "<Tags><member><Key>k</Key><Value>v\xef\xbf\xbd</Value></member></Tags></member></Stacks>"
            "</DescribeStacksResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>"
            "</DescribeStacksResponse>");
}

TEST(Query, EncodesMaps) {
  sns::GetTopicAttributesResponse output;
  output.attributes.emplace()["TopicArn"] = "arn:t";
  const auto* operation = sns::service().find_operation("GetTopicAttributes");
  const auto response = encode(sns::service(), *operation, {.protocol = Protocol::query}, &output, "id");
  EXPECT_NE(
      response.body.find("<Attributes><entry><key>TopicArn</key><value>arn:t</value></entry></Attributes>"),
      std::string::npos)
      << response.body;
}

TEST(Ec2, EncodesDescribeVpcs) {
  ec2::DescribeVpcsResult output;
  auto& vpc = output.vpcs.emplace().emplace_back();
  vpc.vpc_id = "vpc-1";
  vpc.is_default = true;
  auto& tag = vpc.tags.emplace().emplace_back();
  tag.key = "Name";
  tag.value = "learner";
  const auto* operation = ec2::service().find_operation("DescribeVpcs");
  const auto response = encode(ec2::service(), *operation, {.protocol = Protocol::ec2}, &output, "id");
  EXPECT_EQ(response.body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeVpcsResponse "
            "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>id</requestId><vpcSet><item>"
            "<isDefault>true</isDefault><tagSet><item><key>Name</key><value>learner</value></item></tagSet>"
            "<vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>");
}

TEST(Errors, AreSpelledByEachProtocol) {
  const Error error{"ResourceNotFoundException", "Unknown & gone", 0, {{"ResourceId", "x"}}};
  const auto& service = cloudwatch::service();
  const auto json = encode_error(&service, {.protocol = Protocol::json_1_0, .query_mode = true}, error, "id");
  EXPECT_EQ(json.status, 404);
  EXPECT_EQ(json.body,
            R"({"__type":"ResourceNotFoundException","message":"Unknown & gone","ResourceId":"x"})");
  EXPECT_EQ(header_of(json, "x-amzn-errortype"), "ResourceNotFoundException");
  EXPECT_EQ(header_of(json, "x-amzn-query-error"), "ResourceNotFoundException;Sender");

  const auto query = encode_error(&service, {.protocol = Protocol::query}, error, "id");
  EXPECT_EQ(query.status, 404);
  EXPECT_EQ(
      query.body,
      "<ErrorResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"><Error><Type>Sender</Type>"
      "<Code>ResourceNotFoundException</Code><Message>Unknown &amp; gone</Message><ResourceId>x</ResourceId>"
      "</Error><RequestId>id</RequestId></ErrorResponse>");

  const auto ec2 =
      encode_error(&ec2::service(), {.protocol = Protocol::ec2}, {"InvalidVpcID.NotFound", "no"}, "id");
  EXPECT_EQ(ec2.status, 400);
  EXPECT_EQ(
      ec2.body,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"
      "<Code>InvalidVpcID.NotFound</Code><Message>no</Message></Error></Errors><RequestID>id</RequestID>"
      "</Response>");
  EXPECT_EQ(encode_error(nullptr, {}, {"InternalFailure", ""}, "id").status, 500);
  EXPECT_EQ(encode_error(nullptr, {}, {"AccessDenied", "", 403}, "id").status, 403);
}

TEST(Errors, UseTheQueryCodeOfAShape) {
  const Error error{"DashboardNotFoundError", "none"};
  const auto query = encode_error(&cloudwatch::service(), {.protocol = Protocol::query}, error, "id");
  EXPECT_NE(query.body.find("<Code>ResourceNotFound</Code>"), std::string::npos);
  const auto json =
      encode_error(&cloudwatch::service(), {.protocol = Protocol::json_1_0, .query_mode = true}, error, "id");
  EXPECT_EQ(header_of(json, "x-amzn-query-error"), "ResourceNotFound;Sender");
}

TEST(Errors, PreferAShapesOwnName) {
  const auto answer =
      encode_error(&cloudwatch::service(), {.protocol = Protocol::cbor}, {"ResourceNotFound", ""}, "id");
  EXPECT_EQ(header_of(answer, "x-amzn-errortype"), "ResourceNotFound");
}

}  // namespace
}  // namespace berth::wire
