"""Systems Manager's parameters through boto3."""

from clients.harness import ClientTest


class Ssm(ClientTest):
    def setUp(self):
        self.ssm = self.client("ssm")

    def test_life_of_a_parameter(self):
        ssm = self.ssm
        created = ssm.put_parameter(Name="/life/image", Type="String", Value="one", Description="first",
                                    Tags=[{"Key": "team", "Value": "a"}])
        self.assertEqual((created["Version"], created["Tier"]), (1, "Standard"))
        self.refused("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite "
                     "option in the request to true.", ssm.put_parameter, Name="/life/image", Type="String", Value="x")
        self.assertEqual(ssm.put_parameter(Name="/life/image", Value="two", Overwrite=True)["Version"], 2)
        got = ssm.get_parameter(Name="/life/image")["Parameter"]
        self.assertEqual((got["Value"], got["Version"], got["Type"], got["DataType"]), ("two", 2, "String", "text"))
        self.assertEqual(got["ARN"], "arn:aws:ssm:us-east-1:123456789012:parameter/life/image")
        self.assertEqual(ssm.get_parameter(Name="/life/image:1")["Parameter"]["Value"], "one")
        history = ssm.get_parameter_history(Name="/life/image")["Parameters"]
        self.assertEqual([(h["Version"], h["Value"]) for h in history], [(1, "one"), (2, "two")])
        self.labels()
        ssm.delete_parameter(Name="/life/image")
        self.refused("ParameterNotFound", "", ssm.get_parameter, Name="/life/image")
        self.refused("ParameterNotFound", "", ssm.delete_parameter, Name="/life/image")
        self.refused("ParameterNotFound", "", ssm.get_parameter_history, Name="/life/image")

    def labels(self):
        ssm = self.ssm
        put = ssm.label_parameter_version(Name="/life/image", ParameterVersion=1, Labels=["good", "aws-not"])
        self.assertEqual((put["ParameterVersion"], put["InvalidLabels"]), (1, ["aws-not"]))
        self.assertEqual(ssm.get_parameter(Name="/life/image:good")["Parameter"]["Value"], "one")
        ssm.label_parameter_version(Name="/life/image", Labels=["good"])  # moves to the latest
        labels = [h["Labels"] for h in ssm.get_parameter_history(Name="/life/image")["Parameters"]]
        self.assertEqual(labels, [[], ["good"]])
        taken = ssm.unlabel_parameter_version(Name="/life/image", ParameterVersion=2, Labels=["good", "none"])
        self.assertEqual((taken["RemovedLabels"], taken["InvalidLabels"]), (["good"], ["none"]))
        self.refused("ParameterNotFound", "", ssm.get_parameter, Name="/life/image:good")
        self.refused("ParameterVersionNotFound", "", ssm.label_parameter_version, Name="/life/image", ParameterVersion=9,
                     Labels=["good"])

    def test_many_at_once(self):
        ssm = self.ssm
        names = [f"/many/{n}/leaf" for n in range(5)]
        for name in names:
            ssm.put_parameter(Name=name, Type="StringList", Value="a,b")
        got = ssm.get_parameters(Names=[names[0], "/many/none"])
        self.assertEqual([p["Value"] for p in got["Parameters"]], ["a,b"])
        self.assertEqual(got["InvalidParameters"], ["/many/none"])
        found = self.pages(ssm, "get_parameters_by_path", "Parameters", 2, Path="/many", Recursive=True)
        self.assertEqual([p["Name"] for p in found], names)
        self.assertEqual(ssm.get_parameters_by_path(Path="/many")["Parameters"], [])
        filters = [{"Key": "Name", "Option": "BeginsWith", "Values": ["/many/"]}]
        described = self.pages(ssm, "describe_parameters", "Parameters", 2, ParameterFilters=filters)
        self.assertEqual(sorted(p["Name"] for p in described), names)
        deleted = ssm.delete_parameters(Names=[*names, "/many/none"])
        self.assertEqual((sorted(deleted["DeletedParameters"]), deleted["InvalidParameters"]), (names, ["/many/none"]))

    def test_a_secure_string_is_shown_only_when_asked_for(self):
        ssm = self.ssm
        ssm.put_parameter(Name="/secret", Type="SecureString", Value="hush")
        self.assertNotIn("hush", ssm.get_parameter(Name="/secret")["Parameter"]["Value"])
        self.assertEqual(ssm.get_parameter(Name="/secret", WithDecryption=True)["Parameter"]["Value"], "hush")
        ssm.delete_parameter(Name="/secret")

    def test_tags(self):
        ssm = self.ssm
        ssm.put_parameter(Name="/tagged", Type="String", Value="x", Tags=[{"Key": "team", "Value": "a"}])
        which = {"ResourceType": "Parameter", "ResourceId": "/tagged"}
        ssm.add_tags_to_resource(**which, Tags=[{"Key": "stage", "Value": "dev"}, {"Key": "team", "Value": "b"}])
        self.assertEqual(self.by_key(ssm.list_tags_for_resource(**which)["TagList"]), {"stage": "dev", "team": "b"})
        ssm.remove_tags_from_resource(**which, TagKeys=["team", "unknown"])
        self.assertEqual(self.by_key(ssm.list_tags_for_resource(**which)["TagList"]), {"stage": "dev"})
        self.refused("InvalidResourceId", "The resource ID is not valid. Verify that you entered the correct ID",
                     ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="/nothing")
        ssm.delete_parameter(Name="/tagged")

    def test_wrong_input(self):
        put = self.ssm.put_parameter
        self.refused("ValidationException", "can't be prefixed with \"aws\" or \"ssm\"", put, Name="/aws/x", Type="String",
                     Value="x")
        self.refused("ValidationException", "A parameter type is required when you create a parameter", put, Name="/untyped",
                     Value="x")
        self.refused("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern",
                     put, Name="/pattern", Type="String", Value="x", AllowedPattern="[0-9]+")
        self.refused("HierarchyLevelLimitExceededException", "", put, Name="/a" * 16, Type="String", Value="x")
        self.refused("ParameterNotFound", "", self.ssm.get_parameter, Name="/pattern")
        put(Name="/typed", Type="SecureString", Value="x")
        self.addCleanup(self.ssm.delete_parameter, Name="/typed")
        self.refused("HierarchyTypeMismatchException", "", put, Name="/typed", Type="String", Value="x", Overwrite=True)
        self.refused("InvalidKeyId", "Key 'alias/none' does not exist", put, Name="/typed", Type="SecureString", Value="x",
                     KeyId="alias/none", Overwrite=True)
        self.refused("InvalidFilterKey", "The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId].",
                     self.ssm.get_parameters_by_path, Path="/", ParameterFilters=[{"Key": "Name", "Values": ["x"]}])
        self.refused("ValidationException", "'parameterFilters.1.member.key'", self.ssm.describe_parameters,
                     ParameterFilters=[{"Key": "Colour", "Values": ["x"]}])
