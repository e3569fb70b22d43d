// Attributes of load balancers, target groups and listeners: which there are, their defaults, and what berth
// can honour of them. One that berth cannot honour keeps its default and refuses any other value by name.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "services/elbv2/resources.h"

namespace berth::elbv2 {

struct AttributeRule {
  const char* key;
  const char* fallback;
  // What is allowed beside the default: whole numbers in [least, most], or one of `choices`.
  long long least = 0;
  long long most = -1;
  std::vector<const char*> choices{};
};

using Attributes = std::map<std::string, std::string>;

std::span<const AttributeRule> load_balancer_attributes();
std::span<const AttributeRule> target_group_attributes();
std::span<const AttributeRule> listener_attributes();

// What is set, else the default.
std::string attribute_of(const Attributes& attributes, std::span<const AttributeRule> rules,
                         std::string_view key);

// `what`: "Load balancer", "Target group" or "Listener".
Result<> set_attribute(Attributes& attributes, std::span<const AttributeRule> rules, const char* what,
                       const std::optional<std::string>& key, const std::optional<std::string>& value);

// All of them, set or not, in AWS's order.
template <class Attribute>
std::vector<Attribute> list_attributes(const Attributes& attributes, std::span<const AttributeRule> rules) {
  std::vector<Attribute> out;
  for (const auto& rule : rules) out.push_back({rule.key, attribute_of(attributes, rules, rule.key)});
  return out;
}

}  // namespace berth::elbv2
