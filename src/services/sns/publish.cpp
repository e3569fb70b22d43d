#include "services/sns/publish.h"

#include <algorithm>

#include "handlers/sns.h"
#include "services/sns/errors.h"
#include "services/sns/filter_policy.h"
#include "services/sns/message_text.h"
#include "services/sns/rows.h"

namespace berth::sns {
namespace {

constexpr std::size_t message_bytes_max = 262'144;
constexpr std::size_t subject_characters_max = 100;

std::string attribute_or(const SubscriptionRow& row, const char* name, const char* fallback) {
  const auto found = row.attributes.find(name);
  return found == row.attributes.end() ? fallback : found->second;
}

bool wants(const SubscriptionRow& subscription, const Publication& publication) {
  if (!subscription.confirmed || subscription.topic_arn != publication.topic_arn) return false;
  return filter_policy_accepts(attribute_or(subscription, "FilterPolicy", ""),
                               attribute_or(subscription, "FilterPolicyScope", "MessageAttributes"),
                               publication.attributes, publication.message);
}

bool is_subject(const std::string& subject) {
  if (subject.empty() || subject.size() > subject_characters_max) return false;
  return std::all_of(subject.begin(), subject.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Result<> check_attribute(const std::string& name, const MessageAttributeValue& value) {
  const std::string type = value.data_type.value_or("");
  const auto refused = [](const std::string& message) {
    return Error{"InvalidParameterValueException", message};
  };
  if (type.empty())
    return refused("The message attribute '" + name + "' must contain non-empty message attribute type.");
  const bool binary = type.starts_with("Binary");
  if (!binary && !type.starts_with("String") && !type.starts_with("Number")) {
    return refused(
        "The message attribute '" + name +
        "' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, "
        "and String.");
  }
  const bool empty =
      binary ? value.binary_value.value_or("").empty() : value.string_value.value_or("").empty();
  if (!empty) return {};
  return refused("The message attribute '" + name +
                 "' must contain non-empty message attribute value for message attribute type '" + type +
                 "'.");
}

// MessageStructure=json: a text for each protocol.
Result<> read_structure(const std::string& message, Publication& publication) {
  json::value document;
  JsonError error;
  if (!parse_json(message, document, error) || !document.is_object()) {
    return invalid_parameter("Message Structure - JSON message body failed to parse");
  }
  for (const auto& entry : document.get_object()) {
    if (entry.value().is_string()) {
      publication.by_protocol[std::string(entry.key())] = std::string(entry.value().get_string());
    }
  }
  const auto by_default = publication.by_protocol.extract("default");
  if (by_default.empty()) {
    return invalid_parameter("Message Structure - No default entry in JSON message body");
  }
  publication.message = by_default.mapped();
  return {};
}

Result<Publication> read_publication(const PublishInput& input) {
  if (input.phone_number) return invalid_parameter("PhoneNumber Reason: berth does not send text messages");
  Publication publication;
  publication.topic_arn = input.topic_arn ? *input.topic_arn : input.target_arn.value_or("");
  if (publication.topic_arn.empty()) {
    return invalid_parameter("TopicArn or TargetArn Reason: no value for required parameter");
  }
  publication.message = input.message.value_or("");
  if (publication.message.empty()) return invalid_parameter("Empty message");
  if (publication.message.size() > message_bytes_max) return invalid_parameter("Message too long");
  if (input.subject && !is_subject(*input.subject)) return invalid_parameter("Subject");
  publication.subject = input.subject.value_or("");
  if (input.message_structure) {
    if (*input.message_structure != "json") return invalid_parameter("MessageStructure");
    if (auto read = read_structure(std::string(publication.message), publication); !read) return read.error();
  }
  if (input.message_attributes) publication.attributes = *input.message_attributes;
  for (const auto& [name, value] : publication.attributes) {
    if (auto checked = check_attribute(name, value); !checked) return checked.error();
  }
  return publication;
}

}  // namespace

Result<std::string> publish(Store& store, Rng& ids, const Settings& settings, const Publication& publication,
                            Time now) {
  const auto* topic = store.find<TopicRow>(publication.topic_arn);
  if (!topic) return topic_missing();
  Message message;
  message.id = random_uuid(ids);
  message.subject = publication.subject;
  message.attributes = publication.attributes;
  message.published_at = now;
  for (const auto& [arn, subscription] : store.all<SubscriptionRow>()) {
    if (!wants(subscription, publication)) continue;
    const auto own_text = publication.by_protocol.find(subscription.protocol);
    message.text = own_text == publication.by_protocol.end() ? publication.message : own_text->second;
    DeliveryRow row = notification(settings, *topic, subscription, random_uuid(ids), message);
    row.sequence = next_delivery_sequence(store);
    store.put(std::move(row));
  }
  return message.id;
}

Result<PublishResponse> publish(Context& context, const PublishInput& input) {
  auto publication = read_publication(input);
  if (!publication) return publication.error();
  auto id = publish(context.store, context.ids(), context.settings, *publication, context.now());
  if (!id) return id.error();
  PublishResponse response;
  response.message_id = *id;
  return response;
}

}  // namespace berth::sns
