"""IAM's roles and policies through boto3."""

import json

from clients.harness import ClientTest

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
RULES = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecs:DescribeServices", "Resource": "*"}]}
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


class Iam(ClientTest):
    def setUp(self):
        self.iam = self.client("iam")

    def test_life_of_a_role(self):
        iam = self.iam
        role = iam.create_role(RoleName="runner", AssumeRolePolicyDocument=TRUST, Description="runs",
                               Tags=[{"Key": "team", "Value": "a"}])["Role"]
        self.assertEqual(role["Arn"], "arn:aws:iam::123456789012:role/runner")
        self.assertTrue(role["RoleId"].startswith("AROA"))
        self.until(iam, "role_exists", RoleName="runner")
        got = iam.get_role(RoleName="runner")["Role"]
        self.assertEqual((got["AssumeRolePolicyDocument"], got["MaxSessionDuration"]), (json.loads(TRUST), 3600))
        self.refused("EntityAlreadyExists", "Role with name runner already exists.", iam.create_role, RoleName="runner",
                     AssumeRolePolicyDocument=TRUST)
        iam.update_role(RoleName="runner", Description="runs well", MaxSessionDuration=7200)
        other = json.loads(TRUST.replace("ecs-tasks", "ecs"))
        iam.update_assume_role_policy(RoleName="runner", PolicyDocument=json.dumps(other))
        got = iam.get_role(RoleName="runner")["Role"]
        self.assertEqual((got["Description"], got["MaxSessionDuration"]), ("runs well", 7200))
        self.assertEqual(got["AssumeRolePolicyDocument"], other)
        self.assertEqual(iam.update_role_description(RoleName="runner", Description="well")["Role"]["Description"], "well")
        iam.put_role_permissions_boundary(RoleName="runner", PermissionsBoundary=MANAGED)
        self.assertEqual(iam.get_role(RoleName="runner")["Role"]["PermissionsBoundary"],
                         {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": MANAGED})
        iam.delete_role_permissions_boundary(RoleName="runner")
        self.assertNotIn("PermissionsBoundary", iam.get_role(RoleName="runner")["Role"])
        self.assertEqual(iam.list_instance_profiles_for_role(RoleName="runner")["InstanceProfiles"], [])
        iam.delete_role(RoleName="runner")
        self.refused("NoSuchEntity", "The role with name runner cannot be found.", iam.get_role, RoleName="runner")
        self.refused("NoSuchEntity", "The role with name runner cannot be found.", iam.delete_role, RoleName="runner")

    def test_instance_profiles(self):
        iam, profile = self.iam, {"InstanceProfileName": "machine"}
        iam.create_role(RoleName="rider", AssumeRolePolicyDocument=TRUST)
        made = iam.create_instance_profile(Path="/x/", **profile)["InstanceProfile"]
        self.assertEqual((made["Arn"], made["Roles"]), ("arn:aws:iam::123456789012:instance-profile/x/machine", []))
        self.until(iam, "instance_profile_exists", **profile)
        self.refused("EntityAlreadyExists", "Instance Profile machine already exists.", iam.create_instance_profile,
                     **profile)
        iam.add_role_to_instance_profile(RoleName="rider", **profile)
        self.assertEqual([r["RoleName"] for r in iam.get_instance_profile(**profile)["InstanceProfile"]["Roles"]], ["rider"])
        self.refused("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
                     iam.add_role_to_instance_profile, RoleName="rider", **profile)
        named = [p["InstanceProfileName"] for p in iam.list_instance_profiles_for_role(RoleName="rider")["InstanceProfiles"]]
        self.assertEqual(named, ["machine"])
        self.assertEqual(len(iam.list_instance_profiles(PathPrefix="/x/")["InstanceProfiles"]), 1)
        conflict = "Cannot delete entity, must remove roles from instance profile first."
        self.refused("DeleteConflict", conflict, iam.delete_role, RoleName="rider")
        self.refused("DeleteConflict", conflict, iam.delete_instance_profile, **profile)
        iam.remove_role_from_instance_profile(RoleName="rider", **profile)
        iam.delete_instance_profile(**profile)
        self.refused("NoSuchEntity", "Instance Profile machine cannot be found.", iam.get_instance_profile, **profile)
        iam.delete_role(RoleName="rider")

    def test_roles_are_listed_in_pages(self):
        names = [f"listed-{n}" for n in range(3)]
        for name in names:
            self.iam.create_role(RoleName=name, Path="/listed/", AssumeRolePolicyDocument=TRUST)
        found = self.pages(self.iam, "list_roles", "Roles", 2, PathPrefix="/listed/")
        self.assertEqual([(r["RoleName"], r["Arn"]) for r in found],
                         [(name, f"arn:aws:iam::123456789012:role/listed/{name}") for name in names])
        for name in names:
            self.iam.delete_role(RoleName=name)
        self.assertEqual(self.iam.list_roles(PathPrefix="/listed/")["Roles"], [])

    def test_policies_of_a_role(self):
        iam = self.iam
        iam.create_role(RoleName="bound", AssumeRolePolicyDocument=TRUST)
        iam.put_role_policy(RoleName="bound", PolicyName="look", PolicyDocument=json.dumps(RULES))
        self.assertEqual(iam.get_role_policy(RoleName="bound", PolicyName="look")["PolicyDocument"], RULES)
        self.assertEqual(iam.list_role_policies(RoleName="bound")["PolicyNames"], ["look"])
        iam.attach_role_policy(RoleName="bound", PolicyArn=MANAGED)
        attached = iam.list_attached_role_policies(RoleName="bound")["AttachedPolicies"]
        self.assertEqual(attached, [{"PolicyName": "AmazonECSTaskExecutionRolePolicy", "PolicyArn": MANAGED}])
        using = iam.list_entities_for_policy(PolicyArn=MANAGED)["PolicyRoles"]
        self.assertIn("bound", [role["RoleName"] for role in using])
        self.refused("DeleteConflict", "Cannot delete entity, must detach all policies first.", iam.delete_role,
                     RoleName="bound")
        iam.detach_role_policy(RoleName="bound", PolicyArn=MANAGED)
        self.refused("NoSuchEntity", "was not found", iam.detach_role_policy, RoleName="bound", PolicyArn=MANAGED)
        self.refused("DeleteConflict", "Cannot delete entity, must delete policies first.", iam.delete_role,
                     RoleName="bound")
        iam.delete_role_policy(RoleName="bound", PolicyName="look")
        self.refused("NoSuchEntity", "The role policy with name look cannot be found.", iam.get_role_policy,
                     RoleName="bound", PolicyName="look")
        iam.delete_role(RoleName="bound")

    def test_life_of_a_managed_policy(self):
        iam = self.iam
        policy = iam.create_policy(PolicyName="look", PolicyDocument=json.dumps(RULES))["Policy"]
        arn = policy["Arn"]
        self.assertEqual((arn, policy["DefaultVersionId"]), ("arn:aws:iam::123456789012:policy/look", "v1"))
        self.until(iam, "policy_exists", PolicyArn=arn)
        self.refused("EntityAlreadyExists", "A policy called look already exists. Duplicate names are not allowed.",
                     iam.create_policy, PolicyName="look", PolicyDocument=json.dumps(RULES))
        other = dict(RULES, Statement=[dict(RULES["Statement"][0], Effect="Deny")])
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(other), SetAsDefault=True)
        self.assertEqual(made["PolicyVersion"]["VersionId"], "v2")
        self.assertEqual(iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"], other)
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        self.assertEqual({v["VersionId"]: v["IsDefaultVersion"] for v in versions}, {"v1": False, "v2": True})
        self.assertEqual(iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v2")
        self.assertEqual([p["Arn"] for p in iam.list_policies(Scope="Local")["Policies"]], [arn])
        self.refused("DeleteConflict", "Cannot delete the default version of a policy.", iam.delete_policy_version,
                     PolicyArn=arn, VersionId="v2")
        self.refused("DeleteConflict", "This policy has more than one version.", iam.delete_policy, PolicyArn=arn)
        iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        self.assertEqual(iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v1")
        self.refused("NoSuchEntity", "", iam.set_default_policy_version, PolicyArn=arn, VersionId="v9")
        iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
        iam.delete_policy(PolicyArn=arn)
        self.refused("NoSuchEntity", f"Policy {arn} was not found.", iam.get_policy, PolicyArn=arn)

    def test_tags(self):
        iam = self.iam
        arn = iam.create_policy(PolicyName="tagged", PolicyDocument=json.dumps(RULES))["Policy"]["Arn"]
        iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "team", "Value": "a"}])
        tags = [{"Key": "stage", "Value": "dev"}, {"Key": "team", "Value": "b"}]
        iam.tag_role(RoleName="tagged", Tags=tags)
        iam.tag_policy(PolicyArn=arn, Tags=tags)
        both = {"stage": "dev", "team": "b"}
        self.assertEqual(self.by_key(iam.list_role_tags(RoleName="tagged")["Tags"]), both)
        self.assertEqual(self.by_key(iam.list_policy_tags(PolicyArn=arn)["Tags"]), both)
        iam.untag_role(RoleName="tagged", TagKeys=["team"])
        iam.untag_policy(PolicyArn=arn, TagKeys=["stage"])
        self.assertEqual(self.by_key(iam.list_role_tags(RoleName="tagged")["Tags"]), {"stage": "dev"})
        self.assertEqual(self.by_key(iam.list_policy_tags(PolicyArn=arn)["Tags"]), {"team": "b"})
        iam.delete_role(RoleName="tagged")
        iam.delete_policy(PolicyArn=arn)

    def test_service_linked_roles(self):
        iam, ecs = self.iam, self.client("ecs")
        ecs.create_cluster(clusterName="linked")  # the first use of a service makes its role
        self.addCleanup(ecs.delete_cluster, cluster="linked")
        self.assertEqual(iam.get_role(RoleName="AWSServiceRoleForECS")["Role"]["Arn"],
                         "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
        self.refused("InvalidInput", "has been taken in this account", iam.create_service_linked_role,
                     AWSServiceName="ecs.amazonaws.com")
        status = lambda task: iam.get_service_linked_role_deletion_status(DeletionTaskId=task["DeletionTaskId"])["Status"]
        self.assertEqual(status(iam.delete_service_linked_role(RoleName="AWSServiceRoleForECS")), "FAILED", "it is in use")
        balancing = "AWSServiceRoleForElasticLoadBalancing"
        listed = [r["RoleName"] for r in iam.list_roles(PathPrefix="/aws-service-role/")["Roles"]]
        if balancing not in listed:
            iam.create_service_linked_role(AWSServiceName="elasticloadbalancing.amazonaws.com")
        if self.client("elbv2").describe_load_balancers()["LoadBalancers"]:
            self.skipTest("another test's load balancer needs the role")
        self.assertEqual(status(iam.delete_service_linked_role(RoleName=balancing)), "SUCCEEDED")
        self.refused("NoSuchEntity", f"{balancing} cannot be found", iam.get_role, RoleName=balancing)

    def test_the_caller(self):
        self.assertEqual(self.iam.get_user()["User"]["Arn"], "arn:aws:iam::123456789012:root")

    def test_wrong_input(self):
        iam = self.iam
        self.refused("MalformedPolicyDocument", "", iam.create_role, RoleName="bad", AssumeRolePolicyDocument="{")
        self.refused("ValidationError", "roleName", iam.create_role, RoleName="bad name", AssumeRolePolicyDocument=TRUST)
        self.refused("NoSuchEntity", "The role with name bad cannot be found.", iam.attach_role_policy, RoleName="bad",
                     PolicyArn=MANAGED)
