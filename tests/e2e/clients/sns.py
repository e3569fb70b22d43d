"""SNS through boto3: topics, and subscriptions that a mail's link confirms."""

import json
import re
import subprocess

from clients.harness import ClientTest, wait_for


class Sns(ClientTest):
    def setUp(self):
        self.sns = self.client("sns")

    def topic(self, name, **options):
        arn = self.sns.create_topic(Name=name, **options)["TopicArn"]
        self.addCleanup(self.sns.delete_topic, TopicArn=arn)
        return arn

    def letters(self, address):
        """The texts of the local mailbox's mails to `address`."""
        listed = json.loads(self.berth("mail", "--json"))["mails"]
        return [self.berth("mail", str(mail["number"])) for mail in listed if address in mail["to"]]

    def berth(self, *arguments):
        return subprocess.run([f"{self.daemon.bin}/berth", *arguments], env=self.daemon.env, check=True, capture_output=True,
                              text=True).stdout

    def test_life_of_a_topic(self):
        sns = self.sns
        arn = self.topic("life")
        self.assertEqual(arn, "arn:aws:sns:us-east-1:123456789012:life")
        self.assertEqual(self.topic("life"), arn, "CreateTopic is idempotent")
        sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Alerts")
        attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        self.assertEqual((attributes["DisplayName"], attributes["Owner"]), ("Alerts", "123456789012"))
        self.assertEqual((attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]), ("0", "0"))
        self.assertIn({"TopicArn": arn}, sns.list_topics()["Topics"])
        sns.delete_topic(TopicArn=arn)
        sns.delete_topic(TopicArn=arn)  # silent, as AWS is
        self.refused("NotFound", "Topic does not exist", sns.get_topic_attributes, TopicArn=arn)
        self.refused("NotFound", "Topic does not exist", sns.publish, TopicArn=arn, Message="x")

    def test_topics_are_listed_in_pages_of_a_hundred(self):
        made = {self.topic(f"paged-{n:03}") for n in range(101)}
        pages = list(self.sns.get_paginator("list_topics").paginate())
        self.assertGreater(len(pages), 1)
        self.assertEqual(len(pages[0]["Topics"]), 100)
        self.assertTrue(made <= {t["TopicArn"] for page in pages for t in page["Topics"]})

    def test_a_subscription_by_mail(self):
        sns = self.sns
        topic = self.topic("mail")
        mail = {"Protocol": "email", "Endpoint": "one@example.com", "TopicArn": topic}
        self.assertEqual(sns.subscribe(**mail)["SubscriptionArn"], "pending confirmation")
        listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        self.assertEqual([(s["SubscriptionArn"], s["Endpoint"]) for s in listed],
                         [("PendingConfirmation", "one@example.com")])
        sns.publish(TopicArn=topic, Message="too early")
        letter = wait_for("the confirmation mail", lambda: self.letters("one@example.com"))[0]
        token = re.search(r"Token=([0-9a-f]+)", letter).group(1)
        self.refused("InvalidParameter", "Invalid parameter: Token", sns.confirm_subscription, TopicArn=topic, Token="0")
        arn = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
        self.assertTrue(arn.startswith(topic + ":"))
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue='{"kind":["alarm"]}')
        attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        self.assertEqual((attributes["PendingConfirmation"], attributes["Protocol"]), ("false", "email"))
        self.assertEqual(json.loads(attributes["FilterPolicy"]), {"kind": ["alarm"]})
        kind = {"DataType": "String", "StringValue": "alarm"}
        self.assertIn("MessageId", sns.publish(TopicArn=topic, Message="hello", Subject="Hi", MessageAttributes={"kind": kind}))
        wait_for("the mail", lambda: [letter for letter in self.letters("one@example.com") if "hello" in letter])
        self.assertFalse([letter for letter in self.letters("one@example.com") if "too early" in letter])
        self.assertIn(arn, [s["SubscriptionArn"] for s in sns.list_subscriptions()["Subscriptions"]])
        sns.unsubscribe(SubscriptionArn=arn)
        self.refused("NotFound", "Subscription does not exist", sns.get_subscription_attributes, SubscriptionArn=arn)

    def test_tags(self):
        arn = self.topic("tagged", Tags=[{"Key": "team", "Value": "a"}])
        self.sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "dev"}])
        self.sns.untag_resource(ResourceArn=arn, TagKeys=["team"])
        self.assertEqual(self.by_key(self.sns.list_tags_for_resource(ResourceArn=arn)["Tags"]), {"stage": "dev"})
        self.refused("InvalidParameter", "Topic already exists with different tags", self.sns.create_topic, Name="tagged",
                     Tags=[{"Key": "x", "Value": "y"}])
        self.refused("ResourceNotFound", "Resource does not exist", self.sns.list_tags_for_resource, ResourceArn=arn + "none")

    def test_permissions_of_a_topic(self):
        sns, topic = self.sns, self.topic("shared")
        policy = lambda: json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
        give = {"TopicArn": topic, "Label": "others", "AWSAccountId": ["210987654321"], "ActionName": ["Publish"]}
        sns.add_permission(**give)
        self.assertEqual(policy()["Statement"][1], {
            "Sid": "others", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
            "Action": "SNS:Publish", "Resource": topic})
        self.refused("InvalidParameter", "Statement already exists", sns.add_permission, **give)
        self.refused("InvalidParameter", "Policy statement action out of service scope!", sns.add_permission,
                     **dict(give, Label="more", ActionName=["Shout"]))
        sns.remove_permission(TopicArn=topic, Label="others")
        self.assertEqual([s["Sid"] for s in policy()["Statement"]], ["__default_statement_ID"])
        self.refused("NotFound", "Topic does not exist", sns.remove_permission, TopicArn=topic + "none", Label="others")

    def test_wrong_input(self):
        sns = self.sns
        topic = self.topic("wrong")
        self.refused("InvalidParameter", "Invalid parameter: Email address", sns.subscribe, TopicArn=topic,
                     Protocol="email", Endpoint="<Provide Email Address>")
        self.refused("InvalidParameter", "Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
                     sns.subscribe, TopicArn=topic, Protocol="pigeon", Endpoint="x")
        self.refused("NotFound", "Topic does not exist", sns.subscribe, TopicArn=topic + "none", Protocol="email",
                     Endpoint="one@example.com")
        self.refused("InvalidParameter", "Subject", sns.publish, TopicArn=topic, Message="x", Subject="y" * 101)
        self.refused("InvalidParameter", "No default entry in JSON message body", sns.publish, TopicArn=topic,
                     Message='{"email":"x"}', MessageStructure="json")
        self.refused("InvalidParameter", "Topic Name", sns.create_topic, Name="not a name")
