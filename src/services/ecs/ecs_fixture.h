// For tests only: a store with what ECS leans on (two public subnets, a target group behind a listener,
// roles, a cluster) and requests like the article's template makes.
#pragma once

#include <gtest/gtest.h>

#include "handlers/ecs.h"
#include "loop/sim_loop.h"
#include "services/all_tables.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/metric_store.h"
#include "services/ec2/rows.h"
#include "services/ecs/rows.h"
#include "services/elbv2/rows.h"
#include "services/iam/rows.h"
#include "services/logs/rows.h"
#include "services/ssm/rows.h"
#include "store/log_events.h"

namespace berth::ecs {

inline constexpr const char* learner_target_group =
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/learner/0123456789abcdef";

// Keeps nothing, and is full when a test says so.
class FillableDisk final : public Journal {
 public:
  Result<> commit(const std::vector<Change>&, const std::vector<LogEvent>&) override {
    return full ? Result<>(Error{"DiskFull", "no space left"}) : Result<>();
  }
  Result<> load(const std::function<void(std::string_view, std::string_view, std::string_view)>&) override {
    return {};
  }
  bool full = false;
};

class EcsFixture : public ::testing::Test {
 protected:
  EcsFixture() {
    services::add_tables(store_);
    auto seeded = store_.transact([&]() -> Result<> {
      seed_network();
      seed_target_group();
      for (const char* name : {"learner-ecs-role", "learner-task-role"}) {
        iam::RoleRow role;
        role.name = name;
        role.arn = settings_.global_arn("iam", std::string("role/") + name);
        role.assume_role_policy =
            R"({"Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},)"
            R"("Action":"sts:AssumeRole"}]})";
        role.attached_policies = {"arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"};
        store_.put(std::move(role));
      }
      store_.put(ClusterRow{.name = "learner-cluster"});
      return {};
    });
    EXPECT_TRUE(seeded);
  }

  template <class Out, class In>
  Result<Out> call(Result<Out> (*handler)(Context&, const In&), const In& input) {
    Context context{store_,   loop_,       settings_,
                    metrics_, log_events_, {.arn = "arn:aws:iam::123456789012:root"},
                    "request"};
    return store_.transact([&] { return handler(context, input); });
  }
  template <class Out, class In>
  Out ok(Result<Out> (*handler)(Context&, const In&), const In& input) {
    auto answer = call(handler, input);
    EXPECT_TRUE(answer) << answer.error().code << ": " << answer.error().message;
    return answer ? *answer : Out{};
  }
  // "Code: message"
  template <class Out, class In>
  std::string refusal(Result<Out> (*handler)(Context&, const In&), const In& input) {
    auto answer = call(handler, input);
    return answer ? "accepted" : answer.error().code + ": " + answer.error().message;
  }

  RegisterTaskDefinitionRequest learner_definition() {
    ContainerDefinition container;
    container.name = "web";
    container.image = "localhost/learner:latest";
    container.port_mappings = std::vector<PortMapping>{{.container_port = 80}};
    RegisterTaskDefinitionRequest request;
    request.family = "learner-svc-task";
    request.cpu = "256";
    request.memory = "512";
    request.network_mode = "awsvpc";
    request.requires_compatibilities = std::vector<std::string>{"FARGATE"};
    request.execution_role_arn = settings_.global_arn("iam", "role/learner-ecs-role");
    request.task_role_arn = settings_.global_arn("iam", "role/learner-task-role");
    request.container_definitions = std::vector<ContainerDefinition>{container};
    return request;
  }

  NetworkConfiguration learner_network() {
    AwsVpcConfiguration vpc;
    vpc.subnets = std::vector<std::string>{"subnet-a", "subnet-b"};
    vpc.security_groups = std::vector<std::string>{"sg-1"};
    vpc.assign_public_ip = "ENABLED";
    return {.awsvpc_configuration = vpc};
  }

  CreateServiceRequest learner_service(int desired_count = 1) {
    CreateServiceRequest request;
    request.cluster = "learner-cluster";
    request.service_name = "learner";
    request.task_definition = "learner-svc-task";
    request.launch_type = "FARGATE";
    request.desired_count = desired_count;
    request.network_configuration = learner_network();
    request.load_balancers = std::vector<LoadBalancer>{
        {.target_group_arn = learner_target_group, .container_name = "web", .container_port = 80}};
    return request;
  }

  Service describe(const std::string& service = "learner") {
    auto answer = ok(describe_services, DescribeServicesRequest{.services = std::vector<std::string>{service},
                                                                .cluster = "learner-cluster"});
    return answer.services && !answer.services->empty() ? answer.services->front() : Service{};
  }

  SimLoop loop_;
  Settings settings_;
  FillableDisk disk_;
  Store store_{&disk_};
  cloudwatch::MetricStore metrics_;
  MemoryLogEvents log_events_;

 private:
  void seed_network() {
    ec2::VpcRow vpc{.id = "vpc-1"};
    vpc.description.cidr_block = "10.0.0.0/16";
    store_.put(std::move(vpc));
    for (const char* zone : {"a", "b"}) {
      ec2::SubnetRow subnet{.id = std::string("subnet-") + zone, .vpc_id = "vpc-1"};
      subnet.description.subnet_id = subnet.id;
      subnet.description.vpc_id = "vpc-1";
      subnet.description.cidr_block = *zone == 'a' ? "10.0.1.0/24" : "10.0.2.0/24";
      subnet.description.availability_zone = std::string("us-east-1") + zone;
      store_.put(std::move(subnet));
    }
    store_.put(ec2::SecurityGroupRow{.id = "sg-1", .vpc_id = "vpc-1"});
  }

  void seed_target_group() {
    elbv2::TargetGroupRow group{.arn = learner_target_group, .name = "learner"};
    group.description.target_group_arn = group.arn;
    group.description.target_type = "ip";
    group.description.vpc_id = "vpc-1";
    group.attributes["deregistration_delay.timeout_seconds"] = "30";
    store_.put(std::move(group));
    elbv2::ListenerRow listener{.arn = "listener", .load_balancer_arn = "balancer"};
    listener.description.default_actions =
        std::vector<elbv2::Action>{{.type = "forward", .target_group_arn = learner_target_group}};
    store_.put(std::move(listener));
  }
};

}  // namespace berth::ecs
