"""CloudWatch Logs through boto3: groups, streams, events."""

import time

from clients.harness import ClientTest


class Logs(ClientTest):
    def setUp(self):
        self.logs = self.client("logs")
        self.group = f"/clients/{self.id().split('.')[-1]}"
        self.logs.create_log_group(logGroupName=self.group, tags={"team": "a"})
        self.addCleanup(self.logs.delete_log_group, logGroupName=self.group)

    def put(self, stream, *messages, at=None):
        now = int(time.time() * 1000) if at is None else at
        events = [{"timestamp": now + n, "message": message} for n, message in enumerate(messages)]
        return self.logs.put_log_events(logGroupName=self.group, logStreamName=stream, logEvents=events)

    def test_life_of_a_group(self):
        logs = self.logs
        name = self.group + "-2"
        logs.create_log_group(logGroupName=name)
        self.refused("ResourceAlreadyExistsException", "The specified log group already exists", logs.create_log_group,
                     logGroupName=name)
        logs.put_retention_policy(logGroupName=name, retentionInDays=14)
        group = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
        self.assertEqual((group["retentionInDays"], group["storedBytes"]), (14, 0))
        self.assertEqual(group["arn"], f"arn:aws:logs:us-east-1:123456789012:log-group:{name}:*")
        logs.delete_retention_policy(logGroupName=name)
        self.assertNotIn("retentionInDays", logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0])
        found = self.pages(logs, "describe_log_groups", "logGroups", 1, logGroupNamePrefix=self.group)
        self.assertEqual([g["logGroupName"] for g in found], [self.group, name])
        logs.delete_log_group(logGroupName=name)
        self.refused("ResourceNotFoundException", "The specified log group does not exist", logs.delete_log_group,
                     logGroupName=name)
        self.refused("ResourceNotFoundException", "The specified log group does not exist", logs.put_retention_policy,
                     logGroupName=name, retentionInDays=1)

    def test_streams(self):
        logs = self.logs
        for name in ("one", "three", "two"):
            logs.create_log_stream(logGroupName=self.group, logStreamName=name)
        self.refused("ResourceAlreadyExistsException", "The specified log stream already exists", logs.create_log_stream,
                     logGroupName=self.group, logStreamName="one")
        found = self.pages(logs, "describe_log_streams", "logStreams", 2, logGroupName=self.group)
        self.assertEqual([s["logStreamName"] for s in found], ["one", "three", "two"])
        self.put("two", "x")
        latest = logs.describe_log_streams(logGroupName=self.group, orderBy="LastEventTime", descending=True)["logStreams"]
        self.assertEqual(latest[0]["logStreamName"], "two")
        logs.delete_log_stream(logGroupName=self.group, logStreamName="one")
        self.refused("ResourceNotFoundException", "The specified log stream does not exist", logs.delete_log_stream,
                     logGroupName=self.group, logStreamName="one")

    def test_events(self):
        logs = self.logs
        for name in ("a", "b"):
            logs.create_log_stream(logGroupName=self.group, logStreamName=name)
        self.put("a", "GET /one 200", "GET /two 500", "GET /three 200")
        self.put("b", "POST /four 500")
        where = {"logGroupName": self.group, "logStreamName": "a"}
        first = logs.get_log_events(**where, startFromHead=True, limit=2)
        self.assertEqual([e["message"] for e in first["events"]], ["GET /one 200", "GET /two 500"])
        rest = logs.get_log_events(**where, startFromHead=True, nextToken=first["nextForwardToken"])
        self.assertEqual([e["message"] for e in rest["events"]], ["GET /three 200"])
        found = logs.filter_log_events(logGroupName=self.group, filterPattern="500")["events"]
        self.assertEqual({(e["logStreamName"], e["message"]) for e in found},
                         {("a", "GET /two 500"), ("b", "POST /four 500")})
        everything = self.pages(logs, "filter_log_events", "events", 3, logGroupName=self.group)
        self.assertEqual(len(everything), 4)
        self.assertEqual(len({e["eventId"] for e in everything}), 4)

    def test_events_that_come_too_late_or_too_early(self):
        self.logs.create_log_stream(logGroupName=self.group, logStreamName="a")
        old = self.put("a", "old", at=int((time.time() - 15 * 86400) * 1000))
        self.assertEqual(old["rejectedLogEventsInfo"], {"tooOldLogEventEndIndex": 1})
        new = self.put("a", "new", at=int((time.time() + 7 * 86400) * 1000))
        self.assertEqual(new["rejectedLogEventsInfo"], {"tooNewLogEventStartIndex": 0})
        self.refused("InvalidParameterException", "chronological", self.logs.put_log_events, logGroupName=self.group,
                     logStreamName="a", logEvents=[{"timestamp": int(time.time() * 1000) + n, "message": "x"} for n in (9, 0)])

    def test_tags(self):
        logs = self.logs
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{self.group}"
        self.assertEqual(logs.list_tags_for_resource(resourceArn=arn)["tags"], {"team": "a"})
        logs.tag_resource(resourceArn=arn, tags={"stage": "dev"})
        logs.untag_resource(resourceArn=arn, tagKeys=["team"])
        self.assertEqual(logs.list_tags_for_resource(resourceArn=arn)["tags"], {"stage": "dev"})
        logs.tag_log_group(logGroupName=self.group, tags={"old": "way"})
        logs.untag_log_group(logGroupName=self.group, tags=["stage"])
        self.assertEqual(logs.list_tags_log_group(logGroupName=self.group)["tags"], {"old": "way"})
        self.refused("ResourceNotFoundException", "", logs.list_tags_for_resource, resourceArn=arn + "-none")

    def test_wrong_input(self):
        logs = self.logs
        self.refused("InvalidParameterException", "", logs.create_log_group, logGroupName="with spaces")
        self.refused("InvalidParameterException", "", logs.create_log_stream, logGroupName=self.group,
                     logStreamName="colon:and*star")
        self.refused("InvalidParameterException", "", logs.put_retention_policy, logGroupName=self.group,
                     retentionInDays=2)
        self.refused("ResourceNotFoundException", "The specified log stream does not exist", logs.get_log_events,
                     logGroupName=self.group, logStreamName="none")
        self.refused("ResourceNotFoundException", "The specified log group does not exist", logs.filter_log_events,
                     logGroupName="none")
