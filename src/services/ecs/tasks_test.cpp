#include "services/ecs/ecs_fixture.h"
#include "services/ecs/new_task.h"

namespace berth::ecs {
namespace {

class EcsTasks : public EcsFixture {
 protected:
  EcsTasks() { ok(register_task_definition, learner_definition()); }

  RunTaskRequest run(int count = 1) {
    RunTaskRequest request;
    request.cluster = "learner-cluster";
    request.task_definition = "learner-svc-task";
    request.count = count;
    request.launch_type = "FARGATE";
    request.network_configuration = learner_network();
    return request;
  }
};

TEST_F(EcsTasks, RunTaskMakesRowsSpreadOverZones) {
  auto request = run(3);
  request.started_by = "me";
  request.tags = std::vector<Tag>{{.key = "Name", .value = "x"}};
  request.enable_ecs_managed_tags = true;
  const auto answer = ok(run_task, request);
  ASSERT_EQ(answer.tasks->size(), 3u);
  std::map<std::string, int> zones;
  for (const auto& task : *answer.tasks) ++zones[*task.availability_zone];
  EXPECT_EQ(zones, (std::map<std::string, int>{{"us-east-1a", 2}, {"us-east-1b", 1}}));
  const auto& task = answer.tasks->front();
  EXPECT_EQ(*task.last_status, "PROVISIONING");
  EXPECT_EQ(*task.desired_status, "RUNNING");
  EXPECT_EQ(*task.group, "family:learner-svc-task");
  EXPECT_EQ(*task.cpu, "256");
  EXPECT_EQ(*task.memory, "512");
  EXPECT_EQ(task.tags->size(), 2u);
  EXPECT_EQ(task.containers->size(), 1u);
  EXPECT_EQ(*task.overrides->container_overrides->front().name, "web");
}

TEST_F(EcsTasks, RunTaskRefusals) {
  EXPECT_EQ(refusal(run_task, run(11)), "InvalidParameterException: count must be between 1 and 10.");
  auto request = run();
  request.overrides.emplace().container_overrides.emplace().emplace_back().name = "db";
  EXPECT_EQ(
      refusal(run_task, request),
      "InvalidParameterException: Override for container named db is not a container in the TaskDefinition.");
  request = run();
  request.group = "service:x";
  EXPECT_EQ(refusal(run_task, request),
            "InvalidParameterException: The group name can not start with service:");
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    store_.erase<iam::RoleRow>("learner-task-role");
    return {};
  }));
  EXPECT_TRUE(refusal(run_task, run())
                  .starts_with("ClientException: ECS was unable to assume the role "
                               "'arn:aws:iam::123456789012:role/learner-task-role' that "
                               "was provided for this task."));
  EXPECT_TRUE(store_.all<TaskRow>().empty());
}

TEST_F(EcsTasks, TheSameTokenRunsNothingTwice) {
  auto request = run(2);
  request.client_token = "token";
  const auto first = ok(run_task, request);
  const auto again = ok(run_task, request);
  EXPECT_EQ(again.tasks->size(), 2u);
  EXPECT_EQ(store_.all<TaskRow>().size(), 2u);
}

TEST_F(EcsTasks, MemoryIsNeverGivenTwice) {
  settings_.host_memory_bytes = 1100ll * 1024 * 1024;
  const auto answer = ok(run_task, run(3));
  EXPECT_EQ(answer.tasks->size(), 2u);
  ASSERT_EQ(answer.failures->size(), 1u);
  EXPECT_EQ(
      *answer.failures->front().reason,
      "Capacity is unavailable at this time. Please try again later or in a different availability zone.");
}

TEST_F(EcsTasks, CpuIsGivenUpToItsOvercommit) {
  settings_.host_vcpu = 1;
  settings_.cpu_overcommit = 2;
  EXPECT_EQ(ok(run_task, run(9)).tasks->size(), 8u);
}

TEST_F(EcsTasks, ListAndDescribe) {
  auto request = run(2);
  request.started_by = "me";
  const auto mine = ok(run_task, request);
  ok(run_task, run(1));
  ListTasksRequest list{.cluster = "learner-cluster", .started_by = "me"};
  EXPECT_EQ(ok(list_tasks, list).task_arns->size(), 2u);
  list.started_by.reset();
  list.max_results = 2;
  const auto page = ok(list_tasks, list);
  list.next_token = page.next_token;
  EXPECT_EQ(ok(list_tasks, list).task_arns->size(), 1u);
  EXPECT_EQ(
      ok(list_tasks, ListTasksRequest{.cluster = "learner-cluster", .family = "other"}).task_arns->size(),
      0u);
  EXPECT_EQ(refusal(list_tasks, ListTasksRequest{.cluster = "learner-cluster", .service_name = "x"}),
            "ServiceNotFoundException: Service not found.");
  const auto described = ok(
      describe_tasks, DescribeTasksRequest{.tasks = {{*mine.tasks->front().task_arn, std::string(32, 'a')}},
                                           .cluster = "learner-cluster"});
  EXPECT_EQ(described.tasks->size(), 1u);
  ASSERT_EQ(described.failures->size(), 1u);
  EXPECT_EQ(*described.failures->front().reason, "MISSING");
  EXPECT_EQ(refusal(describe_tasks, DescribeTasksRequest{.tasks = {{"short"}}, .cluster = "learner-cluster"}),
            "InvalidParameterException: taskId length should be one of [32,36]");
}

TEST_F(EcsTasks, OverridesFitIntoTheTask) {
  auto request = run();
  auto& container = request.overrides.emplace().container_overrides.emplace().emplace_back();
  container.name = "web";
  container.memory = 1024;
  EXPECT_EQ(refusal(run_task, request),
            "InvalidParameterException: The 'memory' setting for container 'web' is greater than for the "
            "task.");
  request.overrides->memory = "1024";
  EXPECT_EQ(refusal(run_task, request), "accepted");
  container.cpu = 512;
  EXPECT_EQ(
      refusal(run_task, request),
      "InvalidParameterException: Total cpu of containers (512) should not exceed cpu of the task (256).");
  container.cpu = 256;
  container.memory_reservation = 2048;
  EXPECT_EQ(
      refusal(run_task, request),
      "InvalidParameterException: Invalid setting for container 'web'. 'memory' must be greater than or "
      "equal to 'memoryReservation'.");
}

TEST_F(EcsTasks, StartedByIsTheOnlyFilter) {
  ListTasksRequest list{.cluster = "learner-cluster", .family = "learner-svc-task", .started_by = "me"};
  EXPECT_EQ(refusal(list_tasks, list),
            "InvalidParameterException: startedBy must be the only filter that is used.");
  list.family.reset();
  list.desired_status = "STOPPED";
  EXPECT_EQ(refusal(list_tasks, list), "accepted");
}

TEST_F(EcsTasks, ReasonsOfStopsAreLimited) {
  const auto answer = ok(run_task, run());
  StopTaskRequest stop{.task = *answer.tasks->front().task_arn, .cluster = "learner-cluster"};
  stop.reason = std::string(256, 'x');
  EXPECT_EQ(refusal(stop_task, stop), "InvalidParameterException: reason can have at most 255 characters.");
  stop.reason->pop_back();
  EXPECT_EQ(refusal(stop_task, stop), "accepted");
}

TEST_F(EcsTasks, StopKeepsTheFirstReason) {
  const auto answer = ok(run_task, run());
  StopTaskRequest stop{.task = *answer.tasks->front().task_arn, .cluster = "learner-cluster"};
  EXPECT_EQ(*ok(stop_task, stop).task->stopped_reason, "Task stopped by user");
  stop.reason = "again";
  const auto task = ok(stop_task, stop).task;
  EXPECT_EQ(*task->stopped_reason, "Task stopped by user");
  EXPECT_EQ(*task->stop_code, "UserInitiated");
  EXPECT_EQ(*task->desired_status, "STOPPED");
  stop.task = std::string(32, 'a');
  EXPECT_EQ(refusal(stop_task, stop), "InvalidParameterException: The referenced task was not found.");
}

TEST(EcsCapacityProviders, BasesFirstThenByWeight) {
  const std::vector<CapacityProviderStrategyItem> strategy{
      {.capacity_provider = "FARGATE", .weight = 1, .base = 1},
      {.capacity_provider = "FARGATE_SPOT", .weight = 2}};
  std::map<std::string, int> counts;
  for (int i = 0; i < 7; ++i) ++counts[next_capacity_provider(strategy, counts)];
  EXPECT_EQ(counts, (std::map<std::string, int>{{"FARGATE", 3}, {"FARGATE_SPOT", 4}}));
}

TEST_F(EcsTasks, Clusters) {
  ok(create_cluster, CreateClusterRequest{.cluster_name = "other", .tags = {{{.key = "a", .value = "b"}}}});
  EXPECT_EQ(ok(list_clusters, ListClustersRequest{}).cluster_arns->size(), 2u);
  ok(run_task, run(2));
  const auto described =
      ok(describe_clusters,
         DescribeClustersRequest{.clusters = {{"learner-cluster", "nowhere"}}, .include = {{"TAGS"}}});
  EXPECT_EQ(*described.clusters->front().pending_tasks_count, 2);
  EXPECT_EQ(*described.failures->front().reason, "MISSING");
  EXPECT_EQ(refusal(delete_cluster, DeleteClusterRequest{.cluster = "learner-cluster"}),
            "ClusterContainsTasksException: The Cluster cannot be deleted while Tasks are active.");
  EXPECT_EQ(*ok(delete_cluster, DeleteClusterRequest{.cluster = "other"}).cluster->status, "INACTIVE");
  EXPECT_EQ(ok(list_clusters, ListClustersRequest{}).cluster_arns->size(), 1u);
  const auto updated =
      ok(update_cluster_settings,
         UpdateClusterSettingsRequest{.cluster = "learner-cluster",
                                      .settings = {{{.name = "containerInsights", .value = "enabled"}}}});
  EXPECT_EQ(*updated.cluster->settings->front().value, "enabled");
}

}  // namespace
}  // namespace berth::ecs
