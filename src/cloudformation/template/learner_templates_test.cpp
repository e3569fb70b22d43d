// The example's own template: the engine must parse, order and resolve it as it stands.
#include "base/read_file.h"
#include "cloudformation/template/dependency_order.h"
#include "cloudformation/template/template_test_support.h"

namespace berth::cfn {
namespace {

class Prerequisites : public testing::Test {
 protected:
  void SetUp() override {
    const auto values = resolve_parameters(of_, {}, nullptr, no_ssm);
    ASSERT_TRUE(values) << message_of(values);
    parameters_ = *values;
    around_.account_id = "123456789012";
    around_.region = "us-east-1";
    around_.ref = [](std::string_view id) -> Result<json::value> {
      return json::value(json::string(std::string(id) + "-id"));
    };
    around_.attribute = [](std::string_view id, std::string_view name) -> Result<json::value> {
      return json::value(json::string(std::string(id) + "." + std::string(name)));
    };
    around_.availability_zones = [](std::string_view region) {
      return std::vector<std::string>{std::string(region) + "a", std::string(region) + "b"};
    };
  }

  json::object properties_of(const char* logical_id) const {
    const auto properties =
        resolve_properties(*of_.resource(logical_id), {of_, parameters_, conditions_, around_});
    EXPECT_TRUE(properties) << message_of(properties);
    return properties ? *properties : json::object();
  }

  const Template of_ = good(read_file(BERTH_SOURCE_DIR "/examples/learner/prerequisites.yaml"));
  ParameterValues parameters_;
  const Conditions conditions_{};
  Environment around_;
};

TEST_F(Prerequisites, is_ordered) {
  EXPECT_EQ(message_of(check_references(of_)), "");
  const auto order = DependencyOrder::build(of_, conditions_);
  ASSERT_TRUE(order) << message_of(order);
  EXPECT_EQ(order->in_order().size(), of_.resources.size());
  EXPECT_EQ(order->creatable({}), (std::vector<std::string>{"Vpc", "InternetGateway", "ExecutionRole",
                                                            "TaskRole", "Cluster", "ImageParameter"}));
  EXPECT_EQ(order->dependencies("LoadBalancer"),
            (LogicalIds{"DefaultRoute", "PublicSubnetA", "PublicSubnetB", "WebSecurityGroup"}));
  EXPECT_EQ(order->dependencies("TargetGroupParameter"), (LogicalIds{"Listener", "TargetGroup"}));
}

TEST_F(Prerequisites, lays_out_the_network) {
  const auto first = properties_of("PublicSubnetA");
  const auto second = properties_of("PublicSubnetB");
  EXPECT_EQ(first.at("AvailabilityZone"), "us-east-1a");
  EXPECT_EQ(second.at("AvailabilityZone"), "us-east-1b");
  EXPECT_EQ(first.at("CidrBlock"), "10.0.0.0/24");
  EXPECT_EQ(second.at("CidrBlock"), "10.0.1.0/24");
}

TEST_F(Prerequisites, hands_over_what_the_article_looks_up) {
  EXPECT_EQ(properties_of("ImageParameter").at("Value"), "localhost/learner:latest");
  EXPECT_EQ(properties_of("SubnetsParameter").at("Value"), "PublicSubnetA-id,PublicSubnetB-id");
  EXPECT_EQ(properties_of("TargetGroupParameter").at("Value"), "TargetGroup-id");
  LogicalIds names;
  for (const auto& resource : of_.resources) {
    if (resource.type == "AWS::SSM::Parameter")
      names.insert(std::string(resource.properties.at("Name").as_string()));
  }
  const Template article = good(read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml"));
  for (const auto& parameter : article.parameters) {
    if (ssm_value_type(parameter.type)) {
      EXPECT_TRUE(names.contains(*parameter.default_value)) << parameter.name;
    }
  }
  EXPECT_EQ(string_or(properties_of("ExecutionRole"), "RoleName"),
            article.parameter("ExecutionRoleName")->default_value);
  EXPECT_EQ(string_or(properties_of("TaskRole"), "RoleName"),
            article.parameter("TaskRoleName")->default_value);
  EXPECT_EQ(string_or(properties_of("Cluster"), "ClusterName"),
            article.parameter("ECSCluster")->default_value);
}

TEST_F(Prerequisites, says_where_the_application_answers) {
  const auto outputs = resolve_outputs({of_, parameters_, conditions_, around_});
  ASSERT_TRUE(outputs) << message_of(outputs);
  ASSERT_EQ(outputs->size(), 1u);
  EXPECT_EQ(outputs->front().name, "LoadBalancerUrl");
  EXPECT_EQ(outputs->front().value, "http://LoadBalancer.DNSName");
}

}  // namespace
}  // namespace berth::cfn
