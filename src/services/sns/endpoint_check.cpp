#include "services/sns/endpoint_check.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/text.h"
#include "services/sns/errors.h"
#include "services/sns/filter_policy.h"

namespace berth::sns {
namespace {

constexpr std::size_t mail_address_characters_max = 254;
constexpr std::size_t domain_label_characters_max = 63;

const std::set<std::string> undelivered_protocols{"sms", "sqs", "lambda", "firehose", "application"};

// RFC 5321's dot-string; quoted local parts are valid and nobody has one.
bool is_local_part(std::string_view text) {
  constexpr std::string_view extra = ".!#$%&'*+-/=?^_`{|}~";
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != text.npos) return false;
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return std::isalnum(c) || extra.find(static_cast<char>(c)) != extra.npos;
  });
}

bool is_domain(std::string_view text) {
  const auto labels = split(text, '.');
  if (labels.size() < 2) return false;
  return std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
    if (label.empty() || label.size() > domain_label_characters_max) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(),
                       [](unsigned char c) { return std::isalnum(c) || c == '-'; });
  });
}

bool is_url(const std::string& text, const std::string& protocol) {
  const std::string prefix = protocol + "://";
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 127; });
}

bool is_json(const std::string& text) {
  json::value document;
  JsonError error;
  return parse_json(text, document, error) && document.is_object();
}

}  // namespace

bool is_mail_address(const std::string& address) {
  const auto at = address.find('@');
  if (at == std::string::npos || at != address.rfind('@') || address.size() > mail_address_characters_max) {
    return false;
  }
  return is_local_part(std::string_view(address).substr(0, at)) &&
         is_domain(std::string_view(address).substr(at + 1));
}

Result<> check_endpoint(const std::string& protocol, const std::string& endpoint) {
  if (undelivered_protocols.contains(protocol)) {
    return invalid_parameter("Protocol Reason: berth does not deliver to " + protocol);
  }
  if (protocol == "email" || protocol == "email-json") {
    return is_mail_address(endpoint) ? Result<>{} : invalid_parameter("Email address");
  }
  if (protocol == "http" || protocol == "https") {
    return is_url(endpoint, protocol) ? Result<>{}
                                      : invalid_parameter("Endpoint must match the specified protocol");
  }
  return invalid_parameter("Amazon SNS does not support this protocol string: " + protocol);
}

Result<> check_subscription_attribute(const std::string& protocol, const std::string& name,
                                      const std::map<std::string, std::string>& all, bool in_subscribe) {
  const std::string where = in_subscribe ? "Attributes Reason: " : "";
  const std::string& value = all.at(name);
  const auto scope = all.find("FilterPolicyScope");
  if (name == "FilterPolicy") {
    return check_filter_policy(value, scope == all.end() ? "MessageAttributes" : scope->second, in_subscribe);
  }
  if (name == "FilterPolicyScope") {
    if (value != "MessageAttributes" && value != "MessageBody") {
      return invalid_parameter(where + "FilterPolicyScope: Invalid value [" + value +
                               "]. Please use either MessageBody or MessageAttributes");
    }
    const auto policy = all.find("FilterPolicy");
    return policy == all.end() ? Result<>{} : check_filter_policy(policy->second, value, in_subscribe);
  }
  if (name == "RawMessageDelivery") {
    const std::string lowered = lower(value);
    if (lowered != "true" && lowered != "false") {
      return invalid_parameter(where + "RawMessageDelivery: Invalid value [" + value +
                               "]. Must be true or false.");
    }
    if (lowered == "true" && protocol != "http" && protocol != "https") {
      return invalid_parameter(where + "RawMessageDelivery: Delivery protocol [" + protocol +
                               "] does not support raw message delivery.");
    }
    return {};
  }
  if (name == "DeliveryPolicy") {
    return is_json(value) ? Result<>{} : invalid_parameter(where + "DeliveryPolicy: failed to parse JSON");
  }
  if (name == "RedrivePolicy" || name == "ReplayPolicy" || name == "SubscriptionRoleArn") {
    return invalid_parameter(where + name + ": berth does not support this attribute");
  }
  return invalid_parameter(in_subscribe ? "Attributes" : "AttributeName");
}

}  // namespace berth::sns
