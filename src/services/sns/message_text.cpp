#include "services/sns/message_text.h"

#include <fmt/format.h>

#include "base/digest.h"

namespace berth::sns {
namespace {

constexpr const char* default_from_name = "AWS Notifications";
constexpr const char* default_subject = "AWS Notification Message";
constexpr const char* confirmation_subject = "AWS Notification - Subscription Confirmation";
constexpr const char* end_subject = "AWS Notification - Unsubscribe Confirmation";
constexpr const char* no_reply_line = "Please do not reply directly to this email.\n";

bool is_raw(const SubscriptionRow& subscription) {
  const auto found = subscription.attributes.find("RawMessageDelivery");
  return found != subscription.attributes.end() && found->second == "true";
}

DeliveryRow addressed(const TopicRow& topic, const SubscriptionRow& subscription, std::string id) {
  DeliveryRow row;
  row.id = std::move(id);
  row.topic_arn = topic.arn;
  row.protocol = subscription.protocol;
  row.endpoint = subscription.endpoint;
  const auto display_name = topic.attributes.find("DisplayName");
  const bool named = display_name != topic.attributes.end() && !display_name->second.empty();
  row.from_name = named ? display_name->second : default_from_name;
  return row;
}

std::map<std::string, std::string> http_headers(const std::string& type, const std::string& message_id,
                                                const TopicRow& topic) {
  return {{"Content-Type", "text/plain; charset=UTF-8"},
          {"User-Agent", "Amazon Simple Notification Service Agent"},
          {"x-amz-sns-message-type", type},
          {"x-amz-sns-message-id", message_id},
          {"x-amz-sns-topic-arn", topic.arn}};
}

std::string chosen_text(const TopicRow& topic) {
  return fmt::format(
      "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL "
      "included "
      "in this message.",
      topic.arn);
}

json::object attributes_document(const std::map<std::string, MessageAttributeValue>& attributes) {
  json::object document;
  for (const auto& [name, value] : attributes) {
    document[name] = json::object{
        {"Type", value.data_type.value_or("")},
        {"Value", value.binary_value ? base64(*value.binary_value) : value.string_value.value_or("")}};
  }
  return document;
}

std::string notification_document(const Settings& settings, const TopicRow& topic,
                                  const SubscriptionRow& subscription, const Message& message) {
  json::object document{{"Type", "Notification"}, {"MessageId", message.id}, {"TopicArn", topic.arn}};
  if (!message.subject.empty()) document["Subject"] = message.subject;
  document["Message"] = message.text;
  document["Timestamp"] = iso_ms(message.published_at);
  document["UnsubscribeURL"] = unsubscribe_link(settings, subscription);
  if (!message.attributes.empty()) document["MessageAttributes"] = attributes_document(message.attributes);
  return json::serialize(document);
}

std::string notification_mail(const Settings& settings, const SubscriptionRow& subscription,
                              const Message& message) {
  return fmt::format(
      "{}\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link "
      "below "
      "to unsubscribe:\n{}\n\n{}",
      message.text, unsubscribe_link(settings, subscription), no_reply_line);
}

}  // namespace

std::string confirm_link(const Settings& settings, const SubscriptionRow& subscription) {
  return fmt::format("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}&Endpoint={}", settings.endpoint,
                     percent_encode(subscription.topic_arn), subscription.token,
                     percent_encode(subscription.endpoint));
}

std::string unsubscribe_link(const Settings& settings, const SubscriptionRow& subscription) {
  return fmt::format("{}/?Action=Unsubscribe&SubscriptionArn={}&Endpoint={}", settings.endpoint,
                     percent_encode(subscription.arn), percent_encode(subscription.endpoint));
}

DeliveryRow confirmation(const Settings& settings, const TopicRow& topic, const SubscriptionRow& subscription,
                         std::string id, Time now) {
  DeliveryRow row = addressed(topic, subscription, id);
  if (subscription.protocol == "email") {
    row.subject = confirmation_subject;
    row.body = fmt::format(
        "You have chosen to subscribe to the topic:\n{}\n\nTo confirm this subscription, click or visit the "
        "link "
        "below (If this was in error no action is necessary):\nConfirm subscription: {}\n\n{}",
        topic.arn, confirm_link(settings, subscription), no_reply_line);
    return row;
  }
  row.subject = confirmation_subject;
  row.headers = http_headers("SubscriptionConfirmation", id, topic);
  row.body = json::serialize(json::object{{"Type", "SubscriptionConfirmation"},
                                          {"MessageId", id},
                                          {"Token", subscription.token},
                                          {"TopicArn", topic.arn},
                                          {"Message", chosen_text(topic)},
                                          {"SubscribeURL", confirm_link(settings, subscription)},
                                          {"Timestamp", iso_ms(now)}});
  return row;
}

DeliveryRow end_confirmation(const Settings& settings, const TopicRow& topic,
                             const SubscriptionRow& subscription, std::string id, Time now) {
  DeliveryRow row = addressed(topic, subscription, id);
  row.subject = end_subject;
  if (subscription.protocol == "email") {
    row.body = fmt::format(
        "Your subscription to the topic below has been deactivated:\n{}\n\nIf this was in error or you wish "
        "to "
        "resubscribe, click or visit the link below to resubscribe to the topic:\nResubscribe: {}\n\n{}",
        topic.arn, confirm_link(settings, subscription), no_reply_line);
    return row;
  }
  row.headers = http_headers("UnsubscribeConfirmation", id, topic);
  row.headers["x-amz-sns-subscription-arn"] = subscription.arn;
  row.body = json::serialize(json::object{
      {"Type", "UnsubscribeConfirmation"},
      {"MessageId", id},
      {"Token", subscription.token},
      {"TopicArn", topic.arn},
      {"Message",
       fmt::format("You have chosen to deactivate subscription {}.\nTo cancel this operation and restore "
                   "the subscription, visit the SubscribeURL included in this message.",
                   subscription.arn)},
      {"SubscribeURL", confirm_link(settings, subscription)},
      {"Timestamp", iso_ms(now)}});
  return row;
}

DeliveryRow notification(const Settings& settings, const TopicRow& topic, const SubscriptionRow& subscription,
                         std::string id, const Message& message) {
  DeliveryRow row = addressed(topic, subscription, std::move(id));
  row.subject = message.subject.empty() ? default_subject : message.subject;
  if (subscription.protocol == "email") {
    row.body = notification_mail(settings, subscription, message);
    return row;
  }
  row.headers = http_headers("Notification", message.id, topic);
  row.headers["x-amz-sns-subscription-arn"] = subscription.arn;
  if (is_raw(subscription)) {
    row.headers["x-amz-sns-rawdelivery"] = "true";
    row.body = message.text;
  } else {
    row.body = notification_document(settings, topic, subscription, message);
  }
  return row;
}

}  // namespace berth::sns
