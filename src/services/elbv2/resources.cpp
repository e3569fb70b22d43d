#include "services/elbv2/resources.h"

#include <algorithm>

#include "base/arn.h"
#include "services/tags.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t name_most = 32;
constexpr std::size_t tag_key_most = 128;
constexpr std::size_t tag_value_most = 256;

bool by_priority(const RuleRow* a, const RuleRow* b) {
  return a->priority < b->priority;
}

}  // namespace

Error validation_error(std::string message) {
  return {"ValidationError", std::move(message)};
}

Error not_found(const Kind& kind) {
  // AWS says "rules", though the ARN's error says "listener rule".
  const std::string_view called = kind.called == kinds::rule.called ? "rule" : kind.called;
  return {kind.not_found, fmt::format("One or more {}s not found", called)};
}

Error not_supported(std::string_view what) {
  return validation_error(fmt::format("{} is not supported by berth.", what));
}

Result<> check_arn(const Kind& kind, const std::string& arn) {
  const auto parsed = parse_arn(arn);
  if (parsed && parsed->service == "elasticloadbalancing" &&
      parsed->resource.starts_with(kind.resource_prefix)) {
    return {};
  }
  return validation_error(fmt::format("'{}' is not a valid {} ARN", arn, kind.called));
}

Result<> check_name(std::string_view what, const std::string& name) {
  if (name.empty()) return validation_error(fmt::format("{} name cannot be empty", what));
  if (name.size() > name_most) {
    return validation_error(
        fmt::format("{} name '{}' cannot be longer than '{}' characters", what, name, name_most));
  }
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!plain) {
    return validation_error(fmt::format(
        "{} name '{}' can only contain characters that are alphanumeric characters and hyphens(-)", what,
        name));
  }
  if (name.front() == '-' || name.back() == '-') {
    return validation_error(fmt::format("{} name '{}' cannot begin or end with '-'", what, name));
  }
  return {};
}

Result<std::vector<Tag>> checked_tags(const std::optional<std::vector<Tag>>& tags) {
  std::set<std::string> keys;
  std::vector<Tag> out;
  for (const Tag& tag : list_of(tags)) {
    const std::string key = tag.key.value_or("");
    if (key.empty() || key.size() > tag_key_most) {
      return validation_error(fmt::format("Tag key '{}' must have 1 to {} characters", key, tag_key_most));
    }
    if (tag.value.value_or("").size() > tag_value_most) {
      return validation_error(
          fmt::format("The value of tag '{}' is longer than {} characters", key, tag_value_most));
    }
    // CloudFormation's own tags come through the same door; from a client they are refused before.
    if (key.starts_with("aws:") && !key.starts_with("aws:cloudformation:")) {
      return validation_error(fmt::format("Tag key '{}' is reserved: it begins with 'aws:'", key));
    }
    if (!keys.insert(key).second) {
      return Error{"DuplicateTagKeysException", "A tag key was specified more than once"};
    }
    out.push_back({key, tag.value.value_or("")});
  }
  if (services::too_many_tags(out)) {
    return Error{"TooManyTagsException", "You've reached the limit on the number of tags for this resource"};
  }
  return out;
}

Result<> check_page_size(const std::optional<std::int64_t>& page_size) {
  if (!page_size || (*page_size >= 1 && *page_size <= page_items_most)) return {};
  return validation_error(fmt::format(
      "1 validation error detected: Value '{}' at 'pageSize' failed to satisfy constraint: Member must "
      "have value {} than or equal to {}",
      *page_size, *page_size < 1 ? "greater" : "less", *page_size < 1 ? 1 : page_items_most));
}

std::vector<const RuleRow*> rules_of(const Store& store, const std::string& listener_arn) {
  std::vector<const RuleRow*> rules;
  for (const auto& [arn, rule] : store.all<RuleRow>()) {
    if (rule.listener_arn == listener_arn) rules.push_back(&rule);
  }
  std::sort(rules.begin(), rules.end(), by_priority);
  return rules;
}

std::map<std::string, std::vector<const RuleRow*>> rules_by_listener(const Store& store) {
  std::map<std::string, std::vector<const RuleRow*>> grouped;
  for (const auto& [arn, rule] : store.all<RuleRow>()) grouped[rule.listener_arn].push_back(&rule);
  for (auto& [listener, rules] : grouped) std::sort(rules.begin(), rules.end(), by_priority);
  return grouped;
}

std::vector<const ListenerRow*> listeners_of(const Store& store, const std::string& load_balancer_arn) {
  std::vector<const ListenerRow*> listeners;
  for (const auto& [arn, listener] : store.all<ListenerRow>()) {
    if (listener.load_balancer_arn == load_balancer_arn) listeners.push_back(&listener);
  }
  return listeners;
}

void erase_listener(Store& store, const std::string& listener_arn) {
  std::vector<std::string> rules;
  for (const auto* rule : rules_of(store, listener_arn)) rules.push_back(rule->arn);
  for (const auto& arn : rules) store.erase<RuleRow>(arn);
  store.erase<ListenerRow>(listener_arn);
}

TargetGroup describe(const std::map<std::string, std::set<std::string>>& users, const TargetGroupRow& row) {
  TargetGroup group = row.description;
  auto& balancers = group.load_balancer_arns.emplace();
  if (const auto found = users.find(row.arn); found != users.end()) {
    balancers.assign(found->second.begin(), found->second.end());
  }
  return group;
}

Rule describe(const Store& store, const RuleRow& row) {
  Rule rule = row.description;
  if (row.priority != default_rule_priority) return rule;
  const auto* listener = store.find<ListenerRow>(row.listener_arn);
  if (listener) rule.actions = listener->description.default_actions;
  return rule;
}

}  // namespace berth::elbv2
