// The texts that SNS sends: mails and the JSON documents of email-json and http(s) endpoints. They are made
// when a message is published, so that what waits in the store is what will be sent.
#pragma once

#include <map>
#include <string>

#include "services/context.h"
#include "services/sns/rows.h"

namespace berth::sns {

struct Message {
  std::string id;
  std::string subject;  // may be empty
  std::string text;     // already the one for the subscription's protocol
  std::map<std::string, MessageAttributeValue> attributes;
  Time published_at{};
};

// Complete but for its sequence.
DeliveryRow confirmation(const Settings& settings, const TopicRow& topic, const SubscriptionRow& subscription,
                         std::string id, Time now);
// Of an end that nobody has signed, with the way back.
DeliveryRow end_confirmation(const Settings& settings, const TopicRow& topic,
                             const SubscriptionRow& subscription, std::string id, Time now);
DeliveryRow notification(const Settings& settings, const TopicRow& topic, const SubscriptionRow& subscription,
                         std::string id, const Message& message);

// Links into berth's own endpoint; they work without a signature.
std::string confirm_link(const Settings& settings, const SubscriptionRow& subscription);
std::string unsubscribe_link(const Settings& settings, const SubscriptionRow& subscription);

}  // namespace berth::sns
