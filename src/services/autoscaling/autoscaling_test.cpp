#include "services/autoscaling/autoscaling_fixture.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/orders.h"

namespace berth::autoscaling {
namespace {

class AutoscalingTest : public AutoscalingFixture {
 protected:
  DescribeScalableTargetsResponse targets() {
    DescribeScalableTargetsRequest request;
    request.service_namespace = "ecs";
    return *call(describe_scalable_targets, request);
  }
  DescribeScalingPoliciesResponse policies(std::optional<std::string> token = {}) {
    DescribeScalingPoliciesRequest request;
    request.service_namespace = "ecs";
    request.next_token = std::move(token);
    return *call(describe_scaling_policies, request);
  }
  PutScheduledActionRequest schedule_request(const std::string& name, const std::string& schedule) {
    PutScheduledActionRequest request;
    request.service_namespace = "ecs";
    request.resource_id = learner;
    request.scalable_dimension = count_dimension;
    request.scheduled_action_name = name;
    request.schedule = schedule;
    request.scalable_target_action.emplace().min_capacity = 2;
    return request;
  }
};

TEST_F(AutoscalingTest, RegisteringMakesATargetAndTheServiceLinkedRole) {
  register_target(1, 5);
  const auto target = targets().scalable_targets->at(0);
  EXPECT_EQ(target.min_capacity, 1);
  EXPECT_EQ(target.max_capacity, 5);
  EXPECT_EQ(target.role_arn,
            "arn:aws:iam::123456789012:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
            "AWSServiceRoleForApplicationAutoScaling_ECSService");
  EXPECT_TRUE(target.scalable_target_arn->starts_with(
      "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/"));
  EXPECT_FALSE(*target.suspended_state->dynamic_scaling_in_suspended);
  EXPECT_TRUE(activities().empty());
  EXPECT_EQ(desired(), 1);
}

TEST_F(AutoscalingTest, RegisteringAgainChangesOnlyWhatIsGiven) {
  register_target(1, 5);
  const auto arn = targets().scalable_targets->at(0).scalable_target_arn;
  auto request = target_request({}, 8);
  request.suspended_state.emplace().scheduled_scaling_suspended = true;
  ASSERT_TRUE(call(register_scalable_target, request));
  const auto target = targets().scalable_targets->at(0);
  EXPECT_EQ(target.min_capacity, 1);
  EXPECT_EQ(target.max_capacity, 8);
  EXPECT_EQ(target.scalable_target_arn, arn);
  EXPECT_TRUE(*target.suspended_state->scheduled_scaling_suspended);
}

TEST_F(AutoscalingTest, RegisteringMovesTheDesiredCountInside) {
  register_target(3, 5);
  EXPECT_EQ(desired(), 3);
  auto activity = activities().at(0);
  EXPECT_EQ(activity.description, "Setting desired count to 3.");
  EXPECT_EQ(activity.cause, "minimum capacity was set to 3");
  EXPECT_EQ(activity.status_code, "InProgress");
  EXPECT_EQ(activity.status_message,
            "Successfully set desired count to 3. Waiting for change to be fulfilled by ecs.");
  register_target(0, 2);
  EXPECT_EQ(desired(), 2);
  EXPECT_EQ(activities().at(0).cause, "maximum capacity was set to 2");
}

TEST_F(AutoscalingTest, RefusesWhatCannotBeScaled) {
  auto request = target_request(1, {});
  EXPECT_EQ(code_of(register_scalable_target, request), "ValidationException");
  EXPECT_EQ(code_of(register_scalable_target, target_request(-1, 5)), "ValidationException");
  EXPECT_EQ(code_of(register_scalable_target, target_request(6, 5)), "ValidationException");
  request = target_request(1, 5);
  request.resource_id = "service/learner-cluster/other";
  EXPECT_EQ(message_of(register_scalable_target, request),
            "ECS service doesn't exist: service/learner-cluster/other");
  request.resource_id = "learner";
  EXPECT_EQ(message_of(register_scalable_target, request),
            "Unsupported service namespace, resource type or scalable dimension");
  request.service_namespace = "dynamodb";
  EXPECT_EQ(code_of(register_scalable_target, request), "NotImplemented");
  EXPECT_TRUE(targets().scalable_targets->empty());
}

TEST_F(AutoscalingTest, APolicyNeedsATarget) {
  EXPECT_EQ(code_of(put_scaling_policy, tracking_request()), "ObjectNotFoundException");
  EXPECT_EQ(message_of(put_scaling_policy, tracking_request()),
            "No scalable target registered for service namespace: ecs, resource ID: "
            "service/learner-cluster/learner, scalable dimension: ecs:service:DesiredCount");
}

TEST_F(AutoscalingTest, TargetTrackingMakesItsTwoAlarms) {
  register_target(1, 5);
  const auto put = put_policy(tracking_request());
  EXPECT_TRUE(put.policy_arn->starts_with("arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:"));
  EXPECT_TRUE(put.policy_arn->ends_with(":resource/ecs/service/learner-cluster/learner:policyName/cpu"));
  ASSERT_EQ(put.alarms->size(), 2u);
  const auto& high = alarm(*put.alarms->at(0).alarm_name);
  const auto& low = alarm(*put.alarms->at(1).alarm_name);
  EXPECT_TRUE(high.alarm_name->starts_with("TargetTracking-service/learner-cluster/learner-AlarmHigh-"));
  EXPECT_EQ(high.comparison_operator, "GreaterThanThreshold");
  EXPECT_EQ(high.threshold, 40);
  EXPECT_EQ(high.evaluation_periods, 3);
  EXPECT_FALSE(high.datapoints_to_alarm);
  EXPECT_EQ(high.namespace_, "AWS/ECS");
  EXPECT_EQ(high.unit, "Percent");
  EXPECT_EQ(high.dimensions->size(), 2u);
  EXPECT_TRUE(high.alarm_actions->at(0).starts_with(*put.policy_arn + ":createdBy/"));
  EXPECT_EQ(find_policy(store, high.alarm_actions->at(0)), &policy());
  EXPECT_EQ(low.comparison_operator, "LessThanThreshold");
  EXPECT_EQ(low.threshold, 36);
  EXPECT_EQ(low.evaluation_periods, 15);
}

TEST_F(AutoscalingTest, AnUpdateKeepsTheArnAndRenewsTheAlarms) {
  register_target(1, 5);
  const auto first = put_policy(tracking_request());
  const auto same = put_policy(tracking_request());
  EXPECT_EQ(same.alarms->at(0).alarm_name, first.alarms->at(0).alarm_name);
  auto request = tracking_request();
  request.target_tracking_scaling_policy_configuration->disable_scale_in = true;
  const auto changed = put_policy(request);
  EXPECT_EQ(changed.policy_arn, first.policy_arn);
  ASSERT_EQ(changed.alarms->size(), 1u);
  EXPECT_NE(changed.alarms->at(0).alarm_name, first.alarms->at(0).alarm_name);
  EXPECT_EQ(store.all<cloudwatch::AlarmRow>().size(), 1u);
}

TEST_F(AutoscalingTest, ASecondPolicyOnTheSameMetricIsRefused) {
  register_target(1, 5);
  put_policy(tracking_request());
  EXPECT_EQ(message_of(put_scaling_policy, tracking_request("again")),
            "Only one TargetTrackingScaling policy for a given metric specification is allowed.");
  put_policy(tracking_request("memory", "ECSServiceAverageMemoryUtilization"));
}

TEST_F(AutoscalingTest, RefusesPoliciesThatCannotWork) {
  register_target(1, 5);
  auto request = tracking_request();
  request.target_tracking_scaling_policy_configuration->target_value = 0;
  EXPECT_EQ(code_of(put_scaling_policy, request), "ValidationException");
  EXPECT_EQ(message_of(put_scaling_policy,
                       tracking_request("fast", "ECSServiceAverageCPUUtilizationHighResolution")),
            "High-resolution metrics are not fully enabled on the ECS service.");
  EXPECT_EQ(message_of(put_scaling_policy, tracking_request("requests", "ALBRequestCountPerTarget")),
            "Resource label should be specified for predefined metric type ALBRequestCountPerTarget");
  EXPECT_EQ(code_of(put_scaling_policy, policy_request("bare", "StepScaling")), "ValidationException");
  EXPECT_EQ(code_of(put_scaling_policy, policy_request("future", "PredictiveScaling")), "NotImplemented");
  request = step_request("step", 1);
  request.step_scaling_policy_configuration->step_adjustments->push_back({});
  EXPECT_EQ(code_of(put_scaling_policy, request), "ValidationException");
  EXPECT_TRUE(store.all<cloudwatch::AlarmRow>().empty());
  EXPECT_TRUE(store.all<ScalingPolicyRow>().empty());
}

TEST_F(AutoscalingTest, RequestsPerTargetNeedTheServicesOwnTargetGroup) {
  register_target(1, 5);
  auto request = tracking_request("requests", "ALBRequestCountPerTarget");
  request.target_tracking_scaling_policy_configuration->predefined_metric_specification->resource_label =
      "app/lb/1/targetgroup/learner/2";
  EXPECT_EQ(message_of(put_scaling_policy, request),
            "Target group targetgroup/learner/2 is not attached to resource service/learner-cluster/learner");
  write([&] {
    ecs::LoadBalancer balancer;
    balancer.target_group_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/learner/2";
    store.edit<ecs::ServiceRow>(learner_key)->load_balancers = {balancer};
  });
  const auto put = put_policy(request);
  EXPECT_EQ(alarm(*put.alarms->at(0).alarm_name).statistic, "Sum");
}

TEST_F(AutoscalingTest, MetricMathBecomesTheAlarmsMetrics) {
  register_target(1, 5);
  auto request = policy_request("math", "TargetTrackingScaling");
  auto& config = request.target_tracking_scaling_policy_configuration.emplace();
  config.target_value = 10;
  TargetTrackingMetricDataQuery queue, per_task;
  queue.id = "m1";
  queue.return_data = false;
  queue.metric_stat.emplace().stat = "Sum";
  queue.metric_stat->metric.emplace().metric_name = "Depth";
  queue.metric_stat->metric->namespace_ = "Queue";
  per_task.id = "e1";
  per_task.expression = "m1 / 2";
  config.customized_metric_specification.emplace().metrics = {queue, per_task};
  const auto put = put_policy(request);
  const auto& high = alarm(*put.alarms->at(0).alarm_name);
  ASSERT_EQ(high.metrics->size(), 2u);
  EXPECT_EQ(high.metrics->at(0).metric_stat->period, 60);
  EXPECT_EQ(high.metrics->at(1).return_data, true);
  EXPECT_FALSE(high.metric_name);
  config.customized_metric_specification->metrics->at(0).return_data = true;
  EXPECT_EQ(code_of(put_scaling_policy, request), "ValidationException");
}

TEST_F(AutoscalingTest, AStepPolicyListsTheAlarmsThatCallItAndLeavesThemBehind) {
  register_target(1, 5);
  const auto put = put_policy(step_request("step", 2));
  EXPECT_TRUE(put.alarms->empty());
  cloudwatch::PutMetricAlarmInput request;
  request.alarm_name = "busy";
  request.metric_name = "Depth";
  request.namespace_ = "Queue";
  request.statistic = "Average";
  request.period = 60;
  request.evaluation_periods = 1;
  request.threshold = 100;
  request.comparison_operator = "GreaterThanThreshold";
  request.alarm_actions = {*put.policy_arn};
  ASSERT_TRUE(call(cloudwatch::put_metric_alarm, request));
  EXPECT_EQ(policies().scaling_policies->at(0).alarms->at(0).alarm_name, "busy");
  DeleteScalingPolicyRequest gone;
  gone.policy_name = "step";
  gone.service_namespace = "ecs";
  gone.resource_id = learner;
  gone.scalable_dimension = count_dimension;
  ASSERT_TRUE(call(delete_scaling_policy, gone));
  EXPECT_TRUE(alarm("busy").alarm_actions->empty());
  EXPECT_EQ(
      message_of(delete_scaling_policy, gone),
      "No scaling policy found for service namespace: ecs, resource ID: service/learner-cluster/learner, "
      "scalable dimension: ecs:service:DesiredCount, policy name: step");
}

TEST_F(AutoscalingTest, DeregisteringRemovesPoliciesAlarmsAndSchedules) {
  register_target(1, 5);
  put_policy(tracking_request());
  ASSERT_TRUE(call(put_scheduled_action, schedule_request("night", "cron(0 22 * * ? *)")));
  DeregisterScalableTargetRequest request;
  request.service_namespace = "ecs";
  request.resource_id = learner;
  request.scalable_dimension = count_dimension;
  ASSERT_TRUE(call(deregister_scalable_target, request));
  EXPECT_TRUE(store.all<ScalingPolicyRow>().empty());
  EXPECT_TRUE(store.all<ScheduledActionRow>().empty());
  EXPECT_TRUE(store.all<cloudwatch::AlarmRow>().empty());
  EXPECT_EQ(code_of(deregister_scalable_target, request), "ObjectNotFoundException");
  EXPECT_EQ(message_of(deregister_scalable_target, request),
            "No scalable target found for service namespace: ecs, resource ID: " + std::string(learner) +
                ", scalable dimension: ecs:service:DesiredCount");
}

TEST_F(AutoscalingTest, PoliciesComeInPagesOfTen) {
  register_target(1, 5);
  for (int i = 0; i < 12; ++i) put_policy(step_request(fmt::format("step-{:02}", i), 1));
  const auto first = policies();
  EXPECT_EQ(first.scaling_policies->size(), 10u);
  ASSERT_TRUE(first.next_token);
  const auto second = policies(first.next_token);
  EXPECT_EQ(second.scaling_policies->size(), 2u);
  EXPECT_EQ(second.scaling_policies->at(0).policy_name, "step-10");
  DescribeScalingPoliciesRequest request;
  request.service_namespace = "ecs";
  request.next_token = "nonsense";
  EXPECT_EQ(code_of(describe_scaling_policies, request), "InvalidNextTokenException");
}

TEST_F(AutoscalingTest, ScheduledActionsAreKeptAndUpdated) {
  register_target(1, 5);
  auto request = schedule_request("night", "cron(0 22 * * ? *)");
  request.start_time = loop.now() + Duration::minutes(1);
  request.timezone = "Europe/Berlin";
  ASSERT_TRUE(call(put_scheduled_action, request));
  auto update = schedule_request("night", "rate(5 minutes)");
  ASSERT_TRUE(call(put_scheduled_action, update));
  DescribeScheduledActionsRequest wanted;
  wanted.service_namespace = "ecs";
  const auto action = call(describe_scheduled_actions, wanted)->scheduled_actions->at(0);
  EXPECT_EQ(action.schedule, "rate(5 minutes)");
  EXPECT_EQ(action.timezone, "Europe/Berlin");
  EXPECT_FALSE(action.start_time);
  EXPECT_TRUE(action.scheduled_action_arn->ends_with(":scheduledActionName/night"));
  request.timezone = "Europe/Nowhere";
  EXPECT_EQ(code_of(put_scheduled_action, request), "ValidationException");
  EXPECT_EQ(code_of(put_scheduled_action, schedule_request("x", "cron(0 22)")), "ValidationException");
}

TEST_F(AutoscalingTest, TagsOfATarget) {
  auto request = target_request(1, 5);
  request.tags = std::map<std::string, std::string>{{"team", "a"}};
  const auto arn = call(register_scalable_target, request)->scalable_target_arn;
  ASSERT_TRUE(
      call(tag_resource, TagResourceRequest{arn, std::map<std::string, std::string>{{"stage", "test"}}}));
  ASSERT_TRUE(call(untag_resource, UntagResourceRequest{arn, std::vector<std::string>{"team"}}));
  EXPECT_EQ(call(list_tags_for_resource, ListTagsForResourceRequest{arn})->tags,
            (std::map<std::string, std::string>{{"stage", "test"}}));
  EXPECT_EQ(code_of(list_tags_for_resource, ListTagsForResourceRequest{"arn:aws:x"}),
            "ResourceNotFoundException");
}

TEST_F(AutoscalingTest, ActivitiesAreKeptForSixWeeks) {
  register_target(2, 5);
  loop.run_for(Duration::minutes(60 * 24 * 43));
  register_target(3, 5);
  ASSERT_EQ(activities().size(), 1u);
  EXPECT_EQ(activities().at(0).description, "Setting desired count to 3.");
}

}  // namespace
}  // namespace berth::autoscaling
