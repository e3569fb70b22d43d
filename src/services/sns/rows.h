// What berth keeps of SNS: topics, subscriptions and the deliveries that wait for the notification
// reconciler.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/sns.h"
#include "store/store.h"

namespace berth::sns {

struct TopicRow {
  static constexpr const char* table = "sns.topics";
  std::string arn;
  std::string name;
  std::map<std::string, std::string> attributes;  // those that were set
  std::vector<Tag> tags;
  int subscriptions_deleted = 0;

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(TopicRow, (), (arn, name, attributes, tags, subscriptions_deleted))

struct SubscriptionRow {
  static constexpr const char* table = "sns.subscriptions";
  std::string arn;
  std::string topic_arn;
  std::string protocol;
  std::string endpoint;
  std::map<std::string, std::string> attributes;  // FilterPolicy, FilterPolicyScope, RawMessageDelivery, ...
  std::string principal;                          // who subscribed
  bool confirmed = false;
  bool confirmation_was_authenticated = false;
  bool authenticate_on_unsubscribe = false;
  std::string token;
  Time token_expires_at{};  // on the real clock: people click links in real days

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(SubscriptionRow, (),
                      (arn, topic_arn, protocol, endpoint, attributes, principal, confirmed,
                       confirmation_was_authenticated, authenticate_on_unsubscribe, token, token_expires_at))

// A subscription that somebody without a signature has ended: its token restores it, until it expires.
struct EndedSubscriptionRow {
  static constexpr const char* table = "sns.ended_subscriptions";
  std::string arn;
  SubscriptionRow subscription;

  std::string key() const { return arn; }
};
BOOST_DESCRIBE_STRUCT(EndedSubscriptionRow, (), (arn, subscription))

// One text on its way to one endpoint, complete as it will be sent.
struct DeliveryRow {
  static constexpr const char* table = "sns.deliveries";
  std::int64_t sequence = 0;  // in the order of publishing
  std::string id;             // stable over attempts
  std::string topic_arn;
  std::string protocol;  // email | email-json | http | https
  std::string endpoint;
  std::string from_name;                       // mail
  std::string subject;                         // mail
  std::map<std::string, std::string> headers;  // http
  std::string body;
  int attempts = 0;
  Time next_attempt{};  // on the real clock: outside servers recover in real time
  std::string last_error;
  std::optional<Time> gave_up_at;  // real time; such a row is only a record

  static std::string key_of(std::int64_t sequence);
  std::string key() const { return key_of(sequence); }
};
BOOST_DESCRIBE_STRUCT(DeliveryRow, (),
                      (sequence, id, topic_arn, protocol, endpoint, from_name, subject, headers, body,
                       attempts, next_attempt, last_error, gave_up_at))

void add_tables(Store& store);

// The next one's number; needs a transaction around it and the put().
std::int64_t next_delivery_sequence(const Store& store);

inline bool is_mail(std::string_view protocol) {
  return protocol.starts_with("email");
}

}  // namespace berth::sns
