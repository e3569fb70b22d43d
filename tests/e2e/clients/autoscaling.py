"""Application Auto Scaling through boto3, on a service of no tasks."""

from clients import ecs
from clients.harness import ClientTest

SERVICE = {"ServiceNamespace": "ecs", "ResourceId": "service/scaled/web", "ScalableDimension": "ecs:service:DesiredCount"}
CPU = {"TargetValue": 40.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
       "ScaleOutCooldown": 120}


class Autoscaling(ClientTest):
    @classmethod
    def setUpClass(cls):
        cls.scaling, cls.ecs = cls.daemon.client("application-autoscaling"), cls.daemon.client("ecs")
        cls.network = ecs.Network(cls.daemon.client("ec2"), "10.40")
        cls.ecs.create_cluster(clusterName="scaled")
        cls.ecs.register_task_definition(**dict(ecs.FARGATE, family="scaled"))
        awsvpc = {"awsvpcConfiguration": {"subnets": cls.network.subnets}}
        cls.ecs.create_service(cluster="scaled", serviceName="web", taskDefinition="scaled", launchType="FARGATE",
                               desiredCount=0, networkConfiguration=awsvpc)

    @classmethod
    def tearDownClass(cls):
        cls.ecs.delete_service(cluster="scaled", service="web", force=True)
        cls.ecs.delete_cluster(cluster="scaled")
        cls.network.remove()

    def setUp(self):
        self.scaling.register_scalable_target(**SERVICE, MinCapacity=0, MaxCapacity=5)

    def tearDown(self):
        if self.targets():
            self.scaling.deregister_scalable_target(**SERVICE)

    def targets(self):
        return self.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]

    def test_life_of_a_target(self):
        scaling = self.scaling
        scaling.register_scalable_target(**SERVICE, MaxCapacity=4, SuspendedState={"DynamicScalingInSuspended": True})
        target = self.targets()[0]
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"]), (0, 4))
        self.assertTrue(target["SuspendedState"]["DynamicScalingInSuspended"])
        self.assertTrue(target["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_ECSService"))
        self.assertEqual(scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"], [])
        scaling.deregister_scalable_target(**SERVICE)
        self.assertEqual(self.targets(), [])
        self.refused("ObjectNotFoundException", "No scalable target registered for service namespace: ecs, resource ID: "
                     "service/scaled/web, scalable dimension: ecs:service:DesiredCount", scaling.put_scaling_policy,
                     **SERVICE, PolicyName="none", PolicyType="TargetTrackingScaling",
                     TargetTrackingScalingPolicyConfiguration=CPU)
        self.refused("ObjectNotFoundException", "", scaling.deregister_scalable_target, **SERVICE)

    def put(self, name, **configuration):
        return self.scaling.put_scaling_policy(**SERVICE, PolicyName=name, PolicyType="TargetTrackingScaling",
                                               TargetTrackingScalingPolicyConfiguration=dict(CPU, **configuration))

    def test_life_of_a_policy(self):
        scaling, cloudwatch = self.scaling, self.client("cloudwatch")
        made = self.put("cpu")
        self.assertRegex(made["PolicyARN"], r"^arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:[0-9a-f-]{36}:"
                         r"resource/ecs/service/scaled/web:policyName/cpu$")
        names = [alarm["AlarmName"] for alarm in made["Alarms"]]
        alarms = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
        self.assertEqual({(a["ComparisonOperator"], a["Threshold"], a["EvaluationPeriods"]) for a in alarms},
                         {("GreaterThanThreshold", 40.0, 3), ("LessThanThreshold", 36.0, 15)})
        self.assertEqual(self.put("cpu", TargetValue=50.0)["PolicyARN"], made["PolicyARN"])
        policy = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"][0]
        self.assertEqual(policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"], 50.0)
        self.refused("ValidationException", "Only one TargetTrackingScaling policy for a given metric specification is "
                     "allowed.", self.put, name="again")
        scaling.put_scaling_policy(**SERVICE, PolicyName="steps", PolicyType="StepScaling", StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]})
        found = self.pages(scaling, "describe_scaling_policies", "ScalingPolicies", 1, ServiceNamespace="ecs")
        self.assertEqual({p["PolicyName"]: p["PolicyType"] for p in found},
                         {"cpu": "TargetTrackingScaling", "steps": "StepScaling"})
        for name in ("cpu", "steps"):
            scaling.delete_scaling_policy(**SERVICE, PolicyName=name)
        self.refused("ObjectNotFoundException", "", scaling.delete_scaling_policy, **SERVICE, PolicyName="cpu")
        self.assertEqual(cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-service/scaled")["MetricAlarms"], [])

    def test_scheduled_actions(self):
        scaling = self.scaling
        put = lambda name, **changed: scaling.put_scheduled_action(**dict(
            SERVICE, ScheduledActionName=name, Schedule="cron(0 8 * * ? *)", ScalableTargetAction={"MinCapacity": 1},
            **changed))
        put("morning", Timezone="Europe/Berlin")
        put("later")
        found = self.pages(scaling, "describe_scheduled_actions", "ScheduledActions", 1, ServiceNamespace="ecs")
        self.assertEqual({a["ScheduledActionName"] for a in found}, {"morning", "later"})
        self.refused("ValidationException", "", scaling.put_scheduled_action, **SERVICE, ScheduledActionName="bad",
                     Schedule="sometimes", ScalableTargetAction={"MinCapacity": 1})
        scaling.delete_scheduled_action(**SERVICE, ScheduledActionName="later")
        self.refused("ObjectNotFoundException", "", scaling.delete_scheduled_action, **SERVICE, ScheduledActionName="later")

    def test_wrong_input(self):
        register = self.scaling.register_scalable_target
        other = dict(SERVICE, ResourceId="service/scaled/none")
        self.refused("ValidationException", "ECS service doesn't exist: service/scaled/none", register, **other,
                     MinCapacity=1, MaxCapacity=2)
        self.refused("ValidationException", "Unsupported service namespace, resource type or scalable dimension", register,
                     **dict(SERVICE, ResourceId="cluster/scaled"), MinCapacity=1, MaxCapacity=2)
        self.refused("ValidationException", "Minimum capacity cannot be greater than maximum capacity", register, **SERVICE,
                     MinCapacity=9, MaxCapacity=2)
        self.refused("ValidationException", "TargetValue must be greater than 0", self.put, name="zero", TargetValue=0.0)
