"""ECS through boto3: clusters, task definitions, services and tasks. No image is there, so no container runs."""

from clients.harness import ClientTest, wait_for
from clients.network import Network

CONTAINER = {"name": "app", "image": "localhost/No-Such-Image:1", "portMappings": [{"containerPort": 80}]}
FARGATE = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
           "containerDefinitions": [CONTAINER]}


class Ecs(ClientTest):
    @classmethod
    def setUpClass(cls):
        cls.ecs = cls.daemon.client("ecs")
        cls.network = Network(cls.daemon.client("ec2"), "10.30")
        cls.cluster = cls.ecs.create_cluster(clusterName="clients")["cluster"]["clusterArn"]
        cls.awsvpc = {"awsvpcConfiguration": {"subnets": cls.network.subnets[:2], "securityGroups": [cls.network.group],
                                              "assignPublicIp": "ENABLED"}}

    @classmethod
    def tearDownClass(cls):
        wait_for("tasks to stop", lambda: cls.ecs.describe_clusters(clusters=["clients"])["clusters"][0]["runningTasksCount"] +
                 cls.ecs.describe_clusters(clusters=["clients"])["clusters"][0]["pendingTasksCount"] == 0)
        cls.ecs.delete_cluster(cluster="clients")
        wait_for("the network to be free", cls.try_remove)

    @classmethod
    def try_remove(cls):
        try:
            cls.network.remove()
            return True
        except cls.network.ec2.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "DependencyViolation":
                raise
            return False

    def task_definition(self, family, **changed):
        made = self.ecs.register_task_definition(**dict(FARGATE, family=family, **changed))["taskDefinition"]
        return made["taskDefinitionArn"]

    def service(self, name, **options):
        made = self.ecs.create_service(cluster="clients", serviceName=name, launchType="FARGATE", desiredCount=0,
                                       taskDefinition=self.task_definition(name), networkConfiguration=self.awsvpc,
                                       **options)["service"]
        self.addCleanup(self.remove_service, name)
        return made

    def remove_service(self, name):
        if self.ecs.describe_services(cluster="clients", services=[name])["services"][0]["status"] == "ACTIVE":
            self.ecs.delete_service(cluster="clients", service=name, force=True)

    def test_life_of_a_cluster(self):
        ecs = self.ecs
        made = ecs.create_cluster(clusterName="life", tags=[{"key": "team", "value": "a"}])["cluster"]
        self.assertEqual((made["clusterArn"], made["status"]), ("arn:aws:ecs:us-east-1:123456789012:cluster/life", "ACTIVE"))
        insights = [{"name": "containerInsights", "value": "enabled"}]
        self.assertEqual(ecs.update_cluster(cluster="life", settings=insights)["cluster"]["settings"], insights)
        insights[0]["value"] = "disabled"
        ecs.update_cluster_settings(cluster="life", settings=insights)
        fargate = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
        put = ecs.put_cluster_capacity_providers(cluster="life", capacityProviders=["FARGATE", "FARGATE_SPOT"],
                                                 defaultCapacityProviderStrategy=fargate)["cluster"]
        self.assertEqual((put["capacityProviders"], put["defaultCapacityProviderStrategy"]),
                         (["FARGATE", "FARGATE_SPOT"], fargate))
        known = ecs.describe_capacity_providers(capacityProviders=["FARGATE", "none"])
        self.assertEqual([(p["name"], p["status"]) for p in known["capacityProviders"]], [("FARGATE", "ACTIVE")])
        self.assertEqual([f["reason"] for f in known["failures"]], ["MISSING"])
        self.refused("InvalidParameterException", "not associated with the cluster", ecs.put_cluster_capacity_providers,
                     cluster="life", capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=fargate)
        got = ecs.describe_clusters(clusters=["life", "none"], include=["SETTINGS", "TAGS"])
        self.assertEqual((got["clusters"][0]["settings"], got["clusters"][0]["tags"]),
                         (insights, [{"key": "team", "value": "a"}]))
        self.assertEqual([(f["arn"], f["reason"]) for f in got["failures"]],
                         [("arn:aws:ecs:us-east-1:123456789012:cluster/none", "MISSING")])
        self.assertEqual(self.pages(ecs, "list_clusters", "clusterArns", 1), [self.cluster, made["clusterArn"]])
        self.assertEqual(ecs.delete_cluster(cluster="life")["cluster"]["status"], "INACTIVE")
        self.assertEqual(ecs.describe_clusters(clusters=["life"])["clusters"][0]["status"], "INACTIVE")
        self.refused("ClusterNotFoundException", "Cluster not found.", ecs.delete_cluster, cluster="none")

    def test_life_of_a_task_definition(self):
        ecs = self.ecs
        first, second = self.task_definition("grows"), self.task_definition("grows", cpu="512", memory="1024")
        self.assertEqual(first, "arn:aws:ecs:us-east-1:123456789012:task-definition/grows:1")
        latest = ecs.describe_task_definition(taskDefinition="grows")["taskDefinition"]
        self.assertEqual((latest["revision"], latest["cpu"], latest["status"]), (2, "512", "ACTIVE"))
        self.assertEqual(latest["containerDefinitions"][0]["essential"], True)
        self.assertEqual(self.pages(ecs, "list_task_definitions", "taskDefinitionArns", 1, familyPrefix="grows"),
                         [first, second])
        self.assertIn("grows", ecs.list_task_definition_families(familyPrefix="gr")["families"])
        done = ecs.deregister_task_definition(taskDefinition="grows:1")["taskDefinition"]
        self.assertEqual(done["status"], "INACTIVE")
        self.assertEqual(ecs.list_task_definitions(familyPrefix="grows", status="INACTIVE")["taskDefinitionArns"], [first])
        self.refused("ClientException", "TaskDefinition is inactive", ecs.run_task, cluster="clients", taskDefinition=first,
                     launchType="FARGATE", networkConfiguration=self.awsvpc)
        ecs.deregister_task_definition(taskDefinition=second)
        self.refused("ClientException", "Unable to describe task definition.", ecs.describe_task_definition,
                     taskDefinition="grows:3")

    def test_life_of_a_service(self):
        ecs = self.ecs
        made = self.service("life", tags=[{"key": "team", "value": "a"}])
        self.assertEqual(made["serviceArn"], "arn:aws:ecs:us-east-1:123456789012:service/clients/life")
        self.assertEqual((made["status"], made["schedulingStrategy"], made["propagateTags"]), ("ACTIVE", "REPLICA", "NONE"))
        self.refused("InvalidParameterException", "Creation of service was not idempotent.", ecs.create_service,
                     cluster="clients", serviceName="life", launchType="FARGATE", desiredCount=3,
                     taskDefinition=made["taskDefinition"], networkConfiguration=self.awsvpc)
        self.until(ecs, "services_stable", cluster="clients", services=["life"])
        other = self.task_definition("life")
        ecs.update_service(cluster="clients", service="life", taskDefinition=other, healthCheckGracePeriodSeconds=0,
                           deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 50})
        self.until(ecs, "services_stable", cluster="clients", services=["life"])
        service = ecs.describe_services(cluster="clients", services=["life"], include=["TAGS"])["services"][0]
        self.assertEqual((service["taskDefinition"], service["deploymentConfiguration"]["maximumPercent"]), (other, 150))
        self.assertEqual([(d["status"], d["rolloutState"]) for d in service["deployments"]], [("PRIMARY", "COMPLETED")])
        self.assertEqual(service["tags"], [{"key": "team", "value": "a"}])
        ecs.delete_service(cluster="clients", service="life")
        self.until(ecs, "services_inactive", cluster="clients", services=["life"])
        self.refused("ServiceNotActiveException", "Service was not ACTIVE.", ecs.update_service, cluster="clients",
                     service="life", desiredCount=1)
        self.service("life")  # the name is free again

    def test_services_are_listed_in_pages(self):
        arns = [self.service(f"paged-{n}")["serviceArn"] for n in range(3)]
        found = self.pages(self.ecs, "list_services", "serviceArns", 1, cluster="clients")
        self.assertTrue(set(arns) <= set(found))
        got = self.ecs.describe_services(cluster="clients", services=[*arns, "none"])
        self.assertEqual([s["serviceArn"] for s in got["services"]], arns)
        self.assertEqual([(f["arn"], f["reason"]) for f in got["failures"]],
                         [("arn:aws:ecs:us-east-1:123456789012:service/clients/none", "MISSING")])
        self.refused("InvalidParameterException", "", self.ecs.describe_services, cluster="clients",
                     services=[f"s{n}" for n in range(11)])

    def test_a_task_whose_image_is_missing_stops_and_says_why(self):
        ecs = self.ecs
        task = ecs.run_task(cluster="clients", taskDefinition=self.task_definition("image"), launchType="FARGATE",
                            networkConfiguration=self.awsvpc, startedBy="tests")["tasks"][0]
        self.assertEqual((task["lastStatus"], task["desiredStatus"], task["group"]), ("PROVISIONING", "RUNNING", "family:image"))
        self.assertIn(task["taskArn"], [*ecs.list_tasks(cluster="clients", family="image")["taskArns"],
                                        *ecs.list_tasks(cluster="clients", desiredStatus="STOPPED")["taskArns"]])
        self.until(ecs, "tasks_stopped", cluster="clients", tasks=[task["taskArn"]])
        stopped = ecs.describe_tasks(cluster="clients", tasks=[task["taskArn"]])["tasks"][0]
        self.assertEqual(stopped["stopCode"], "TaskFailedToStart")
        self.assertIn("CannotPullContainerError", stopped["stoppedReason"])
        again = ecs.stop_task(cluster="clients", task=task["taskArn"], reason="tidy")["task"]
        self.assertEqual(again["stopCode"], "TaskFailedToStart")
        missing = ecs.describe_tasks(cluster="clients", tasks=["0" * 32])["failures"]
        self.assertEqual([f["reason"] for f in missing], ["MISSING"])

    def test_tags(self):
        ecs, arn = self.ecs, self.service("tagged", tags=[{"key": "team", "value": "a"}])["serviceArn"]
        ecs.tag_resource(resourceArn=arn, tags=[{"key": "stage", "value": "dev"}])
        ecs.untag_resource(resourceArn=arn, tagKeys=["team"])
        self.assertEqual(ecs.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "stage", "value": "dev"}])
        self.refused("InvalidParameterException", "", ecs.tag_resource, resourceArn=arn, tags=[{"key": "aws:x", "value": "y"}])

    def test_wrong_input(self):
        ecs = self.ecs
        register = lambda **changed: ecs.register_task_definition(**dict(FARGATE, family="wrong", **changed))
        self.refused("ClientException", "No Fargate configuration exists for given values.", register, memory="600")
        self.refused("ClientException", "Fargate only supports network mode", register, networkMode="bridge")
        self.refused("ClientException", "Container list cannot be empty.", register, containerDefinitions=[])
        no_cpu = {key: value for key, value in FARGATE.items() if key != "cpu"}
        self.refused("ClientException", "Fargate requires that 'cpu' be defined at the task level.",
                     ecs.register_task_definition, family="wrong", **no_cpu)
        create = {"serviceName": "wrong", "launchType": "FARGATE", "networkConfiguration": self.awsvpc, "desiredCount": 0}
        self.refused("ClusterNotFoundException", "Cluster not found.", ecs.create_service, **create, cluster="none",
                     taskDefinition="x")
        self.refused("ClientException", "TaskDefinition not found.", ecs.create_service, **create, cluster="clients",
                     taskDefinition="nothing")
        definition = self.task_definition("wrong")
        self.refused("InvalidParameterException", "", ecs.create_service, **dict(create, desiredCount=-1),
                     cluster="clients", taskDefinition=definition)
        self.refused("ServiceNotFoundException", "Service not found.", ecs.update_service, cluster="clients", service="none")
        self.refused("ServiceNotFoundException", "Service not found.", ecs.delete_service, cluster="clients", service="none")
        self.refused("InvalidParameterException", "taskId length should be one of [32,36]", ecs.stop_task, cluster="clients",
                     task="short")
        self.refused("InvalidParameterException", "The referenced task was not found.", ecs.stop_task, cluster="clients",
                     task="0" * 32)
