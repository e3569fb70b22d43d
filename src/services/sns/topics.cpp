// SNS: topics, their attributes and tags.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "handlers/sns.h"
#include "services/sns/errors.h"
#include "services/sns/listing.h"
#include "services/sns/permissions.h"
#include "services/sns/rows.h"
#include "services/tags.h"

namespace berth::sns {
namespace {

constexpr std::size_t topic_name_characters_max = 256;
constexpr std::size_t display_name_characters_max = 100;

bool is_topic_name(const std::string& name) {
  if (name.empty() || name.size() > topic_name_characters_max) return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

bool is_json_object(const std::string& text) {
  json::value document;
  JsonError error;
  return parse_json(text, document, error) && document.is_object();
}

Result<> check_attribute(const std::string& name, const std::string& value) {
  if (name == "DisplayName") {
    const bool printable = std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < ' '; });
    if (printable && value.size() <= display_name_characters_max && is_utf8(value)) return {};
    return invalid_parameter("DisplayName");
  }
  if (name == "Policy" || name == "DeliveryPolicy") {
    if (is_json_object(value)) return {};
    return invalid_parameter(name + " Reason: failed to parse JSON");
  }
  if (name == "KmsMasterKeyId" || name == "TracingConfig") return {};
  if (name == "FifoTopic" || name == "ContentBasedDeduplication" || name == "ArchivePolicy") {
    return invalid_parameter(name + " Reason: berth does not keep FIFO topics");
  }
  if (name.ends_with("FeedbackRoleArn") || name.ends_with("FeedbackSampleRate")) {
    return invalid_parameter(name + " Reason: berth does not log delivery status");
  }
  if (name == "SignatureVersion") {
    return invalid_parameter(name + " Reason: berth does not sign its messages");
  }
  return invalid_parameter("AttributeName");
}

Result<> check_topic_arn(const std::string& arn) {
  const auto parts = split(arn, ':');
  if (parts.size() >= 6) return {};
  return invalid_parameter(
      fmt::format("TopicArn Reason: An ARN must have at least 6 elements, not {}", parts.size()));
}

std::vector<Tag> by_key(std::vector<Tag> tags) {
  std::sort(tags.begin(), tags.end(), [](const Tag& a, const Tag& b) { return a.key < b.key; });
  return tags;
}

bool same_tags(const std::vector<Tag>& a, const std::vector<Tag>& b) {
  const auto left = by_key(a);
  const auto right = by_key(b);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Tag& x, const Tag& y) { return x.key == y.key && x.value == y.value; });
}

// A topic that is there already must be asked for as it is.
Result<> check_same(const TopicRow& existing, const CreateTopicInput& input) {
  for (const auto& [name, value] : input.attributes.value_or(std::map<std::string, std::string>{})) {
    const auto found = existing.attributes.find(name);
    if (found == existing.attributes.end() || found->second != value) {
      return invalid_parameter("Attributes Reason: Topic already exists with different attributes");
    }
  }
  if (input.tags && !same_tags(*input.tags, existing.tags)) {
    return invalid_parameter("Tags Reason: Topic already exists with different tags");
  }
  return {};
}

Result<TopicRow*> tagged_topic(Context& context, const std::optional<std::string>& arn) {
  auto* row = context.store.edit<TopicRow>(arn.value_or(""));
  if (!row) return Error{"ResourceNotFoundException", "Resource does not exist"};
  return row;
}

}  // namespace

Result<CreateTopicResponse> create_topic(Context& context, const CreateTopicInput& input) {
  const std::string name = input.name.value_or("");
  if (name.ends_with(".fifo")) return invalid_parameter("Topic Name Reason: berth does not keep FIFO topics");
  if (!is_topic_name(name)) return invalid_parameter("Topic Name");
  if (input.data_protection_policy) {
    return invalid_parameter("DataProtectionPolicy Reason: berth does not support this attribute");
  }
  CreateTopicResponse response;
  response.topic_arn = context.settings.arn("sns", name);
  if (const auto* existing = context.store.find<TopicRow>(*response.topic_arn)) {
    if (auto same = check_same(*existing, input); !same) return same.error();
    return response;
  }
  TopicRow row;
  row.arn = *response.topic_arn;
  row.name = name;
  if (input.attributes) row.attributes = *input.attributes;
  for (const auto& [attribute, value] : row.attributes) {
    if (attribute == "FifoTopic" && value == "false") continue;  // Terraform says so of every standard topic
    if (auto checked = check_attribute(attribute, value); !checked) return checked.error();
  }
  services::merge_tags(row.tags, input.tags.value_or(std::vector<Tag>{}));
  context.store.put(std::move(row));
  return response;
}

// What has been published is still delivered: an alarm's last mail may well be about the stack that goes.
Result<DeleteTopicOutput> delete_topic(Context& context, const DeleteTopicInput& input) {
  const std::string arn = input.topic_arn.value_or("");
  if (auto checked = check_topic_arn(arn); !checked) return checked.error();
  std::vector<std::string> subscriptions;
  for (const auto& [key, row] : context.store.all<SubscriptionRow>()) {
    if (row.topic_arn == arn) subscriptions.push_back(key);
  }
  for (const auto& key : subscriptions) context.store.erase<SubscriptionRow>(key);
  context.store.erase<TopicRow>(arn);
  return DeleteTopicOutput{};
}

Result<ListTopicsResponse> list_topics(Context& context, const ListTopicsInput& input) {
  std::vector<Topic> topics;
  for (const auto& [arn, row] : context.store.all<TopicRow>()) topics.push_back({arn});
  auto page = services::page_of(
      std::move(topics), input.next_token, listing_page_max,
      [](const Topic& topic) { return *topic.topic_arn; }, bad_token);
  if (!page) return page.error();
  return ListTopicsResponse{std::move(page->items), std::move(page->next_token)};
}

Result<GetTopicAttributesResponse> get_topic_attributes(Context& context,
                                                        const GetTopicAttributesInput& input) {
  const std::string arn = input.topic_arn.value_or("");
  if (auto checked = check_topic_arn(arn); !checked) return checked.error();
  const auto* row = context.store.find<TopicRow>(arn);
  if (!row) return topic_missing();
  int confirmed = 0;
  int pending = 0;
  for (const auto& [key, subscription] : context.store.all<SubscriptionRow>()) {
    if (subscription.topic_arn == arn) ++(subscription.confirmed ? confirmed : pending);
  }
  GetTopicAttributesResponse response;
  response.attributes = std::map<std::string, std::string>{
      {"TopicArn", arn},
      {"Owner", context.settings.account},
      {"DisplayName", ""},
      {"Policy", default_policy(context.settings, arn)},
      {"SubscriptionsConfirmed", std::to_string(confirmed)},
      {"SubscriptionsPending", std::to_string(pending)},
      {"SubscriptionsDeleted", std::to_string(row->subscriptions_deleted)}};
  for (const auto& [name, value] : row->attributes) (*response.attributes)[name] = value;
  return response;
}

Result<SetTopicAttributesOutput> set_topic_attributes(Context& context,
                                                      const SetTopicAttributesInput& input) {
  const std::string arn = input.topic_arn.value_or("");
  if (auto checked = check_topic_arn(arn); !checked) return checked.error();
  auto* row = context.store.edit<TopicRow>(arn);
  if (!row) return topic_missing();
  const std::string name = input.attribute_name.value_or("");
  const std::string value = input.attribute_value.value_or("");
  if (value.empty() && name != "DisplayName") {
    row->attributes.erase(name);  // back to the default
    return SetTopicAttributesOutput{};
  }
  if (auto checked = check_attribute(name, value); !checked) return checked.error();
  row->attributes[name] = value;
  return SetTopicAttributesOutput{};
}

Result<TagResourceResponse> tag_resource(Context& context, const TagResourceRequest& input) {
  auto row = tagged_topic(context, input.resource_arn);
  if (!row) return row.error();
  services::merge_tags((*row)->tags, input.tags.value_or(std::vector<Tag>{}));
  if (services::too_many_tags((*row)->tags)) {
    return Error{"TagLimitExceededException",
                 "Could not complete request: tag quota of per resource exceeded"};
  }
  return TagResourceResponse{};
}

Result<UntagResourceResponse> untag_resource(Context& context, const UntagResourceRequest& input) {
  auto row = tagged_topic(context, input.resource_arn);
  if (!row) return row.error();
  services::remove_tags((*row)->tags, input.tag_keys.value_or(std::vector<std::string>{}));
  return UntagResourceResponse{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(Context& context,
                                                           const ListTagsForResourceRequest& input) {
  const auto* row = context.store.find<TopicRow>(input.resource_arn.value_or(""));
  if (!row) return Error{"ResourceNotFoundException", "Resource does not exist"};
  return ListTagsForResourceResponse{row->tags};
}

}  // namespace berth::sns
