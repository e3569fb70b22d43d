// The current JavaScript SDK against a running berthd: CloudWatch over JSON and rpc-v2-cbor, and the operations that Debian's
// boto3 is too old to know. Usage: node sdk_v3.mjs SDK_DIR; where berthd is comes from the environment.
// Prints `service Operation` for each call made; the first failed expectation ends it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const { CloudWatch } = require("@aws-sdk/client-cloudwatch");
const { ECS } = require("@aws-sdk/client-ecs");
const { CloudFormation, waitUntilStackCreateComplete } = require("@aws-sdk/client-cloudformation");
const { ApplicationAutoScaling } = require("@aws-sdk/client-application-auto-scaling");
const { ElasticLoadBalancingV2 } = require("@aws-sdk/client-elastic-load-balancing-v2");

const { SmithyRpcV2CborProtocol } = require("@smithy/core/cbor");

const called = new Set();
const contentTypes = new Set();

function client(Client, service, options = {}) {
  const made = new Client({ maxAttempts: 1, ...options });
  made.middlewareStack.add((next, context) => async (args) => {
    called.add(`${service} ${context.commandName.replace(/Command$/, "")}`);
    contentTypes.add(args.request.headers["content-type"]);
    return next(args);
  }, { step: "finalizeRequest" });
  return made;
}

async function refused(name, pattern, promise) {
  await assert.rejects(promise, (error) => error.name === name && pattern.test(error.message));
}

// `Namespace` is another one for each protocol.
async function cloudwatch(Namespace, contentType, options) {
  const api = client(CloudWatch, "cloudwatch", options);
  contentTypes.clear();
  const now = new Date();
  const Dimensions = [{ Name: "Host", Value: "a" }];
  await api.putMetricData({
    Namespace, MetricData: [{ MetricName: "Load", Dimensions, Values: [1.5, 2.5], Counts: [1, 3], Unit: "Percent" }],
  });
  assert.deepEqual((await api.listMetrics({ Namespace })).Metrics, [{ Namespace, MetricName: "Load", Dimensions }]);
  const span = { StartTime: new Date(now - 3600e3), EndTime: new Date(+now + 86400e3) };
  const { Datapoints } = await api.getMetricStatistics({
    Namespace, MetricName: "Load", Dimensions, Period: 3600, Statistics: ["Average", "SampleCount"], ...span,
  });
  assert.deepEqual(Datapoints.map((p) => [p.Average, p.SampleCount, p.Unit]), [[2.25, 4, "Percent"]]);
  assert.ok(Datapoints[0].Timestamp instanceof Date);
  const { MetricDataResults } = await api.getMetricData({
    MetricDataQueries: [{ Id: "m", MetricStat: { Metric: { Namespace, MetricName: "Load", Dimensions }, Period: 3600, Stat: "Maximum" } }],
    ...span,
  });
  assert.deepEqual(MetricDataResults[0].Values, [2.5]);
  await api.putMetricAlarm({
    AlarmName: "sdk", Namespace, MetricName: "Load", Statistic: "Average", Period: 60, EvaluationPeriods: 3, Threshold: 40,
    ComparisonOperator: "GreaterThanThreshold",
  });
  const { MetricAlarms } = await api.describeAlarms({ AlarmNames: ["sdk"] });
  assert.deepEqual(MetricAlarms.map((a) => [a.AlarmName, a.Threshold, a.EvaluationPeriods]), [["sdk", 40, 3]]);
  await refused("ResourceNotFound", /./, api.setAlarmState({ AlarmName: "none", StateValue: "OK", StateReason: "x" }));
  await refused("InvalidParameterCombinationException", /mutually exclusive and you have specified both/, api.putMetricData({
    Namespace, MetricData: [{ MetricName: "x", Value: 1, Values: [1] }],
  }));
  await api.deleteAlarms({ AlarmNames: ["sdk"] });
  assert.deepEqual([...contentTypes], [contentType]);
}

async function network(stack) {
  const api = client(CloudFormation, "cloudformation");
  const TemplateBody = JSON.stringify({ Resources: {
    Vpc: { Type: "AWS::EC2::VPC", Properties: { CidrBlock: "10.60.0.0/16" } },
    Gateway: { Type: "AWS::EC2::InternetGateway" },
    Attachment: { Type: "AWS::EC2::VPCGatewayAttachment", Properties: { VpcId: { Ref: "Vpc" }, InternetGatewayId: { Ref: "Gateway" } } },
    A: { Type: "AWS::EC2::Subnet", Properties: { VpcId: { Ref: "Vpc" }, CidrBlock: "10.60.0.0/24", AvailabilityZone: "us-east-1a" } },
    B: { Type: "AWS::EC2::Subnet", Properties: { VpcId: { Ref: "Vpc" }, CidrBlock: "10.60.1.0/24", AvailabilityZone: "us-east-1b" } },
  } });
  await api.createStack({ StackName: stack, TemplateBody });
  await waitUntilStackCreateComplete({ client: api, maxWaitTime: 30, minDelay: 1 }, { StackName: stack });
  const { OperationEvents } = await api.describeEvents({ StackName: stack });
  assert.ok(OperationEvents.some((e) => e.LogicalResourceId === "Vpc" && e.ResourceStatus === "CREATE_COMPLETE"));
  const { StackResources } = await api.describeStackResources({ StackName: stack });
  const physical = Object.fromEntries(StackResources.map((r) => [r.LogicalResourceId, r.PhysicalResourceId]));
  await refused("ValidationError", /Stack with id none does not exist/, api.describeStacks({ StackName: "none" }));
  return { subnets: [physical.A, physical.B], remove: () => api.deleteStack({ StackName: stack }) };
}

async function ecs(subnets) {
  const api = client(ECS, "ecs");
  const scaling = client(ApplicationAutoScaling, "application-autoscaling");
  await api.createCluster({ clusterName: "sdk" });
  const register = () => api.registerTaskDefinition({
    family: "sdk", cpu: "256", memory: "512", networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"],
    containerDefinitions: [{ name: "app", image: "localhost/clients-no-such-image:1" }],
  });
  const { taskDefinition } = await register();
  await api.createService({
    cluster: "sdk", serviceName: "web", taskDefinition: "sdk", desiredCount: 0, launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets } },
  });
  const { serviceDeployments } = await api.listServiceDeployments({ cluster: "sdk", service: "web" });
  assert.equal(serviceDeployments.length, 1);
  const described = await api.describeServiceDeployments({ serviceDeploymentArns: [serviceDeployments[0].serviceDeploymentArn] });
  const { targetServiceRevision } = described.serviceDeployments[0];
  const { serviceRevisions } = await api.describeServiceRevisions({ serviceRevisionArns: [targetServiceRevision.arn] });
  assert.equal(serviceRevisions[0].taskDefinition, taskDefinition.taskDefinitionArn);
  await tagsOfATarget(scaling);
  await api.deleteService({ cluster: "sdk", service: "web", force: true });
  await api.deregisterTaskDefinition({ taskDefinition: "sdk:1" });
  const deleted = await api.deleteTaskDefinitions({ taskDefinitions: ["sdk:1", "sdk:9"] });
  assert.deepEqual(deleted.taskDefinitions.map((d) => d.status), ["DELETE_IN_PROGRESS"]);
  assert.equal(deleted.failures.length, 1);
  await refused("ClusterNotFoundException", /^Cluster not found\.$/, api.listServices({ cluster: "none" }));
  await api.deleteCluster({ cluster: "sdk" });
}

async function tagsOfATarget(api) {
  const target = { ServiceNamespace: "ecs", ResourceId: "service/sdk/web", ScalableDimension: "ecs:service:DesiredCount" };
  const { ScalableTargetARN: ResourceARN } = await api.registerScalableTarget({ ...target, MinCapacity: 0, MaxCapacity: 2, Tags: { team: "a" } });
  await api.tagResource({ ResourceARN, Tags: { stage: "dev" } });
  await api.untagResource({ ResourceARN, TagKeys: ["team"] });
  assert.deepEqual((await api.listTagsForResource({ ResourceARN })).Tags, { stage: "dev" });
  await refused("ResourceNotFoundException", /was not found/, api.listTagsForResource({ ResourceARN: ResourceARN + "0" }));
}

async function listenerAttributes(Subnets) {
  const api = client(ElasticLoadBalancingV2, "elbv2");
  const { LoadBalancers } = await api.createLoadBalancer({ Name: "sdk", Subnets });
  const { LoadBalancerArn } = LoadBalancers[0];
  const { Listeners } = await api.createListener({
    LoadBalancerArn, Protocol: "HTTP", Port: 8080,
    DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200" } }],
  });
  const { ListenerArn } = Listeners[0];
  const Key = "routing.http.response.server.enabled";
  const modify = (Value) => api.modifyListenerAttributes({ ListenerArn, Attributes: [{ Key, Value }] });
  await modify("true");
  const { Attributes } = await api.describeListenerAttributes({ ListenerArn });
  assert.equal(Attributes.find((a) => a.Key === Key).Value, "true");
  await refused("ValidationError", /'routing.http.response.server.enabled' is not supported by berth/, modify("false"));
  await refused("LoadBalancerNotFoundException", /not found/, api.describeLoadBalancers({ Names: ["none"] }));
  await api.deleteLoadBalancer({ LoadBalancerArn });
}

await cloudwatch("Json", "application/x-amz-json-1.0");
await cloudwatch("Cbor", "application/cbor", { protocol: SmithyRpcV2CborProtocol });
const { subnets, remove } = await network("sdk-network");
await ecs(subnets);
await listenerAttributes(subnets);
await remove();
for (const operation of called) console.log(operation);
