// What all of ELBv2's resources have in common: lookups by ARN that fail with AWS's codes, names, pages,
// tags.
#pragma once

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/context.h"
#include "services/elbv2/rows.h"
#include "services/lists.h"
#include "services/paging.h"

namespace berth::elbv2 {

using services::list_of;

struct Kind {
  const char* called;           // "load balancer"
  const char* resource_prefix;  // of the ARN's resource
  const char* not_found;        // error code
};

namespace kinds {
inline constexpr Kind load_balancer{"load balancer", "loadbalancer/", "LoadBalancerNotFoundException"};
inline constexpr Kind listener{"listener", "listener/", "ListenerNotFoundException"};
inline constexpr Kind rule{"listener rule", "listener-rule/", "RuleNotFoundException"};
inline constexpr Kind target_group{"target group", "targetgroup/", "TargetGroupNotFoundException"};
}  // namespace kinds

// The default rule stands behind all others, whose priorities end at 50,000.
inline constexpr int default_rule_priority = 1 << 20;

Error validation_error(std::string message);
Error not_found(const Kind& kind);
Error not_supported(std::string_view what);
Result<> check_arn(const Kind& kind, const std::string& arn);

template <class Row>
Result<const Row*> require(const Store& store, const Kind& kind, const std::optional<std::string>& arn) {
  const std::string wanted = arn.value_or("");
  if (const auto* row = store.find<Row>(wanted)) return row;
  if (auto checked = check_arn(kind, wanted); !checked) return checked.error();
  return not_found(kind);
}

// At most 32 letters, digits and hyphens, none at the ends.
Result<> check_name(std::string_view what, const std::string& name);

Result<std::vector<Tag>> checked_tags(const std::optional<std::vector<Tag>>& tags);

Result<> check_page_size(const std::optional<std::int64_t>& page_size);
inline constexpr std::int64_t page_items_most = 400;

// Rules of a listener, by priority, the default one last.
std::vector<const RuleRow*> rules_of(const Store& store, const std::string& listener_arn);
std::vector<const ListenerRow*> listeners_of(const Store& store, const std::string& load_balancer_arn);
// The same for all listeners at once.
std::map<std::string, std::vector<const RuleRow*>> rules_by_listener(const Store& store);
void erase_listener(Store& store, const std::string& listener_arn);

// As the describe calls answer. `users` is load_balancers_by_group().
TargetGroup describe(const std::map<std::string, std::set<std::string>>& users, const TargetGroupRow& row);
Rule describe(const Store& store, const RuleRow& row);

template <class Item, class Input, class KeyOf>
Result<services::Page<Item>> page(const Input& input, std::vector<Item> items, KeyOf key_of) {
  if (auto checked = check_page_size(input.page_size); !checked) return checked.error();
  return services::page_of(std::move(items), input.marker, input.page_size.value_or(page_items_most), key_of,
                           {"ValidationError", "Invalid marker provided."});
}

}  // namespace berth::elbv2
