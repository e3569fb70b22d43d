"""Cloud Map through boto3: namespaces, services, instances and operations."""

from clients.harness import ClientTest


class ServiceDiscovery(ClientTest):
    def setUp(self):
        self.map = self.client("servicediscovery")
        self.vpc = self.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        self.addCleanup(self.client("ec2").delete_vpc, VpcId=self.vpc)

    def operation(self, answer):
        return self.map.get_operation(OperationId=answer["OperationId"])["Operation"]

    def namespace(self, name):
        operation = self.operation(self.map.create_private_dns_namespace(Name=name, Vpc=self.vpc))
        self.assertEqual((operation["Type"], operation["Status"]), ("CREATE_NAMESPACE", "SUCCESS"))
        self.addCleanup(self.map.delete_namespace, Id=operation["Targets"]["NAMESPACE"])
        return operation["Targets"]["NAMESPACE"]

    def service(self, name, namespace):
        made = self.map.create_service(Name=name, DnsConfig={
            "NamespaceId": namespace, "DnsRecords": [{"Type": "A", "TTL": 60}]}, HealthCheckCustomConfig={})["Service"]
        self.addCleanup(self.map.delete_service, Id=made["Id"])
        return made

    def test_life_of_a_namespace(self):
        client, vpc = self.map, self.vpc
        id = self.namespace("life.example")
        got = client.get_namespace(Id=id)["Namespace"]
        self.assertEqual((got["Name"], got["Type"], got["ServiceCount"]), ("life.example", "DNS_PRIVATE", 0))
        self.operation(client.update_private_dns_namespace(Id=id, Namespace={"Description": "mine"}))
        listed = client.list_namespaces(Filters=[{"Name": "NAME", "Values": ["life.example"]}])["Namespaces"]
        self.assertEqual([(n["Id"], n["Description"]) for n in listed], [(id, "mine")])
        client.tag_resource(ResourceARN=got["Arn"], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        client.untag_resource(ResourceARN=got["Arn"], TagKeys=["a"])
        self.assertEqual(self.by_key(client.list_tags_for_resource(ResourceARN=got["Arn"])["Tags"]), {"b": "2"})
        again = self.operation(client.create_private_dns_namespace(Name="life.example", Vpc=vpc))
        self.assertEqual((again["Status"], again["ErrorCode"]), ("FAIL", "CANNOT_CREATE_HOSTED_ZONE"))
        failed = client.list_operations(Filters=[{"Name": "STATUS", "Values": ["FAIL"]}])["Operations"]
        self.assertIn(again["Id"], [o["Id"] for o in failed])
        self.refused("NamespaceNotFound", "ns-none", client.get_namespace, Id="ns-none")

    def test_instances(self):
        client = self.map
        namespace = self.namespace("instances.example")
        service = self.service("web", namespace)
        self.refused("ServiceAlreadyExists", "already exists", client.create_service, Name="web", NamespaceId=namespace)
        self.refused("ResourceInUse", "services", client.delete_namespace, Id=namespace)
        client.update_service(Id=service["Id"], Service={"Description": "d", "DnsConfig": {
            "DnsRecords": [{"Type": "A", "TTL": 5}]}})
        self.assertEqual(client.get_service(Id=service["Id"])["Service"]["DnsConfig"]["DnsRecords"][0]["TTL"], 5)
        listed = client.list_services(Filters=[{"Name": "NAMESPACE_ID", "Values": [namespace]}])["Services"]
        self.assertEqual([s["Name"] for s in listed], ["web"])
        self.refused("InvalidInput", "AWS_INSTANCE_IPV4", client.register_instance, ServiceId=service["Id"],
                     InstanceId="one", Attributes={"x": "y"})
        for name, address in (("one", "10.77.0.4"), ("two", "10.77.0.5")):
            client.register_instance(ServiceId=service["Id"], InstanceId=name, Attributes={"AWS_INSTANCE_IPV4": address,
                                                                                         "stage": name})
        client.update_instance_custom_health_status(ServiceId=service["Id"], InstanceId="one", Status="UNHEALTHY")
        self.assertEqual(client.get_instances_health_status(ServiceId=service["Id"])["Status"],
                         {"one": "UNHEALTHY", "two": "HEALTHY"})
        where = {"NamespaceName": "instances.example", "ServiceName": "web"}
        self.assertEqual([i["InstanceId"] for i in client.discover_instances(**where)["Instances"]], ["two"])
        found = client.discover_instances(**where, HealthStatus="ALL", QueryParameters={"stage": "one"})["Instances"]
        self.assertEqual([(i["InstanceId"], i["HealthStatus"]) for i in found], [("one", "UNHEALTHY")])
        self.assertEqual(len(client.list_instances(ServiceId=service["Id"])["Instances"]), 2)
        self.assertEqual(client.get_instance(ServiceId=service["Id"], InstanceId="two")["Instance"]["Attributes"]["stage"],
                         "two")
        self.refused("ResourceInUse", "registered instances", client.delete_service, Id=service["Id"])
        for name in ("one", "two"):
            self.operation(client.deregister_instance(ServiceId=service["Id"], InstanceId=name))
