#include "control/target_tracking_alarms.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

constexpr auto resource = "service/learner-cluster/learner-svc-service";
constexpr auto policy =
    "arn:aws:autoscaling:eu-west-1:000000000000:scalingPolicy:aaaa:resource/ecs/service/learner-cluster/"
    "learner-svc-service:policyName/dev";
const TrackingAlarmIds ids{"1111", "2222", "3333"};

TEST(TrackingAlarms, AreTheTwoThatAwsMakes) {
  const auto metric = predefined_metric("ECSServiceAverageCPUUtilization", resource, "").value();
  EXPECT_EQ(metric.name_space, "AWS/ECS");
  EXPECT_EQ(metric.metric_name, "CPUUtilization");
  EXPECT_EQ(metric.dimensions, (std::vector<MetricDimension>{{"ClusterName", "learner-cluster"},
                                                             {"ServiceName", "learner-svc-service"}}));
  const auto alarms = tracking_alarms(resource, policy, metric, 40, false, ids);
  ASSERT_EQ(alarms.size(), 2u);
  EXPECT_EQ(alarms[0].name, "TargetTracking-service/learner-cluster/learner-svc-service-AlarmHigh-1111");
  EXPECT_EQ(alarms[1].name, "TargetTracking-service/learner-cluster/learner-svc-service-AlarmLow-2222");
  for (const auto& alarm : alarms) {
    EXPECT_EQ(alarm.action_arn, std::string(policy) + ":createdBy/3333");
    EXPECT_EQ(alarm.description,
              "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy " + alarm.action_arn + ".");
    EXPECT_EQ(alarm.rule.period_s, 60);
    EXPECT_EQ(alarm.rule.statistic, "Average");
    EXPECT_EQ(alarm.rule.unit, "Percent");
    EXPECT_FALSE(alarm.rule.datapoints_to_alarm);
    EXPECT_EQ(alarm.rule.treat_missing_data, MissingData::Missing);
  }
  EXPECT_EQ(alarms[0].rule.comparison, Comparison::GreaterThan);
  EXPECT_EQ(alarms[0].rule.threshold, 40);
  EXPECT_EQ(alarms[0].rule.evaluation_periods, 3);
  EXPECT_EQ(alarms[1].rule.comparison, Comparison::LessThan);
  EXPECT_EQ(alarms[1].rule.threshold, 36);
  EXPECT_EQ(alarms[1].rule.evaluation_periods, 15);
}

TEST(TrackingAlarms, LowThresholdsSeenOnAws) {
  const auto metric = predefined_metric("ECSServiceAverageMemoryUtilization", resource, "").value();
  for (const auto& [target, low] : {std::pair{70.0, 63.0}, {80.0, 72.0}, {50.0, 45.0}}) {
    EXPECT_EQ(tracking_alarms(resource, policy, metric, target, false, ids)[1].rule.threshold, low);
  }
}

TEST(TrackingAlarms, OnlyHighWhenScaleInIsDisabled) {
  const auto metric = predefined_metric("ECSServiceAverageCPUUtilization", resource, "").value();
  EXPECT_EQ(tracking_alarms(resource, policy, metric, 40, true, ids).size(), 1u);
}

TEST(TrackingAlarms, HighResolution) {
  const auto metric =
      predefined_metric("ECSServiceAverageCPUUtilizationHighResolution", resource, "").value();
  const auto alarms = tracking_alarms(resource, policy, metric, 40, false, ids);
  EXPECT_EQ(alarms[0].rule.period_s, 20);
  EXPECT_EQ(alarms[0].rule.evaluation_periods, 3);
  EXPECT_EQ(alarms[1].rule.evaluation_periods, 30);
}

TEST(TrackingAlarms, RequestCountPerTargetComesFromTheLabel) {
  const auto metric =
      predefined_metric("ALBRequestCountPerTarget", resource, "app/lb/0123/targetgroup/tg/4567").value();
  EXPECT_EQ(metric.dimensions, (std::vector<MetricDimension>{{"LoadBalancer", "app/lb/0123"},
                                                             {"TargetGroup", "targetgroup/tg/4567"}}));
  EXPECT_EQ(metric.statistic, "Sum");
  EXPECT_EQ(metric.unit, "None");
  EXPECT_EQ(predefined_metric("ALBRequestCountPerTarget", resource, "").error().message,
            "Resource label should be specified for predefined metric type ALBRequestCountPerTarget");
  EXPECT_FALSE(predefined_metric("ALBRequestCountPerTarget", resource, "lb/targetgroup"));
  EXPECT_FALSE(predefined_metric("RDSReaderAverageCPUUtilization", resource, ""));
}

TEST(TrackingAlarms, UnitDoesNotTellMetricsApart) {
  ScalingMetric a{"App", "Jobs", {{"a", "1"}, {"b", "2"}}};
  ScalingMetric b{"App", "Jobs", {{"b", "2"}, {"a", "1"}}};
  b.unit = "Count";
  EXPECT_TRUE(same_metric(a, b));
  b.statistic = "Sum";
  EXPECT_FALSE(same_metric(a, b));
}

}  // namespace
}  // namespace berth::control
