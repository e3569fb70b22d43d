#include "handlers/sns.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/text.h"
#include "services/sns/message_text.h"
#include "services/sns/publish.h"
#include "services/sns/rows.h"
#include "services/testing.h"

namespace berth::sns {
namespace {

struct Sns : testing::Test, services::HandlerTest {
  Sns() {
    add_tables(store);
    CreateTopicInput request;
    request.name = "alarms";
    topic = *call(create_topic, request)->topic_arn;
  }

  SubscribeInput subscription(const std::string& protocol, const std::string& endpoint) const {
    SubscribeInput input;
    input.topic_arn = topic;
    input.protocol = protocol;
    input.endpoint = endpoint;
    return input;
  }

  // Subscribed and confirmed.
  std::string subscriber(const std::string& protocol, const std::string& endpoint,
                         std::map<std::string, std::string> attributes = {}) {
    auto input = subscription(protocol, endpoint);
    input.return_subscription_arn = true;
    if (!attributes.empty()) input.attributes = attributes;
    const std::string arn = *call(subscribe, input)->subscription_arn;
    confirm(arn);
    write([&] {
      std::vector<std::string> keys;
      for (const auto& [key, row] : store.all<DeliveryRow>()) keys.push_back(key);
      for (const auto& key : keys) store.erase<DeliveryRow>(key);
    });
    return arn;
  }

  std::string confirm(const std::string& arn) {
    ConfirmSubscriptionInput input;
    input.topic_arn = topic;
    input.token = store.find<SubscriptionRow>(arn)->token;
    return code_of(confirm_subscription, input);
  }

  std::string publish_text(const std::string& text, const std::string& subject = {}) {
    PublishInput input;
    input.topic_arn = topic;
    input.message = text;
    if (!subject.empty()) input.subject = subject;
    return message_of(publish, input);
  }

  std::vector<DeliveryRow> queued() const {
    std::vector<DeliveryRow> rows;
    for (const auto& [key, row] : store.all<DeliveryRow>()) rows.push_back(row);
    return rows;
  }

  std::string topic;
};

TEST_F(Sns, CreatingATopicAgainGivesTheSameOneUnlessItDiffers) {
  EXPECT_EQ(topic, "arn:aws:sns:us-east-1:123456789012:alarms");
  CreateTopicInput again;
  again.name = "alarms";
  EXPECT_EQ(call(create_topic, again)->topic_arn, topic);
  again.tags = std::vector{Tag{"team", "a"}};
  EXPECT_EQ(message_of(create_topic, again),
            "Invalid parameter: Tags Reason: Topic already exists with different tags");
  again.tags.reset();
  again.attributes = std::map<std::string, std::string>{{"DisplayName", "Alarms"}};
  EXPECT_EQ(message_of(create_topic, again),
            "Invalid parameter: Attributes Reason: Topic already exists with different attributes");
  again.name = "other";
  again.attributes = std::map<std::string, std::string>{{"HTTPSuccessFeedbackRoleArn", "arn"}};
  EXPECT_EQ(message_of(create_topic, again),
            "Invalid parameter: HTTPSuccessFeedbackRoleArn Reason: berth does not log delivery status");
  again.name = "no spaces";
  EXPECT_EQ(message_of(create_topic, again), "Invalid parameter: Topic Name");
}

TEST_F(Sns, RefusesWhatIsNoAddress) {
  for (const auto* bad : {"<Provide Email Address>", "", "nobody", "a@b", "a b@example.com", "a@@example.com",
                          "a@example..com", "a@example.com\r\nBcc: x@example.com"}) {
    EXPECT_EQ(message_of(subscribe, subscription("email", bad)), "Invalid parameter: Email address") << bad;
  }
  EXPECT_EQ(message_of(subscribe, subscription("http", "https://example.com")),
            "Invalid parameter: Endpoint must match the specified protocol");
  EXPECT_EQ(message_of(subscribe, subscription("pigeon", "x")),
            "Invalid parameter: Amazon SNS does not support this protocol string: pigeon");
  EXPECT_EQ(message_of(subscribe, subscription("sms", "+1555")),
            "Invalid parameter: Protocol Reason: berth does not deliver to sms");
  auto elsewhere = subscription("email", "you@example.com");
  elsewhere.topic_arn = topic + "x";
  EXPECT_EQ(code_of(subscribe, elsewhere), "NotFoundException");
  EXPECT_TRUE(queued().empty());
}

TEST_F(Sns, NothingIsDeliveredBeforeTheLinkIsFollowed) {
  const auto response = call(subscribe, subscription("email", "you+x@example.com"));
  EXPECT_EQ(response->subscription_arn, "pending confirmation");
  ASSERT_EQ(queued().size(), 1u);
  const auto mail = queued()[0];
  EXPECT_EQ(mail.subject, "AWS Notification - Subscription Confirmation");
  const auto& row = store.all<SubscriptionRow>().begin()->second;
  const std::string link =
      "http://127.0.0.1:4566/?Action=ConfirmSubscription&TopicArn=" + percent_encode(topic) +
      "&Token=" + row.token + "&Endpoint=you%2Bx%40example.com";
  EXPECT_NE(mail.body.find(link), std::string::npos) << mail.body;

  EXPECT_EQ(publish_text("early"), "");
  EXPECT_EQ(queued().size(), 1u);
  EXPECT_EQ(*call(list_subscriptions, {})->subscriptions->at(0).subscription_arn, "PendingConfirmation");

  EXPECT_EQ(confirm(row.arn), "");
  EXPECT_EQ(confirm(row.arn), "");  // a second click
  EXPECT_EQ(publish_text("late", "Hello"), "");
  ASSERT_EQ(queued().size(), 2u);
  EXPECT_EQ(queued()[1].subject, "Hello");
  EXPECT_TRUE(queued()[1].body.starts_with("late\n\n--\nIf you wish to stop"));
  EXPECT_NE(queued()[1].body.find(unsubscribe_link(settings, row)), std::string::npos);
}

TEST_F(Sns, SubscribingAgainSendsTheSameLinkAgain) {
  call(subscribe, subscription("email", "you@example.com"));
  call(subscribe, subscription("email", "you@example.com"));
  EXPECT_EQ(store.all<SubscriptionRow>().size(), 1u);
  ASSERT_EQ(queued().size(), 2u);
  EXPECT_EQ(queued()[0].body, queued()[1].body);
  EXPECT_NE(queued()[0].id, queued()[1].id);
  confirm(store.all<SubscriptionRow>().begin()->first);
  const auto response = call(subscribe, subscription("email", "you@example.com"));
  EXPECT_EQ(response->subscription_arn, store.all<SubscriptionRow>().begin()->first);
  EXPECT_EQ(queued().size(), 2u);
}

TEST_F(Sns, TokensAreGoodForTwoDays) {
  call(subscribe, subscription("email", "you@example.com"));
  const auto arn = store.all<SubscriptionRow>().begin()->first;
  ConfirmSubscriptionInput wrong;
  wrong.topic_arn = topic;
  wrong.token = "00ff";
  EXPECT_EQ(message_of(confirm_subscription, wrong), "Invalid parameter: Token");
  loop.run_for(Duration::seconds(2 * 24 * 3600 - 1));
  write([&] { EXPECT_FALSE(store.find<SubscriptionRow>(arn)->confirmed); });
  loop.run_for(Duration::seconds(1));
  EXPECT_EQ(confirm(arn), "InvalidParameterException");
  EXPECT_TRUE(call(list_subscriptions, {})->subscriptions->empty());
}

TEST_F(Sns, UnsubscribingEndsDelivery) {
  const auto arn = subscriber("email", "you@example.com");
  UnsubscribeInput input;
  input.subscription_arn = arn;
  context.principal.arn = "arn:aws:iam::123456789012:root";
  EXPECT_EQ(code_of(unsubscribe, input), "");
  EXPECT_EQ(code_of(unsubscribe, input), "");
  EXPECT_EQ(publish_text("text"), "");
  EXPECT_TRUE(queued().empty());
  input.subscription_arn = "PendingConfirmation";
  EXPECT_EQ(message_of(unsubscribe, input),
            "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1");
  GetTopicAttributesInput attributes;
  attributes.topic_arn = topic;
  EXPECT_EQ(call(get_topic_attributes, attributes)->attributes->at("SubscriptionsDeleted"), "1");
}

TEST_F(Sns, AnEndByLinkIsConfirmedAndTheLinkBackRestoresTheSubscription) {
  const auto end = [&](const std::string& arn) {
    UnsubscribeInput input;
    input.subscription_arn = arn;
    EXPECT_EQ(code_of(unsubscribe, input), "");
  };
  const auto arn = subscriber("email", "you@example.com");
  end(arn);
  ASSERT_EQ(queued().size(), 1u);
  EXPECT_EQ(queued()[0].subject, "AWS Notification - Unsubscribe Confirmation");
  EXPECT_TRUE(
      queued()[0].body.starts_with("Your subscription to the topic below has been deactivated:\n" + topic));
  ASSERT_EQ(store.all<EndedSubscriptionRow>().size(), 1u);
  const auto ended = store.all<EndedSubscriptionRow>().begin()->second.subscription;
  EXPECT_NE(queued()[0].body.find("Resubscribe: " + confirm_link(settings, ended)), std::string::npos);
  end(arn);
  EXPECT_EQ(queued().size(), 1u);
  EXPECT_EQ(publish_text("unheard"), "");
  EXPECT_EQ(queued().size(), 1u);

  ConfirmSubscriptionInput back;
  back.topic_arn = topic;
  back.token = ended.token;
  EXPECT_EQ(call(confirm_subscription, back)->subscription_arn, arn);
  EXPECT_TRUE(store.all<EndedSubscriptionRow>().empty());
  EXPECT_EQ(publish_text("heard"), "");
  EXPECT_EQ(queued().size(), 2u);

  end(subscriber("http", "http://127.0.0.1:1/hook"));
  auto last = queued().back();
  EXPECT_EQ(last.headers["x-amz-sns-message-type"], "UnsubscribeConfirmation");
  EXPECT_NE(last.body.find("You have chosen to deactivate subscription " + topic), std::string::npos);
}

TEST_F(Sns, OnlyTheOwnerEndsASubscriptionThatAsksForIt) {
  call(subscribe, subscription("email", "you@example.com"));
  const auto row = store.all<SubscriptionRow>().begin()->second;
  ConfirmSubscriptionInput input;
  input.topic_arn = topic;
  input.token = row.token;
  input.authenticate_on_unsubscribe = "true";
  context.principal.arn = "arn:aws:iam::123456789012:root";
  EXPECT_EQ(code_of(confirm_subscription, input), "");
  context.principal.arn.clear();
  UnsubscribeInput end;
  end.subscription_arn = row.arn;
  EXPECT_EQ(code_of(unsubscribe, end), "AuthorizationErrorException");
}

TEST_F(Sns, EachProtocolGetsItsOwnText) {
  subscriber("email", "a@example.com");
  subscriber("email-json", "b@example.com");
  subscriber("http", "http://127.0.0.1:1/hook");
  subscriber("https", "https://127.0.0.1:1/raw", {{"RawMessageDelivery", "true"}});
  PublishInput input;
  input.topic_arn = topic;
  input.message = R"({"default":"plain","email":"prose"})";
  input.message_structure = "json";
  ASSERT_EQ(code_of(publish, input), "");
  std::map<std::string, DeliveryRow> by_protocol;
  for (const auto& row : queued()) by_protocol[row.protocol] = row;
  EXPECT_TRUE(by_protocol["email"].body.starts_with("prose\n"));
  EXPECT_NE(by_protocol["email-json"].body.find(R"("Message":"plain")"), std::string::npos);
  EXPECT_EQ(by_protocol["http"].headers["x-amz-sns-message-type"], "Notification");
  EXPECT_EQ(by_protocol["https"].body, "plain");
  EXPECT_EQ(by_protocol["https"].headers["x-amz-sns-rawdelivery"], "true");
}

TEST_F(Sns, RefusesWhatCannotBePublished) {
  EXPECT_EQ(publish_text(""), "Invalid parameter: Empty message");
  EXPECT_EQ(publish_text(std::string(262'145, 'x')), "Invalid parameter: Message too long");
  EXPECT_EQ(publish_text("x", "two\nlines"), "Invalid parameter: Subject");
  EXPECT_EQ(publish_text("x", std::string(101, 's')), "Invalid parameter: Subject");
  PublishInput input;
  input.message = "x";
  EXPECT_EQ(message_of(publish, input),
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter");
  input.topic_arn = topic;
  input.message_structure = "json";
  input.message = R"({"email":"x"})";
  EXPECT_EQ(message_of(publish, input),
            "Invalid parameter: Message Structure - No default entry in JSON message body");
  input.topic_arn = topic + "x";
  input.message_structure.reset();
  EXPECT_EQ(message_of(publish, input), "Topic does not exist");
}

TEST_F(Sns, FilterPolicyDecides) {
  subscriber("http", "http://127.0.0.1:1/", {{"FilterPolicy", R"({"state":["ALARM"]})"}});
  EXPECT_EQ(publish_text("no attribute"), "");
  EXPECT_TRUE(queued().empty());
  PublishInput input;
  input.topic_arn = topic;
  input.message = "x";
  MessageAttributeValue state;
  state.data_type = "String";
  state.string_value = "ALARM";
  input.message_attributes = std::map<std::string, MessageAttributeValue>{{"state", state}};
  ASSERT_EQ(code_of(publish, input), "");
  EXPECT_EQ(queued().size(), 1u);
  state.string_value = "";
  input.message_attributes = std::map<std::string, MessageAttributeValue>{{"state", state}};
  EXPECT_EQ(code_of(publish, input), "InvalidParameterValueException");
}

TEST_F(Sns, SubscriptionAttributesAreCheckedAndShown) {
  const auto arn = subscriber("http", "http://127.0.0.1:1/");
  SetSubscriptionAttributesInput set;
  set.subscription_arn = arn;
  set.attribute_name = "FilterPolicy";
  set.attribute_value = R"({"a":"b"})";
  EXPECT_EQ(message_of(set_subscription_attributes, set),
            "Invalid parameter: FilterPolicy: \"a\" must be an object or an array");
  set.attribute_value = R"({"a":["b"]})";
  EXPECT_EQ(code_of(set_subscription_attributes, set), "");
  GetSubscriptionAttributesInput get;
  get.subscription_arn = arn;
  const auto attributes = *call(get_subscription_attributes, get)->attributes;
  EXPECT_EQ(attributes.at("FilterPolicy"), R"({"a":["b"]})");
  EXPECT_EQ(attributes.at("FilterPolicyScope"), "MessageAttributes");
  EXPECT_EQ(attributes.at("PendingConfirmation"), "false");
  set.attribute_name = "Nonsense";
  EXPECT_EQ(message_of(set_subscription_attributes, set), "Invalid parameter: AttributeName");
  get.subscription_arn = arn + "x";
  EXPECT_EQ(message_of(get_subscription_attributes, get), "Subscription does not exist");
}

TEST_F(Sns, ListsInPages) {
  for (int n = 0; n < 150; ++n) {
    call(subscribe, subscription("email", "user" + std::to_string(n) + "@example.com"));
  }
  ListSubscriptionsByTopicInput input;
  input.topic_arn = topic;
  const auto first = *call(list_subscriptions_by_topic, input);
  EXPECT_EQ(first.subscriptions->size(), 100u);
  input.next_token = first.next_token;
  const auto second = *call(list_subscriptions_by_topic, input);
  EXPECT_EQ(second.subscriptions->size(), 50u);
  EXPECT_FALSE(second.next_token);
}

TEST_F(Sns, DeletingATopicTakesItsSubscriptionsAlong) {
  subscriber("email", "you@example.com");
  EXPECT_EQ(publish_text("last words"), "");
  DeleteTopicInput input;
  input.topic_arn = topic;
  EXPECT_EQ(code_of(delete_topic, input), "");
  EXPECT_EQ(code_of(delete_topic, input), "");
  EXPECT_TRUE(store.all<SubscriptionRow>().empty());
  EXPECT_EQ(queued().size(), 1u);
}

TEST_F(Sns, TagsAndAttributesOfATopic) {
  TagResourceRequest tag;
  tag.resource_arn = topic;
  tag.tags = std::vector{Tag{"a", "1"}, Tag{"b", "2"}};
  EXPECT_EQ(code_of(tag_resource, tag), "");
  UntagResourceRequest untag;
  untag.resource_arn = topic;
  untag.tag_keys = std::vector<std::string>{"a"};
  EXPECT_EQ(code_of(untag_resource, untag), "");
  ListTagsForResourceRequest list;
  list.resource_arn = topic;
  EXPECT_EQ(call(list_tags_for_resource, list)->tags->size(), 1u);
  SetTopicAttributesInput set;
  set.topic_arn = topic;
  set.attribute_name = "DisplayName";
  set.attribute_value = "Night watch";
  EXPECT_EQ(code_of(set_topic_attributes, set), "");
  subscriber("email", "you@example.com");
  publish_text("x");
  EXPECT_EQ(queued()[0].from_name, "Night watch");
}

TEST_F(Sns, PermissionsAreStatementsOfThePolicy) {
  const auto sids = [&] {
    GetTopicAttributesInput input;
    input.topic_arn = topic;
    const auto policy = json::parse(call(get_topic_attributes, input)->attributes->at("Policy"));
    std::string names;
    for (const auto& statement : policy.at("Statement").as_array())
      names += string_or(statement, "Sid") + " ";
    return names;
  };
  AddPermissionInput give;
  give.topic_arn = topic;
  give.label = "others";
  give.aws_account_id = {"210987654321", "310987654321"};
  give.action_name = {"Publish", "Subscribe"};
  EXPECT_EQ(message_of(add_permission, give), "");
  EXPECT_EQ(sids(), "__default_statement_ID others ");
  EXPECT_EQ(message_of(add_permission, give), "Invalid parameter: Statement already exists");
  give.label = "more";
  give.action_name = {"Shout"};
  EXPECT_EQ(message_of(add_permission, give),
            "Invalid parameter: Policy statement action out of service scope!");
  RemovePermissionInput take;
  take.topic_arn = topic;
  take.label = "others";
  EXPECT_EQ(message_of(remove_permission, take), "");
  EXPECT_EQ(sids(), "__default_statement_ID ");
  take.topic_arn = topic + "none";
  EXPECT_EQ(code_of(remove_permission, take), "NotFoundException");
}

}  // namespace
}  // namespace berth::sns
