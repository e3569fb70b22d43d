// The rules of listeners.
#include <algorithm>
#include <map>
#include <set>

#include "handlers/elbv2.h"
#include "loop/rng.h"
#include "services/elbv2/actions.h"
#include "services/elbv2/conditions.h"

namespace berth::elbv2 {
namespace {

constexpr std::int64_t priority_most = 50000;
constexpr std::size_t rules_most = 100;  // of a load balancer, not counting the default ones

Result<const LoadBalancerRow*> balancer_of(const Store& store, const std::string& listener_arn) {
  auto listener = require<ListenerRow>(store, kinds::listener, listener_arn);
  if (!listener) return listener.error();
  return require<LoadBalancerRow>(store, kinds::load_balancer, (*listener)->load_balancer_arn);
}

std::size_t count_rules(const Store& store, const std::string& balancer_arn) {
  std::size_t count = 0;
  for (const auto* listener : listeners_of(store, balancer_arn)) {
    for (const auto* rule : rules_of(store, listener->arn)) {
      if (rule->priority != default_rule_priority) ++count;
    }
  }
  return count;
}

Result<> check_priority(std::int64_t priority) {
  if (priority >= 1 && priority <= priority_most) return {};
  return validation_error(
      fmt::format("The rule priority '{}' must be between 1 and {}", priority, priority_most));
}

Error priority_in_use(std::int64_t priority) {
  return {"PriorityInUseException", fmt::format("Priority '{}' is currently in use", priority)};
}

Error default_rule(const std::string& arn, const char* what) {
  return {"OperationNotPermittedException", fmt::format("Default rule '{}' cannot be {}", arn, what)};
}

std::string new_rule_arn(const Context& context, const std::string& listener_arn) {
  std::string arn = listener_arn + "/" + random_hex(context.ids(), 16);
  const std::string_view from = ":listener/";
  return arn.replace(arn.find(from), from.size(), ":listener-rule/");
}

// What each listener's priorities would be with the pairs applied.
Result<> check_priorities(const Store& store, const std::map<std::string, std::int64_t>& wanted) {
  std::set<std::string> listeners;
  for (const auto& [arn, priority] : wanted) listeners.insert(store.find<RuleRow>(arn)->listener_arn);
  for (const std::string& listener : listeners) {
    std::set<std::int64_t> taken;
    for (const auto* rule : rules_of(store, listener)) {
      const auto changed = wanted.find(rule->arn);
      const std::int64_t priority = changed == wanted.end() ? rule->priority : changed->second;
      if (!taken.insert(priority).second) return priority_in_use(priority);
    }
  }
  return {};
}

}  // namespace

Result<CreateRuleOutput> create_rule(Context& context, const CreateRuleInput& input) {
  Store& store = context.store;
  auto listener = require<ListenerRow>(store, kinds::listener, input.listener_arn);
  if (!listener) return listener.error();
  auto balancer = balancer_of(store, (*listener)->arn);
  if (!balancer) return balancer.error();
  if (!list_of(input.transforms).empty()) return not_supported("A rule with Transforms");
  const std::int64_t priority = input.priority.value_or(0);
  if (auto checked = check_priority(priority); !checked) return checked.error();
  auto conditions = canonical_conditions(input.conditions);
  if (!conditions) return conditions.error();
  auto actions = canonical_actions(store, **balancer, input.actions);
  if (!actions) return actions.error();
  auto tags = checked_tags(input.tags);
  if (!tags) return tags.error();
  for (const auto* rule : rules_of(store, (*listener)->arn)) {
    if (rule->priority == priority) return priority_in_use(priority);
  }
  if (count_rules(store, (*balancer)->arn) >= rules_most) {
    return Error{"TooManyRulesException", "The maximum number of rules per load balancer has been reached"};
  }
  RuleRow row;
  row.arn = new_rule_arn(context, (*listener)->arn);
  row.listener_arn = (*listener)->arn;
  row.priority = static_cast<int>(priority);
  row.description.rule_arn = row.arn;
  row.description.priority = std::to_string(priority);
  row.description.conditions = std::move(*conditions);
  row.description.actions = std::move(*actions);
  row.description.is_default = false;
  row.tags = std::move(*tags);
  store.put(row);
  return CreateRuleOutput{std::vector{std::move(row.description)}};
}

Result<ModifyRuleOutput> modify_rule(Context& context, const ModifyRuleInput& input) {
  Store& store = context.store;
  auto row = require<RuleRow>(store, kinds::rule, input.rule_arn);
  if (!row) return row.error();
  if ((*row)->priority == default_rule_priority) return default_rule((*row)->arn, "modified");
  if (!list_of(input.transforms).empty()) return not_supported("A rule with Transforms");
  auto balancer = balancer_of(store, (*row)->listener_arn);
  if (!balancer) return balancer.error();
  auto* edited = store.edit<RuleRow>((*row)->arn);
  if (input.conditions) {
    auto conditions = canonical_conditions(input.conditions);
    if (!conditions) return conditions.error();
    edited->description.conditions = std::move(*conditions);
  }
  if (input.actions) {
    auto actions = canonical_actions(store, **balancer, input.actions);
    if (!actions) return actions.error();
    edited->description.actions = std::move(*actions);
  }
  return ModifyRuleOutput{std::vector{edited->description}};
}

Result<DeleteRuleOutput> delete_rule(Context& context, const DeleteRuleInput& input) {
  auto row = require<RuleRow>(context.store, kinds::rule, input.rule_arn);
  if (!row) return row.error();
  if ((*row)->priority == default_rule_priority) return default_rule((*row)->arn, "deleted");
  context.store.erase<RuleRow>(*input.rule_arn);
  return DeleteRuleOutput{};
}

Result<SetRulePrioritiesOutput> set_rule_priorities(Context& context, const SetRulePrioritiesInput& input) {
  Store& store = context.store;
  std::map<std::string, std::int64_t> wanted;
  for (const auto& pair : list_of(input.rule_priorities)) {
    auto row = require<RuleRow>(store, kinds::rule, pair.rule_arn);
    if (!row) return row.error();
    if ((*row)->priority == default_rule_priority) return default_rule((*row)->arn, "given a priority");
    if (auto checked = check_priority(pair.priority.value_or(0)); !checked) return checked.error();
    wanted[(*row)->arn] = *pair.priority;
  }
  if (auto checked = check_priorities(store, wanted); !checked) return checked.error();
  SetRulePrioritiesOutput output;
  output.rules.emplace();
  for (const auto& [arn, priority] : wanted) {
    auto* row = store.edit<RuleRow>(arn);
    row->priority = static_cast<int>(priority);
    row->description.priority = std::to_string(priority);
    output.rules->push_back(row->description);
  }
  return output;
}

Result<DescribeRulesOutput> describe_rules(Context& context, const DescribeRulesInput& input) {
  const Store& store = context.store;
  const auto& arns = list_of(input.rule_arns);
  if (arns.empty() == !input.listener_arn) {
    return validation_error("You must specify either listener rule ARNs or a listener ARN");
  }
  std::vector<Rule> rules;
  for (const std::string& arn : arns) {
    auto row = require<RuleRow>(store, kinds::rule, arn);
    if (!row) return row.error();
    rules.push_back(describe(store, **row));
  }
  if (input.listener_arn) {
    auto listener = require<ListenerRow>(store, kinds::listener, input.listener_arn);
    if (!listener) return listener.error();
    for (const auto* row : rules_of(store, (*listener)->arn)) rules.push_back(describe(store, *row));
  }
  auto found = page(input, std::move(rules), [](const Rule& rule) { return *rule.rule_arn; });
  if (!found) return found.error();
  return DescribeRulesOutput{std::move(found->items), std::move(found->next_token)};
}

}  // namespace berth::elbv2
