// SNS: subscriptions, their confirmation and their end.
#include <fmt/format.h>

#include "base/text.h"
#include "handlers/sns.h"
#include "services/sns/endpoint_check.h"
#include "services/sns/errors.h"
#include "services/sns/listing.h"
#include "services/sns/message_text.h"
#include "services/sns/rows.h"

namespace berth::sns {
namespace {

constexpr Duration token_lifetime = Duration::seconds(2 * 24 * 3600);
constexpr int token_digits = 128;
constexpr const char* pending_confirmation = "pending confirmation";

using Attributes = std::map<std::string, std::string>;

const SubscriptionRow* find_subscription(const Store& store, const SubscribeInput& input) {
  for (const auto& [arn, row] : store.all<SubscriptionRow>()) {
    if (row.topic_arn == input.topic_arn && row.protocol == input.protocol &&
        row.endpoint == input.endpoint) {
      return &row;
    }
  }
  return nullptr;
}

Result<Attributes> read_attributes(const SubscribeInput& input) {
  Attributes attributes = input.attributes.value_or(Attributes{});
  for (const auto& [name, value] : attributes) {
    auto checked = check_subscription_attribute(input.protocol.value_or(""), name, attributes, true);
    if (!checked) return checked.error();
  }
  if (const auto raw = attributes.find("RawMessageDelivery"); raw != attributes.end()) {
    raw->second = lower(raw->second);
  }
  return attributes;
}

bool is_expired(const SubscriptionRow& row, Time real_now) {
  return !row.confirmed && row.token_expires_at <= real_now;
}

SubscriptionRow new_subscription(Context& context, const SubscribeInput& input, Attributes attributes) {
  SubscriptionRow row;
  row.arn = fmt::format("{}:{}", *input.topic_arn, random_uuid(context.ids()));
  row.topic_arn = *input.topic_arn;
  row.protocol = *input.protocol;
  row.endpoint = *input.endpoint;
  row.attributes = std::move(attributes);
  row.principal = context.principal.arn;
  row.token = random_hex(context.ids(), token_digits);
  return row;
}

void queue(Context& context, DeliveryRow row) {
  row.sequence = next_delivery_sequence(context.store);
  context.store.put(std::move(row));
}

void queue_confirmation(Context& context, const TopicRow& topic, const SubscriptionRow& subscription) {
  queue(context,
        confirmation(context.settings, topic, subscription, random_uuid(context.ids()), context.now()));
}

// "A final cancellation message is delivered to the endpoint, so that the endpoint owner can easily
// resubscribe to the topic if the Unsubscribe request was unintended" (API reference of Unsubscribe): when
// nobody has signed it.
void offer_return(Context& context, SubscriptionRow subscription) {
  std::vector<std::string> expired;
  for (const auto& [arn, row] : context.store.all<EndedSubscriptionRow>()) {
    if (row.subscription.token_expires_at <= context.loop.real_now()) expired.push_back(arn);
  }
  for (const auto& arn : expired) context.store.erase<EndedSubscriptionRow>(arn);
  const auto* topic = context.store.find<TopicRow>(subscription.topic_arn);
  if (!topic) return;
  subscription.token = random_hex(context.ids(), token_digits);
  subscription.token_expires_at = context.loop.real_now() + token_lifetime;
  queue(context,
        end_confirmation(context.settings, *topic, subscription, random_uuid(context.ids()), context.now()));
  const std::string arn = subscription.arn;
  context.store.put(EndedSubscriptionRow{arn, std::move(subscription)});
}

// The ARN of the subscription that the token has brought back.
std::optional<std::string> restore(Context& context, const std::string& topic_arn, const std::string& token) {
  for (const auto& [arn, row] : context.store.all<EndedSubscriptionRow>()) {
    const auto& ended = row.subscription;
    if (ended.topic_arn != topic_arn || ended.token != token || token.empty()) continue;
    if (ended.token_expires_at <= context.loop.real_now()) return std::nullopt;
    SubscriptionRow back = ended;
    context.store.erase<EndedSubscriptionRow>(back.arn);
    std::string restored = back.arn;
    SubscribeInput same;
    same.topic_arn = back.topic_arn;
    same.protocol = back.protocol;
    same.endpoint = back.endpoint;
    const auto* newer = find_subscription(context.store, same);
    if (newer && newer->confirmed)
      return newer->arn;  // who came back by another way is not told everything twice
    if (newer) context.store.erase<SubscriptionRow>(std::string(newer->arn));
    context.store.put(std::move(back));
    return restored;
  }
  return std::nullopt;
}

Subscription describe(const SubscriptionRow& row, const Settings& settings) {
  Subscription subscription;
  subscription.subscription_arn = row.confirmed ? row.arn : "PendingConfirmation";
  subscription.owner = settings.account;
  subscription.protocol = row.protocol;
  subscription.endpoint = row.endpoint;
  subscription.topic_arn = row.topic_arn;
  return subscription;
}

struct Listing {
  std::vector<Subscription> items;
  std::optional<std::string> next_token;
};

// Pending ones have no ARN to show, so pages are cut while the rows are still at hand.
Result<Listing> list(Context& context, const std::optional<std::string>& topic_arn,
                     const std::optional<std::string>& token) {
  std::vector<const SubscriptionRow*> rows;
  for (const auto& [arn, row] : context.store.all<SubscriptionRow>()) {
    if (is_expired(row, context.loop.real_now())) continue;
    if (!topic_arn || row.topic_arn == *topic_arn) rows.push_back(&row);
  }
  auto page = services::page_of(
      std::move(rows), token, listing_page_max, [](const SubscriptionRow* row) { return row->arn; },
      bad_token);
  if (!page) return page.error();
  Listing listing;
  for (const auto* row : page->items) listing.items.push_back(describe(*row, context.settings));
  listing.next_token = std::move(page->next_token);
  return listing;
}

Result<> check_subscription_arn(const std::string& arn) {
  const auto parts = split(arn, ':');
  if (parts.size() < 6) {
    return invalid_parameter(
        fmt::format("SubscriptionArn Reason: An ARN must have at least 6 elements, not {}", parts.size()));
  }
  return {};
}

const char* text_of(bool value) {
  return value ? "true" : "false";
}

}  // namespace

Result<SubscribeResponse> subscribe(Context& context, const SubscribeInput& input) {
  SubscribeInput wanted = input;
  if (!wanted.endpoint) wanted.endpoint = "";
  auto endpoint = check_endpoint(wanted.protocol.value_or(""), *wanted.endpoint);
  if (!endpoint) return endpoint.error();
  auto attributes = read_attributes(wanted);
  if (!attributes) return attributes.error();
  const auto* topic = context.store.find<TopicRow>(wanted.topic_arn.value_or(""));
  if (!topic) return topic_missing();

  SubscribeResponse response;
  SubscriptionRow row;
  if (const auto* existing = find_subscription(context.store, wanted)) {
    if (existing->confirmed) {
      if (wanted.attributes && existing->attributes != *attributes) {
        return invalid_parameter("Attributes Reason: Subscription already exists with different attributes");
      }
      response.subscription_arn = existing->arn;
      return response;
    }
    row = *existing;  // the same token: the link in the first mail stays good
    row.attributes = std::move(*attributes);
  } else {
    row = new_subscription(context, wanted, std::move(*attributes));
  }
  row.token_expires_at = context.loop.real_now() + token_lifetime;
  response.subscription_arn = wanted.return_subscription_arn.value_or(false) ? row.arn : pending_confirmation;
  queue_confirmation(context, *topic, row);
  context.store.put(std::move(row));
  return response;
}

Result<ConfirmSubscriptionResponse> confirm_subscription(Context& context,
                                                         const ConfirmSubscriptionInput& input) {
  if (!context.store.find<TopicRow>(input.topic_arn.value_or(""))) return topic_missing();
  const std::string token = input.token.value_or("");
  for (const auto& [arn, row] : context.store.all<SubscriptionRow>()) {
    if (row.topic_arn != *input.topic_arn || row.token != token || token.empty()) continue;
    if (is_expired(row, context.loop.real_now())) break;
    ConfirmSubscriptionResponse response;
    response.subscription_arn = arn;
    if (row.confirmed) return response;
    auto* confirmed = context.store.edit<SubscriptionRow>(arn);
    confirmed->confirmed = true;
    confirmed->confirmation_was_authenticated = !context.principal.arn.empty();
    // Only the owner may ask for it: whoever has the link is not known.
    confirmed->authenticate_on_unsubscribe =
        confirmed->confirmation_was_authenticated && input.authenticate_on_unsubscribe == "true";
    return response;
  }
  if (auto restored = restore(context, *input.topic_arn, token)) {
    ConfirmSubscriptionResponse response;
    response.subscription_arn = std::move(*restored);
    return response;
  }
  return invalid_parameter("Token");
}

Result<UnsubscribeOutput> unsubscribe(Context& context, const UnsubscribeInput& input) {
  const std::string arn = input.subscription_arn.value_or("");
  if (auto checked = check_subscription_arn(arn); !checked) return checked.error();
  const auto* row = context.store.find<SubscriptionRow>(arn);
  if (!row) {
    // Once more is no error; an ARN that never was a subscription's is.
    if (split(arn, ':').size() < 7) return invalid_parameter("SubscriptionId");
    return UnsubscribeOutput{};
  }
  if (!row->confirmed) {
    return invalid_parameter(
        "SubscriptionArn Reason: This subscription is pending confirmation and cannot be deleted; it expires "
        "by "
        "itself");
  }
  if (row->authenticate_on_unsubscribe && context.principal.arn.empty()) {
    return Error{"AuthorizationErrorException", "The subscription can only be ended by its owner"};
  }
  if (auto* topic = context.store.edit<TopicRow>(row->topic_arn)) ++topic->subscriptions_deleted;
  SubscriptionRow ended = *row;
  context.store.erase<SubscriptionRow>(arn);
  if (context.principal.arn.empty()) offer_return(context, std::move(ended));
  return UnsubscribeOutput{};
}

Result<ListSubscriptionsResponse> list_subscriptions(Context& context, const ListSubscriptionsInput& input) {
  auto found = list(context, std::nullopt, input.next_token);
  if (!found) return found.error();
  return ListSubscriptionsResponse{std::move(found->items), std::move(found->next_token)};
}

Result<ListSubscriptionsByTopicResponse> list_subscriptions_by_topic(
    Context& context, const ListSubscriptionsByTopicInput& input) {
  if (!context.store.find<TopicRow>(input.topic_arn.value_or(""))) return topic_missing();
  auto found = list(context, input.topic_arn, input.next_token);
  if (!found) return found.error();
  return ListSubscriptionsByTopicResponse{std::move(found->items), std::move(found->next_token)};
}

Result<GetSubscriptionAttributesResponse> get_subscription_attributes(
    Context& context, const GetSubscriptionAttributesInput& input) {
  const std::string arn = input.subscription_arn.value_or("");
  if (auto checked = check_subscription_arn(arn); !checked) return checked.error();
  const auto* row = context.store.find<SubscriptionRow>(arn);
  if (!row) return subscription_missing();
  GetSubscriptionAttributesResponse response;
  response.attributes =
      Attributes{{"SubscriptionArn", arn},
                 {"TopicArn", row->topic_arn},
                 {"Protocol", row->protocol},
                 {"Endpoint", row->endpoint},
                 {"Owner", context.settings.account},
                 {"SubscriptionPrincipal", row->principal},
                 {"PendingConfirmation", text_of(!row->confirmed)},
                 {"ConfirmationWasAuthenticated", text_of(row->confirmation_was_authenticated)},
                 {"RawMessageDelivery", "false"}};
  for (const auto& [name, value] : row->attributes) (*response.attributes)[name] = value;
  if (row->attributes.contains("FilterPolicy"))
    response.attributes->emplace("FilterPolicyScope", "MessageAttributes");
  return response;
}

Result<SetSubscriptionAttributesOutput> set_subscription_attributes(
    Context& context, const SetSubscriptionAttributesInput& input) {
  const std::string arn = input.subscription_arn.value_or("");
  if (auto checked = check_subscription_arn(arn); !checked) return checked.error();
  auto* row = context.store.edit<SubscriptionRow>(arn);
  if (!row) return subscription_missing();
  const std::string name = input.attribute_name.value_or("");
  const std::string value = input.attribute_value.value_or("");
  const bool removes = value.empty() || (name == "FilterPolicy" && value == "{}");
  if (removes && (name == "FilterPolicy" || name == "DeliveryPolicy" || name == "RedrivePolicy")) {
    row->attributes.erase(name);
    return SetSubscriptionAttributesOutput{};
  }
  Attributes all = row->attributes;
  all[name] = name == "RawMessageDelivery" ? lower(value) : value;
  if (auto checked = check_subscription_attribute(row->protocol, name, all, false); !checked)
    return checked.error();
  row->attributes = std::move(all);
  return SetSubscriptionAttributesOutput{};
}

}  // namespace berth::sns
