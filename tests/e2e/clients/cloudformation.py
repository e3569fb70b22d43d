"""CloudFormation through boto3: stacks and change sets whose resources their own services then describe."""

import json

import botocore.exceptions

from clients import ecs
from clients.harness import ClientTest, wait_for

GROUP = """
Parameters:
  Days: {Type: Number, Default: 7}
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub '/stacks/${AWS::StackName}', RetentionInDays: !Ref Days}
Outputs:
  Name:
    Value: !Ref Group
    Export: {Name: !Sub '${AWS::StackName}-name'}
"""
IMPORTS = """
Resources:
  Copy:
    Type: AWS::SSM::Parameter
    Properties: {Name: /stacks/copy, Type: String, Value: !ImportValue exporter-name}
"""
# The subscription fails after the parameter was made.
FAILS = """
Resources:
  Good: {Type: AWS::SSM::Parameter, Properties: {Name: /stacks/good, Type: String, Value: x}}
  Topic: {Type: AWS::SNS::Topic}
  Bad:
    Type: AWS::SNS::Subscription
    DependsOn: Good
    Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: nobody}
"""
# Its service with a task never becomes stable: there is no image.
WAITS = """
Parameters:
  Count: {Type: Number, Default: 0}
  Days: {Type: Number, Default: 7}
  Subnet: {Type: String}
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /stacks/waits, RetentionInDays: !Ref Days}}
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: waits}}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: waits
      Cpu: 256
      Memory: 512
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      ContainerDefinitions: [{Name: app, Image: 'localhost/No-Such-Image:1'}]
  Service:
    Type: AWS::ECS::Service
    DependsOn: Group
    Properties:
      Cluster: !Ref Cluster
      ServiceName: waits
      LaunchType: FARGATE
      DesiredCount: !Ref Count
      TaskDefinition: !Ref Definition
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref Subnet]}}
"""


class CloudFormation(ClientTest):
    def setUp(self):
        self.cfn, self.ssm = self.client("cloudformation"), self.client("ssm")

    def stack(self, name):
        return self.cfn.describe_stacks(StackName=name)["Stacks"][0]

    def create(self, name, template, **options):
        arn = self.cfn.create_stack(StackName=name, TemplateBody=template, **options)["StackId"]
        self.addCleanup(self.remove, arn)
        self.until(self.cfn, "stack_create_complete", StackName=name)
        return arn

    def remove(self, name):
        self.cfn.delete_stack(StackName=name)
        self.until(self.cfn, "stack_delete_complete", StackName=name)

    def settled(self, name, status):
        wait_for(f"{name}: {status}", lambda: not self.stack(name)["StackStatus"].endswith("_IN_PROGRESS"))
        self.assertEqual(self.stack(name)["StackStatus"], status)

    def test_life_of_a_stack(self):
        cfn, logs = self.cfn, self.client("logs")
        arn = self.create("life", GROUP, Tags=[{"Key": "team", "Value": "a"}])
        stack = self.stack("life")
        self.assertEqual((stack["StackId"], stack["Outputs"][0]["OutputValue"]), (arn, "/stacks/life"))
        self.assertEqual(stack["Parameters"], [{"ParameterKey": "Days", "ParameterValue": "7"}])
        self.assertEqual(stack["Tags"], [{"Key": "team", "Value": "a"}])
        group = logs.describe_log_groups(logGroupNamePrefix="/stacks/life")["logGroups"][0]
        self.assertEqual(group["retentionInDays"], 7)
        self.refused("AlreadyExistsException", "Stack [life] already exists", cfn.create_stack, StackName="life",
                     TemplateBody=GROUP)
        self.refused("ValidationError", "No updates are to be performed.", cfn.update_stack, StackName="life",
                     TemplateBody=GROUP, Tags=[{"Key": "team", "Value": "a"}])
        cfn.update_stack(StackName="life", UsePreviousTemplate=True,
                         Parameters=[{"ParameterKey": "Days", "ParameterValue": "14"}])
        self.until(cfn, "stack_update_complete", StackName="life")
        self.assertEqual(logs.describe_log_groups(logGroupNamePrefix="/stacks/life")["logGroups"][0]["retentionInDays"], 14)
        self.resources_and_events("life")
        self.protection("life")
        self.remove("life")
        self.assertEqual(logs.describe_log_groups(logGroupNamePrefix="/stacks/life")["logGroups"], [])
        self.refused("ValidationError", "Stack with id life does not exist", cfn.describe_stacks, StackName="life")
        self.assertEqual(self.stack(arn)["StackStatus"], "DELETE_COMPLETE")
        deleted = cfn.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
        self.assertIn(arn, [s["StackId"] for s in deleted])
        self.assertNotIn(arn, [s["StackId"] for s in cfn.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]])

    def resources_and_events(self, name):
        cfn = self.cfn
        for resource in (cfn.describe_stack_resource(StackName=name, LogicalResourceId="Group")["StackResourceDetail"],
                         cfn.describe_stack_resources(StackName=name)["StackResources"][0],
                         cfn.list_stack_resources(StackName=name)["StackResourceSummaries"][0]):
            self.assertEqual((resource["LogicalResourceId"], resource["PhysicalResourceId"], resource["ResourceStatus"]),
                             ("Group", f"/stacks/{name}", "UPDATE_COMPLETE"))
        events = cfn.describe_stack_events(StackName=name)["StackEvents"]
        story = [(e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(events)]
        self.assertEqual(story[:6], [(name, "CREATE_IN_PROGRESS"), ("Group", "CREATE_IN_PROGRESS"),
                                     ("Group", "CREATE_IN_PROGRESS"), ("Group", "CREATE_COMPLETE"),
                                     (name, "CREATE_COMPLETE"), (name, "UPDATE_IN_PROGRESS")])
        self.assertEqual(story[-1], (name, "UPDATE_COMPLETE"))
        self.assertEqual(cfn.get_template(StackName=name)["TemplateBody"], GROUP)

    def protection(self, name):
        cfn = self.cfn
        cfn.update_termination_protection(StackName=name, EnableTerminationProtection=True)
        self.refused("ValidationError", f"Stack [{name}] cannot be deleted while TerminationProtection is enabled",
                     cfn.delete_stack, StackName=name)
        cfn.update_termination_protection(StackName=name, EnableTerminationProtection=False)

    def test_tags_of_stack_and_template_go_to_the_resource_and_leave_it(self):
        cfn, logs = self.cfn, self.client("logs")
        template = lambda tags: json.dumps({"Resources": {
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/stacks/tagged", "Tags": tags}},
            "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "tagged"}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "tagged"}}}})
        arn = self.create("tagged", template([{"Key": "own", "Value": "1"}]), Tags=[{"Key": "team", "Value": "a"}])
        system = {"aws:cloudformation:stack-name": "tagged", "aws:cloudformation:stack-id": arn}
        group = lambda: logs.list_tags_log_group(logGroupName="/stacks/tagged")["tags"]
        of_group = dict(system, **{"aws:cloudformation:logical-id": "Group"})
        self.assertEqual(group(), dict(of_group, own="1", team="a"))
        cluster = self.client("ecs").describe_clusters(clusters=["tagged"], include=["TAGS"])["clusters"][0]["tags"]
        self.assertEqual(self.by_key(cluster), dict(system, team="a", **{"aws:cloudformation:logical-id": "Cluster"}))
        topic = self.client("sns").list_tags_for_resource(ResourceArn="arn:aws:sns:us-east-1:123456789012:tagged")["Tags"]
        self.assertEqual(self.by_key(topic)["aws:cloudformation:logical-id"], "Topic")
        cfn.update_stack(StackName="tagged", TemplateBody=template([{"Key": "other", "Value": "2"}]),
                         Tags=[{"Key": "stage", "Value": "dev"}])
        self.until(cfn, "stack_update_complete", StackName="tagged")
        self.assertEqual(group(), dict(of_group, other="2", stage="dev"))

    def test_nobody_else_may_set_awss_tags(self):
        reserved = "aws: prefixed tag key names are not allowed for external use."
        name = "aws:cloudformation:stack-name"
        self.refused("ValidationException", reserved, self.ssm.put_parameter, Name="/reserved", Type="String", Value="x",
                     Tags=[{"Key": name, "Value": "x"}])
        self.refused("InvalidParameterException", reserved, self.client("logs").create_log_group, logGroupName="/reserved",
                     tags={name: "x"})
        self.refused("InvalidParameterException", reserved, self.client("ecs").create_cluster, clusterName="reserved",
                     tags=[{"key": name, "value": "x"}])
        self.refused("ValidationError", reserved, self.client("sns").create_topic, Name="reserved",
                     Tags=[{"Key": name, "Value": "x"}])

    def test_change_sets(self):
        cfn = self.cfn
        made = cfn.create_change_set(StackName="changed", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=GROUP)
        self.until(cfn, "change_set_create_complete", ChangeSetName=made["Id"])
        self.assertEqual(self.stack("changed")["StackStatus"], "REVIEW_IN_PROGRESS")
        described = cfn.describe_change_set(ChangeSetName="first", StackName="changed")
        change = described["Changes"][0]["ResourceChange"]
        self.assertEqual((change["Action"], change["LogicalResourceId"], described["ExecutionStatus"]),
                         ("Add", "Group", "AVAILABLE"))
        cfn.execute_change_set(ChangeSetName=made["Id"])
        self.until(cfn, "stack_create_complete", StackName="changed")
        same = {"StackName": "changed", "UsePreviousTemplate": True, "ChangeSetType": "UPDATE"}
        cfn.create_change_set(**same, ChangeSetName="nothing")
        with self.assertRaises(botocore.exceptions.WaiterError):
            self.until(cfn, "change_set_create_complete", ChangeSetName="nothing", StackName="changed")
        nothing = cfn.describe_change_set(ChangeSetName="nothing", StackName="changed")
        self.assertEqual((nothing["Status"], nothing["ExecutionStatus"], nothing["Changes"]), ("FAILED", "UNAVAILABLE", []))
        self.assertEqual(nothing["StatusReason"], "The submitted information didn't contain changes. Submit different "
                         "information to create a change set.")
        self.refused("InvalidChangeSetStatus", "cannot be executed in its current status of [FAILED]",
                     cfn.execute_change_set, ChangeSetName="nothing", StackName="changed")
        self.assertEqual([s["ChangeSetName"] for s in cfn.list_change_sets(StackName="changed")["Summaries"]], ["nothing"])
        cfn.delete_change_set(ChangeSetName="nothing", StackName="changed")
        self.refused("ChangeSetNotFound", "ChangeSet [nothing] does not exist", cfn.describe_change_set,
                     ChangeSetName="nothing", StackName="changed")
        self.remove("changed")

    def test_exports_cross_stacks(self):
        cfn = self.cfn
        self.create("exporter", GROUP)
        self.create("importer", IMPORTS)
        self.assertEqual(self.ssm.get_parameter(Name="/stacks/copy")["Parameter"]["Value"], "/stacks/exporter")
        self.assertIn(("exporter-name", "/stacks/exporter"),
                      [(e["Name"], e["Value"]) for e in cfn.list_exports()["Exports"]])
        self.assertEqual(cfn.list_imports(ExportName="exporter-name")["Imports"], ["importer"])
        cfn.delete_stack(StackName="exporter")
        events = wait_for("the refusal", lambda: [e for e in cfn.describe_stack_events(StackName="exporter")["StackEvents"] if
                                                  "Cannot delete export" in e.get("ResourceStatusReason", "")])
        self.assertEqual(events[0]["ResourceStatusReason"],
                         "Delete canceled. Cannot delete export exporter-name as it is in use by importer.")
        self.remove("importer")
        self.refused("ValidationError", "Export 'exporter-name' is not imported by any stack.", cfn.list_imports,
                     ExportName="exporter-name")

    def test_a_failure_rolls_back_or_waits_for_rollback_stack(self):
        cfn = self.cfn
        arn = cfn.create_stack(StackName="fails", TemplateBody=FAILS)["StackId"]
        self.settled("fails", "ROLLBACK_COMPLETE")
        events = cfn.describe_stack_events(StackName="fails")["StackEvents"]
        reasons = {e["LogicalResourceId"]: e["ResourceStatusReason"] for e in events if e["ResourceStatus"] in
                   ("CREATE_FAILED", "ROLLBACK_IN_PROGRESS")}
        self.assertIn("Invalid parameter: Email address", reasons["Bad"])
        self.assertEqual(reasons["fails"], "The following resource(s) failed to create: [Bad]. Rollback requested by user.")
        self.refused("ParameterNotFound", "", self.ssm.get_parameter, Name="/stacks/good")
        self.refused("ValidationError", f"Stack:{arn} is in ROLLBACK_COMPLETE state and can not be updated.",
                     cfn.update_stack, StackName="fails", TemplateBody=GROUP)
        self.remove("fails")
        cfn.create_stack(StackName="fails", TemplateBody=FAILS, DisableRollback=True)
        self.settled("fails", "CREATE_FAILED")
        self.assertEqual(self.ssm.get_parameter(Name="/stacks/good")["Parameter"]["Value"], "x")
        cfn.rollback_stack(StackName="fails")
        self.settled("fails", "ROLLBACK_COMPLETE")
        self.remove("fails")

    def test_an_update_is_called_off_and_its_rollback_continued(self):
        cfn = self.cfn
        network = ecs.Network(self.client("ec2"), "10.50")
        subnet = {"ParameterKey": "Subnet", "ParameterValue": network.subnets[0]}
        self.create("waits", WAITS, Parameters=[subnet])
        cfn.update_stack(StackName="waits", UsePreviousTemplate=True,
                         Parameters=[dict(subnet), {"ParameterKey": "Count", "ParameterValue": "1"},
                                     {"ParameterKey": "Days", "ParameterValue": "14"}])
        wait_for("the service's update", lambda: cfn.describe_stack_resource(
            StackName="waits", LogicalResourceId="Service")["StackResourceDetail"]["ResourceStatus"] == "UPDATE_IN_PROGRESS")
        self.client("logs").delete_log_group(logGroupName="/stacks/waits")  # so that the rollback has nothing to roll back to
        cfn.cancel_update_stack(StackName="waits")
        self.settled("waits", "UPDATE_ROLLBACK_FAILED")
        cfn.continue_update_rollback(StackName="waits", ResourcesToSkip=["Group"])
        self.settled("waits", "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(self.client("ecs").describe_services(cluster="waits", services=["waits"])["services"][0]["desiredCount"], 0)
        self.refused("ValidationError", "", cfn.cancel_update_stack, StackName="waits")
        self.remove("waits")
        wait_for("the task's interface to be gone", lambda: not network.ec2.describe_network_interfaces(
            Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])["NetworkInterfaces"])
        network.remove()

    def test_templates_are_judged_without_a_stack(self):
        cfn = self.cfn
        parameters = cfn.validate_template(TemplateBody=GROUP)["Parameters"]
        self.assertEqual([(p["ParameterKey"], p["DefaultValue"]) for p in parameters], [("Days", "7")])
        summary = cfn.get_template_summary(TemplateBody=GROUP)
        self.assertEqual(summary["ResourceTypes"], ["AWS::Logs::LogGroup"])
        role = json.dumps({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "named", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}}}})
        self.assertEqual(cfn.validate_template(TemplateBody=role)["Capabilities"], ["CAPABILITY_NAMED_IAM"])
        self.refused("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]", cfn.create_stack,
                     StackName="named", TemplateBody=role)

    def test_wrong_input(self):
        cfn = self.cfn
        self.refused("ValidationError", "Stack with id none does not exist", cfn.describe_stacks, StackName="none")
        self.refused("ValidationError", "Stack [none] does not exist", cfn.describe_stack_events, StackName="none")
        self.refused("ValidationError", "1 validation error detected: Value '1x' at 'stackName' failed to satisfy constraint: "
                     "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
                     cfn.create_stack, StackName="1x", TemplateBody=GROUP)
        self.refused("ValidationError", "Parameters: [Zoo] do not exist in the template", cfn.create_stack, StackName="zoo",
                     TemplateBody=GROUP, Parameters=[{"ParameterKey": "Zoo", "ParameterValue": "x"}])
        self.refused("ValidationError", "Stack [none] does not exist", cfn.describe_change_set, ChangeSetName="none",
                     StackName="none")
