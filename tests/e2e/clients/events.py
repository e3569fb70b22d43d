"""EventBridge through boto3: rules, targets, patterns and events of one's own."""

import json
import re
import subprocess

from clients.harness import ClientTest, wait_for

PATTERN = json.dumps({"source": ["my.app"], "detail": {"size": [{"numeric": [">", 5]}]}})


class Events(ClientTest):
    def setUp(self):
        self.events, self.sns = self.client("events"), self.client("sns")

    def rule(self, name, **options):
        arn = self.events.put_rule(Name=name, **options)["RuleArn"]
        self.addCleanup(self.remove, name)
        return arn

    def remove(self, name):
        ids = [t["Id"] for t in self.events.list_targets_by_rule(Rule=name)["Targets"]]
        if ids:
            self.events.remove_targets(Rule=name, Ids=ids)
        self.events.delete_rule(Name=name)

    def test_life_of_a_rule(self):
        events = self.events
        arn = self.rule("life", EventPattern=PATTERN, Description="first", Tags=[{"Key": "team", "Value": "a"}])
        self.assertEqual(arn, "arn:aws:events:us-east-1:123456789012:rule/life")
        got = events.describe_rule(Name="life")
        self.assertEqual((got["EventPattern"], got["State"], got["EventBusName"]), (PATTERN, "ENABLED", "default"))
        events.disable_rule(Name="life")
        self.assertEqual(events.describe_rule(Name="life")["State"], "DISABLED")
        events.enable_rule(Name="life")
        self.assertEqual([r["Name"] for r in events.list_rules(NamePrefix="li")["Rules"]], ["life"])
        events.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "test"}])
        events.untag_resource(ResourceARN=arn, TagKeys=["team"])
        self.assertEqual(self.by_key(events.list_tags_for_resource(ResourceARN=arn)["Tags"]), {"stage": "test"})
        self.assertEqual([b["Name"] for b in events.list_event_buses()["EventBuses"]], ["default"])
        self.assertTrue(events.describe_event_bus()["Arn"].endswith(":event-bus/default"))
        self.refused("ResourceNotFoundException", "Rule none does not exist on EventBus default.",
                     events.describe_rule, Name="none")
        self.refused("ValidationException", "Parameter ScheduleExpression is not valid.", events.put_rule, Name="bad",
                     ScheduleExpression="rate(1 minutes)")
        self.refused("InvalidEventPatternException", "Event pattern is not valid.", events.put_rule, Name="bad",
                     EventPattern="{}")

    def test_targets(self):
        events = self.events
        self.rule("aimed", ScheduleExpression="cron(0 12 * * ? *)")
        topic = "arn:aws:sns:us-east-1:123456789012:somewhere"
        answer = events.put_targets(Rule="aimed", Targets=[{"Id": "a", "Arn": topic, "InputPath": "$.detail"},
                                                           {"Id": "b", "Arn": topic}])
        self.assertEqual(answer["FailedEntryCount"], 0)
        self.assertEqual(events.list_targets_by_rule(Rule="aimed")["Targets"],
                         [{"Id": "a", "Arn": topic, "InputPath": "$.detail"}, {"Id": "b", "Arn": topic}])
        self.assertEqual(events.list_rule_names_by_target(TargetArn=topic)["RuleNames"], ["aimed"])
        self.refused("ValidationException", "Rule can't be deleted since it has targets.", events.delete_rule,
                     Name="aimed")
        self.refused("ValidationException", "arn:aws:sqs:us-east-1:123456789012:q", events.put_targets, Rule="aimed",
                     Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:123456789012:q"}])

    def test_patterns_can_be_tried(self):
        event = {"id": "1", "account": "123456789012", "source": "my.app", "time": "2026-10-01T00:00:00Z",
                 "region": "us-east-1", "resources": [], "detail-type": "Upload", "detail": {"size": 6}}
        tried = self.events.test_event_pattern
        self.assertTrue(tried(EventPattern=PATTERN, Event=json.dumps(event))["Result"])
        event["detail"]["size"] = 5
        self.assertFalse(tried(EventPattern=PATTERN, Event=json.dumps(event))["Result"])

    def letters(self, address):
        run = lambda *arguments: subprocess.run([f"{self.daemon.bin}/berth", *arguments], env=self.daemon.env,
                                                check=True, capture_output=True, text=True).stdout
        listed = json.loads(run("mail", "--json"))["mails"]
        return [run("mail", str(mail["number"])) for mail in listed if address in mail["to"]]

    def test_an_event_of_ones_own_becomes_a_mail(self):
        topic = self.sns.create_topic(Name="own-events")["TopicArn"]
        self.addCleanup(self.sns.delete_topic, TopicArn=topic)
        self.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(
            {"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sns:Publish", "Resource": topic}]}))
        address = "events@example.com"
        self.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
        letter = wait_for("the confirmation mail", lambda: self.letters(address))[0]
        self.sns.confirm_subscription(TopicArn=topic, Token=re.search(r"Token=([0-9a-f]+)", letter).group(1))
        self.rule("own", EventPattern=PATTERN)
        self.events.put_targets(Rule="own", Targets=[{"Id": "mail", "Arn": topic, "InputTransformer": {
            "InputPathsMap": {"size": "$.detail.size"}, "InputTemplate": '"an upload of <size>"'}}])
        entry = {"Source": "my.app", "DetailType": "Upload"}
        answer = self.events.put_events(Entries=[{**entry, "Detail": '{"size": 7}'}, {**entry, "Detail": '{"size": 1}'},
                                                 {**entry, "Detail": "no json"}])
        self.assertEqual(answer["FailedEntryCount"], 1)
        self.assertEqual(answer["Entries"][2]["ErrorCode"], "MalformedDetail")
        letters = wait_for("the mail", lambda: [l for l in self.letters(address) if "an upload of" in l])
        self.assertEqual(len(letters), 1)
        self.assertIn('"an upload of 7"', letters[0])
