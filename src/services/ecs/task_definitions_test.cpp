#include "services/ecs/ecs_fixture.h"

namespace berth::ecs {
namespace {

class EcsTaskDefinitions : public EcsFixture {
 protected:
  // Refusal of the learner's definition after `change` to it.
  template <class Change>
  std::string refused(Change change) {
    auto request = learner_definition();
    change(request, request.container_definitions->front());
    return refusal(register_task_definition, request);
  }
};

TEST_F(EcsTaskDefinitions, RegisterFillsInWhatAwsEchoes) {
  auto request = learner_definition();
  request.cpu = ".25 vCPU";
  request.memory = "0.5GB";
  const auto answer = ok(register_task_definition, request);
  const auto& definition = *answer.task_definition;
  EXPECT_EQ(*definition.task_definition_arn,
            "arn:aws:ecs:us-east-1:123456789012:task-definition/learner-svc-task:1");
  EXPECT_EQ(*definition.cpu, "256");
  EXPECT_EQ(*definition.memory, "512");
  EXPECT_EQ(*definition.status, "ACTIVE");
  const auto& container = definition.container_definitions->front();
  EXPECT_EQ(*container.cpu, 0);
  EXPECT_TRUE(*container.essential);
  EXPECT_EQ(*container.port_mappings->front().host_port, 80);
  EXPECT_EQ(*container.port_mappings->front().protocol, "tcp");
  EXPECT_TRUE(container.environment && container.mount_points && container.volumes_from);
}

TEST_F(EcsTaskDefinitions, RevisionsRiseAndAreNeverReused) {
  EXPECT_EQ(*ok(register_task_definition, learner_definition()).task_definition->revision, 1);
  EXPECT_EQ(*ok(register_task_definition, learner_definition()).task_definition->revision, 2);
  ok(deregister_task_definition, DeregisterTaskDefinitionRequest{.task_definition = "learner-svc-task:2"});
  const auto deleted =
      ok(delete_task_definitions,
         DeleteTaskDefinitionsRequest{.task_definitions = {std::vector<std::string>{"learner-svc-task:2"}}});
  EXPECT_EQ(deleted.task_definitions->size(), 1u);
  EXPECT_EQ(*ok(register_task_definition, learner_definition()).task_definition->revision, 3);
}

TEST_F(EcsTaskDefinitions, FamilyMeansItsLatestActiveRevision) {
  ok(register_task_definition, learner_definition());
  ok(register_task_definition, learner_definition());
  ok(deregister_task_definition, DeregisterTaskDefinitionRequest{.task_definition = "learner-svc-task:2"});
  const auto latest =
      ok(describe_task_definition, DescribeTaskDefinitionRequest{.task_definition = "learner-svc-task"});
  EXPECT_EQ(*latest.task_definition->revision, 1);
  const auto second =
      ok(describe_task_definition, DescribeTaskDefinitionRequest{.task_definition = "learner-svc-task:2"});
  EXPECT_EQ(*second.task_definition->status, "INACTIVE");
  EXPECT_EQ(refusal(describe_task_definition, DescribeTaskDefinitionRequest{.task_definition = "other"}),
            "ClientException: Unable to describe task definition.");
  EXPECT_EQ(refusal(deregister_task_definition,
                    DeregisterTaskDefinitionRequest{.task_definition = "learner-svc-task:2"}),
            "ClientException: The specified task definition is inactive.");
}

TEST_F(EcsTaskDefinitions, FargateSizes) {
  const auto size = [&](const char* cpu, const char* memory) {
    return refused([&](auto& request, auto&) {
      request.cpu = cpu;
      request.memory = memory;
    });
  };
  for (const auto& [cpu, memory] : {std::pair{"256", "2048"},
                                    {"512", "4096"},
                                    {"1024", "2048"},
                                    {"1024", "8192"},
                                    {"2 vCPU", "16 GB"},
                                    {"4096", "30720"},
                                    {"8192", "16384"},
                                    {"16384", "122880"}}) {
    EXPECT_EQ(size(cpu, memory), "accepted") << cpu << " " << memory;
  }
  for (const auto& [cpu, memory] : {std::pair{"256", "4096"},
                                    {"512", "512"},
                                    {"1024", "2500"},
                                    {"300", "512"},
                                    {"4096", "31744"},
                                    {"8192", "20000"},
                                    {"16384", "131072"}}) {
    EXPECT_EQ(size(cpu, memory), "ClientException: No Fargate configuration exists for given values.");
  }
  EXPECT_EQ(refused([](auto& request, auto&) { request.cpu.reset(); }),
            "ClientException: Fargate requires that 'cpu' be defined at the task level.");
  EXPECT_EQ(refused([](auto& request, auto&) { request.memory.reset(); }),
            "ClientException: Fargate requires that 'memory' be defined at the task level.");
}

TEST_F(EcsTaskDefinitions, WhatFargateRefuses) {
  EXPECT_EQ(refused([](auto& request, auto&) { request.network_mode = "bridge"; }),
            "ClientException: Fargate only supports network mode ‘awsvpc’.");
  EXPECT_EQ(
      refused([](auto&, auto& container) { container.port_mappings->front().host_port = 8080; }),
      "ClientException: When networkMode=awsvpc, the host ports and container ports in port mappings must "
      "match.");
  EXPECT_EQ(refused([](auto&, auto& container) { container.image = ""; }),
            "ClientException: Container.image should not be null or empty.");
  EXPECT_EQ(refused([](auto&, auto& container) { container.essential = false; }),
            "ClientException: A task definition must have at least one essential container.");
  EXPECT_EQ(refused([](auto& request, auto&) { request.container_definitions->clear(); }),
            "ClientException: Container list cannot be empty.");
  EXPECT_EQ(
      refused([](auto& request, auto& container) {
        request.execution_role_arn.reset();
        container.log_configuration = LogConfiguration{
            .log_driver = "awslogs",
            .options = std::map<std::string, std::string>{
                {"awslogs-group", "g"}, {"awslogs-region", "us-east-1"}, {"awslogs-stream-prefix", "ecs"}}};
      }),
      "ClientException: Fargate requires task definition to have execution role ARN to support log driver "
      "awslogs.");
  EXPECT_EQ(refused([](auto&, auto& container) {
              container.log_configuration = LogConfiguration{.log_driver = "awslogs"};
            }),
            "ClientException: Log driver awslogs requires options: awslogs-region, awslogs-group");
  EXPECT_EQ(refused([](auto&, auto& container) { container.memory = 1024; }),
            "ClientException: The 'memory' setting for container 'web' is greater than for the task.");
}

TEST_F(EcsTaskDefinitions, WhatBerthRefusesItNames) {
  EXPECT_EQ(refused([](auto& request, auto&) { request.volumes = std::vector<Volume>{{.name = "data"}}; }),
            "UnsupportedFeatureException: berth does not support volumes.");
  EXPECT_EQ(refused([](auto&, auto& container) {
              container.environment_files = std::vector<EnvironmentFile>{{.value = "arn:aws:s3:::b/f"}};
            }),
            "UnsupportedFeatureException: berth does not support containerDefinitions.environmentFiles.");
  EXPECT_EQ(refused([](auto&, auto& container) {
              container.secrets = std::vector<Secret>{
                  {.name = "S", .value_from = "arn:aws:secretsmanager:us-east-1:1:secret:s"}};
            }),
            "UnsupportedFeatureException: berth does not support secrets from secretsmanager.");
  EXPECT_TRUE(store_.all<TaskDefinitionRow>().empty());
  EXPECT_TRUE(store_.all<FamilyRow>().empty());
}

TEST_F(EcsTaskDefinitions, DependenciesMustExistAndFormNoCircle) {
  const auto depends = [&](const char* from_second_to, const char* from_first_to) {
    return refused([&](auto& request, auto& first) {
      auto second = first;
      second.name = "side";
      second.port_mappings.reset();
      second.essential = false;
      second.depends_on =
          std::vector<ContainerDependency>{{.container_name = from_second_to, .condition = "START"}};
      if (from_first_to) {
        first.depends_on =
            std::vector<ContainerDependency>{{.container_name = from_first_to, .condition = "START"}};
      }
      request.container_definitions->push_back(second);
    });
  };
  EXPECT_EQ(depends("web", nullptr), "accepted");
  EXPECT_EQ(
      depends("nowhere", nullptr),
      "ClientException: Invalid dependsOn setting for container 'side': it names no other container of the "
      "task.");
  EXPECT_EQ(depends("web", "side"),
            "ClientException: The dependsOn settings of the containers form a circle.");
}

TEST_F(EcsTaskDefinitions, ListsInOrderOfRevisionAndInPages) {
  for (int i = 0; i < 12; ++i) ok(register_task_definition, learner_definition());
  auto page = ok(list_task_definitions, ListTaskDefinitionsRequest{.max_results = 10});
  ASSERT_EQ(page.task_definition_arns->size(), 10u);
  EXPECT_TRUE(page.task_definition_arns->at(9).ends_with(":10"));
  page =
      ok(list_task_definitions, ListTaskDefinitionsRequest{.next_token = page.next_token, .max_results = 10});
  ASSERT_EQ(page.task_definition_arns->size(), 2u);
  EXPECT_TRUE(page.task_definition_arns->back().ends_with(":12"));
  EXPECT_FALSE(page.next_token);
  EXPECT_EQ(ok(list_task_definition_families, ListTaskDefinitionFamiliesRequest{}).families->size(), 1u);
}

}  // namespace
}  // namespace berth::ecs
