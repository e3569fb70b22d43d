#include "services/ecs/ecs_fixture.h"
#include "services/ecs/service_view.h"

namespace berth::ecs {
namespace {

class EcsServices : public EcsFixture {
 protected:
  EcsServices() { ok(register_task_definition, learner_definition()); }

  template <class Change>
  std::string refused(Change change) {
    auto request = learner_service();
    change(request);
    return refusal(create_service, request);
  }
  UpdateServiceRequest update() { return {.service = "learner", .cluster = "learner-cluster"}; }
};

TEST_F(EcsServices, CreateAnswersEveryKeyThatAwsDoes) {
  ok(create_service, learner_service(2));
  const Service service = describe();
  EXPECT_EQ(*service.service_arn, "arn:aws:ecs:us-east-1:123456789012:service/learner-cluster/learner");
  EXPECT_EQ(*service.cluster_arn, "arn:aws:ecs:us-east-1:123456789012:cluster/learner-cluster");
  EXPECT_EQ(*service.status, "ACTIVE");
  EXPECT_EQ(*service.desired_count, 2);
  EXPECT_EQ(*service.running_count, 0);
  EXPECT_EQ(*service.pending_count, 0);
  EXPECT_EQ(*service.launch_type, "FARGATE");
  EXPECT_EQ(*service.platform_version, "LATEST");
  EXPECT_EQ(*service.platform_family, "Linux");
  EXPECT_EQ(*service.availability_zone_rebalancing, "ENABLED");
  EXPECT_EQ(*service.resource_management_type, "CUSTOMER");
  EXPECT_EQ(*service.created_by, "arn:aws:iam::123456789012:root");
  EXPECT_TRUE(service.role_arn->ends_with("AWSServiceRoleForECS"));
  const auto& configuration = *service.deployment_configuration;
  EXPECT_EQ(*configuration.maximum_percent, 200);
  EXPECT_EQ(*configuration.minimum_healthy_percent, 100);
  EXPECT_EQ(*configuration.strategy, "ROLLING");
  EXPECT_EQ(*configuration.bake_time_in_minutes, 0);
  EXPECT_FALSE(*configuration.deployment_circuit_breaker->enable);
  EXPECT_EQ(*configuration.deployment_circuit_breaker->threshold_configuration->value, 50);
  ASSERT_EQ(service.deployments->size(), 1u);
  const auto& deployment = service.deployments->front();
  EXPECT_EQ(deployment.id->size(), 8u + 19u);
  EXPECT_EQ(*deployment.status, "PRIMARY");
  EXPECT_EQ(*deployment.rollout_state, "IN_PROGRESS");
  EXPECT_EQ(*deployment.rollout_state_reason, "ECS deployment " + *deployment.id + " in progress.");
  EXPECT_EQ(*deployment.platform_version, "1.4.0");
  EXPECT_EQ(service.current_service_revisions->size(), 1u);
  EXPECT_TRUE(service.current_service_deployment);
  EXPECT_TRUE(service.events->empty());
}

TEST_F(EcsServices, CreationIsIdempotentByTokenOnly) {
  auto request = learner_service();
  request.client_token = "token";
  const auto first = ok(create_service, request);
  const auto again = ok(create_service, request);
  EXPECT_EQ(*again.service->deployments->front().id, *first.service->deployments->front().id);
  request.client_token = "other";
  EXPECT_EQ(refusal(create_service, request),
            "InvalidParameterException: Creation of service was not idempotent.");
}

TEST_F(EcsServices, AMonitoringConfigurationIsARevisionsAndStartsADeployment) {
  const auto every = [](std::int64_t seconds) {
    return MonitoringConfiguration{
        std::vector<MetricConfiguration>{{std::vector<std::string>{"CPUUtilization"}, seconds}}};
  };
  ok(create_service, learner_service(1));
  const auto first = *describe().deployments->front().id;
  auto request = update();
  request.monitoring = every(20);
  ok(update_service, request);
  const auto service = describe();
  EXPECT_NE(*service.deployments->front().id, first);
  const auto revisions = ok(
      describe_service_revisions,
      {.service_revision_arns = std::vector<std::string>{*service.current_service_revisions->front().arn}});
  ASSERT_TRUE(revisions.service_revisions->front().monitoring);
  EXPECT_EQ(
      revisions.service_revisions->front().monitoring->metric_configurations->front().resolution_seconds, 20);
  request.monitoring = every(30);
  EXPECT_EQ(refusal(update_service, request),
            "InvalidParameterException: The resolutionSeconds of a metric configuration must be 20 or 60.");
}

TEST_F(EcsServices, Refusals) {
  EXPECT_EQ(refused([](auto& r) { r.cluster = "nowhere"; }), "ClusterNotFoundException: Cluster not found.");
  EXPECT_EQ(refused([](auto& r) { r.task_definition = "nothing"; }),
            "ClientException: TaskDefinition not found.");
  EXPECT_EQ(refused([](auto& r) { r.network_configuration.reset(); }),
            "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is "
            "specified.");
  EXPECT_EQ(
      refused([](auto& r) { r.network_configuration->awsvpc_configuration->subnets->push_back("subnet-x"); }),
      "InvalidParameterException: Error retrieving subnet information for [subnet-x]: The subnet ID "
      "'subnet-x' "
      "does not exist (ErrorCode: InvalidSubnetID.NotFound)");
  EXPECT_EQ(refused([](auto& r) { r.load_balancers->front().container_name = "db"; }),
            "InvalidParameterException: The container db does not exist in the task definition.");
  EXPECT_EQ(refused([](auto& r) { r.load_balancers->front().container_port = 81; }),
            "InvalidParameterException: The container web did not have a container port 81 defined.");
  EXPECT_EQ(refused([](auto& r) { r.launch_type = "EC2"; }),
            "UnsupportedFeatureException: berth does not support the launch type EC2.");
  EXPECT_EQ(refused([](auto& r) { r.deployment_controller = DeploymentController{.type = "CODE_DEPLOY"}; }),
            "UnsupportedFeatureException: berth does not support the deployment controller CODE_DEPLOY.");
  EXPECT_EQ(refused([](auto& r) { r.enable_execute_command = true; }),
            "UnsupportedFeatureException: berth does not support enableExecuteCommand.");
  EXPECT_EQ(refused([](auto& r) {
              r.load_balancers.reset();
              r.health_check_grace_period_seconds = 60;
            }),
            "InvalidParameterException: Health check grace period is only valid for services configured to "
            "use load "
            "balancers");
  EXPECT_EQ(
      refused([](auto& r) { r.deployment_configuration = DeploymentConfiguration{.maximum_percent = 100}; }),
      "InvalidParameterException: Both maximumPercent and minimumHealthyPercent cannot be 100 as this will "
      "block deployments.");
  EXPECT_TRUE(store_.all<ServiceRow>().empty());
}

TEST_F(EcsServices, TargetGroupWithoutLoadBalancerIsRefused) {
  ASSERT_TRUE(store_.transact([&]() -> Result<> {
    store_.erase<elbv2::ListenerRow>("listener");
    return {};
  }));
  EXPECT_EQ(refused([](auto&) {}),
            std::string("InvalidParameterException: The target group with targetGroupArn ") +
                learner_target_group + " does not have an associated load balancer.");
}

TEST_F(EcsServices, OnlyChangesOfWhatRunsAreNewDeployments) {
  ok(create_service, learner_service());
  const std::string first = *describe().deployments->front().id;
  auto request = update();
  request.desired_count = 3;
  request.health_check_grace_period_seconds = 10;
  EXPECT_EQ(*ok(update_service, request).service->deployments->front().id, first);
  EXPECT_EQ(*describe().deployments->front().desired_count, 3);

  request = update();
  request.task_definition = "learner-svc-task";
  EXPECT_EQ(ok(update_service, request).service->deployments->size(), 1u) << "the same revision";
  ok(register_task_definition, learner_definition());
  const auto updated = ok(update_service, request);
  ASSERT_EQ(updated.service->deployments->size(), 2u);
  EXPECT_TRUE(updated.service->task_definition->ends_with(":2"));
  EXPECT_EQ(*updated.service->deployments->at(0).status, "PRIMARY");
  EXPECT_EQ(*updated.service->deployments->at(1).status, "ACTIVE");
  EXPECT_EQ(*updated.service->deployments->at(1).id, first);

  request = update();
  request.force_new_deployment = true;
  EXPECT_EQ(ok(update_service, request).service->deployments->size(), 3u);
  EXPECT_TRUE(deployment_in_progress(*store_.find<ServiceRow>("learner-cluster/learner")));
}

TEST_F(EcsServices, UpdatesThatFailChangeNothing) {
  ok(create_service, learner_service());
  auto request = update();
  request.desired_count = 7;
  request.task_definition = "nothing";
  EXPECT_EQ(refusal(update_service, request), "ClientException: TaskDefinition not found.");
  EXPECT_EQ(*describe().desired_count, 1);
  request.service = "other";
  EXPECT_EQ(refusal(update_service, request), "ServiceNotFoundException: Service not found.");
}

TEST_F(EcsServices, DeleteNeedsZeroOrForce) {
  ok(create_service, learner_service());
  DeleteServiceRequest request{.service = "learner", .cluster = "learner-cluster"};
  EXPECT_EQ(refusal(delete_service, request),
            "InvalidParameterException: The service cannot be stopped while it is scaled above 0.");
  request.force = true;
  EXPECT_EQ(*ok(delete_service, request).service->status, "DRAINING");
  EXPECT_EQ(*describe().desired_count, 0);
  EXPECT_EQ(refusal(create_service, learner_service()),
            "InvalidParameterException: Unable to Start a service that is still Draining.");
  EXPECT_EQ(refusal(update_service, update()), "ServiceNotActiveException: Service was not ACTIVE.");
  EXPECT_EQ(refusal(delete_cluster, DeleteClusterRequest{.cluster = "learner-cluster"}),
            "ClusterContainsServicesException: The Cluster cannot be deleted while Services are active.");
}

TEST_F(EcsServices, DescribeNamesWhatIsMissing) {
  const auto answer = ok(describe_services, DescribeServicesRequest{.services = std::vector<std::string>{"x"},
                                                                    .cluster = "learner-cluster"});
  ASSERT_EQ(answer.failures->size(), 1u);
  EXPECT_EQ(*answer.failures->front().reason, "MISSING");
  EXPECT_EQ(*answer.failures->front().arn, "arn:aws:ecs:us-east-1:123456789012:service/learner-cluster/x");
}

TEST_F(EcsServices, WarnsWhenTheMachineIsTooSmall) {
  settings_.host_memory_bytes = 1024ll * 1024 * 1024;
  ok(create_service, learner_service(3));
  EXPECT_EQ(*describe().events->front().message,
            "(service learner) 3 tasks need 1536 MiB of memory, this machine has 1024 MiB.");
}

TEST_F(EcsServices, DesiredCountIsSetWithoutADeployment) {
  ok(create_service, learner_service());
  EXPECT_TRUE(*store_.transact([&]() -> Result<bool> {
    return set_desired_count(store_, "learner-cluster/learner", 5, loop_.now());
  }));
  EXPECT_EQ(*describe().desired_count, 5);
  EXPECT_EQ(describe().deployments->size(), 1u);
}

TEST_F(EcsServices, DeploymentsAndRevisionsAreDescribed) {
  ok(create_service, learner_service());
  const auto list = ok(list_service_deployments,
                       ListServiceDeploymentsRequest{.service = "learner", .cluster = "learner-cluster"});
  ASSERT_EQ(list.service_deployments->size(), 1u);
  const auto& brief = list.service_deployments->front();
  EXPECT_EQ(*brief.status, "IN_PROGRESS");
  const auto described =
      ok(describe_service_deployments,
         DescribeServiceDeploymentsRequest{.service_deployment_arns = {{*brief.service_deployment_arn}}});
  EXPECT_EQ(*described.service_deployments->front().target_service_revision->requested_task_count, 1);
  const auto revision =
      ok(describe_service_revisions,
         DescribeServiceRevisionsRequest{.service_revision_arns = {{*brief.target_service_revision_arn}}});
  EXPECT_TRUE(revision.service_revisions->front().task_definition->ends_with("learner-svc-task:1"));
}

TEST_F(EcsServices, TagsByArn) {
  ok(create_service, learner_service());
  const std::string arn = *describe().service_arn;
  ok(tag_resource, TagResourceRequest{.resource_arn = arn, .tags = {{{.key = "Name", .value = "a"}}}});
  ok(tag_resource,
     TagResourceRequest{.resource_arn = arn,
                        .tags = {{{.key = "Name", .value = "b"}, {.key = "Team", .value = "c"}}}});
  EXPECT_EQ(ok(list_tags_for_resource, ListTagsForResourceRequest{.resource_arn = arn}).tags->size(), 2u);
  ok(untag_resource, UntagResourceRequest{.resource_arn = arn, .tag_keys = {{"Team"}}});
  const auto tags = ok(list_tags_for_resource, ListTagsForResourceRequest{.resource_arn = arn});
  ASSERT_EQ(tags.tags->size(), 1u);
  EXPECT_EQ(*tags.tags->front().value, "b");
  EXPECT_EQ(refusal(tag_resource, TagResourceRequest{.resource_arn = arn, .tags = {{{.key = "aws:x"}}}}),
            "InvalidParameterException: Tag keys can't start with aws:");
}

}  // namespace
}  // namespace berth::ecs
