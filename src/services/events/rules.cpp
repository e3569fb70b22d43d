// EventBridge: rules, and the bus that they are on.
#include <algorithm>

#include "control/event_pattern.h"
#include "control/rule_schedule.h"
#include "handlers/events.h"
#include "services/events/lookup.h"
#include "services/tags.h"

namespace berth::events {
namespace {

constexpr std::size_t rules_max = 300;  // AWS's quota of a bus in most regions

Result<> check_rule(const PutRuleRequest& input) {
  if (!input.event_pattern && !input.schedule_expression)
    return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  if (input.event_pattern && !input.event_pattern->empty()) {
    if (auto pattern = control::parse_event_pattern(*input.event_pattern); !pattern) return pattern.error();
  }
  if (input.schedule_expression && !input.schedule_expression->empty()) {
    if (auto schedule = control::parse_rule_schedule(*input.schedule_expression); !schedule)
      return schedule.error();
  }
  const std::string state = input.state.value_or("ENABLED");
  if (state == "ENABLED" || state == "DISABLED") return {};
  return unsupported("the state " + state + ": nothing here records API calls");
}

void start_schedule(RuleRow& row, Time now) {
  row.scheduled_since = now;
  ++row.schedule_version;
}

void set_enabled(RuleRow& row, bool enabled, Time now) {
  if (enabled && !row.enabled) start_schedule(row, now);
  row.enabled = enabled;
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

template <class Description>
Description described(const RuleRow& row) {
  Description rule;
  rule.name = row.name;
  rule.arn = row.arn;
  rule.event_pattern = unless_empty(row.event_pattern);
  rule.schedule_expression = unless_empty(row.schedule_expression);
  rule.state = row.enabled ? "ENABLED" : "DISABLED";
  rule.description = unless_empty(row.description);
  rule.role_arn = unless_empty(row.role_arn);
  rule.event_bus_name = default_bus;
  return rule;
}

Result<std::vector<Tag>*> tagged(Context& context, const std::optional<std::string>& arn) {
  const std::string prefix = rule_arn(context.settings, "");
  const std::string name =
      arn.value_or("").starts_with(prefix) ? arn->substr(prefix.size()) : arn.value_or("");
  auto row = edit_rule(context, std::nullopt, name);
  if (!row) return row.error();
  return &(*row)->tags;
}

}  // namespace

Result<PutRuleResponse> put_rule(Context& context, const PutRuleRequest& input) {
  if (auto known = check_bus(context.settings, input.event_bus_name); !known) return known.error();
  if (auto checked = check_rule(input); !checked) return checked.error();
  const auto* existing = context.store.find<RuleRow>(*input.name);
  if (!existing && context.store.all<RuleRow>().size() >= rules_max) {
    return Error{"LimitExceededException", "The requested resource exceeds the maximum number allowed."};
  }
  RuleRow row = existing ? *existing : RuleRow{};
  if (!existing) {
    row.name = *input.name;
    row.arn = rule_arn(context.settings, row.name);
    row.created_by = context.settings.account;
    services::merge_tags(row.tags, input.tags.value_or(std::vector<Tag>{}));
  }
  row.description = input.description.value_or("");
  row.event_pattern = input.event_pattern.value_or("");
  row.role_arn = input.role_arn.value_or("");
  set_enabled(row, input.state.value_or("ENABLED") == "ENABLED", context.now());
  const std::string schedule = input.schedule_expression.value_or("");
  if (!existing || row.schedule_expression != schedule) start_schedule(row, context.now());
  row.schedule_expression = schedule;
  PutRuleResponse response{row.arn};
  context.store.put(std::move(row));
  return response;
}

Result<DescribeRuleResponse> describe_rule(Context& context, const DescribeRuleRequest& input) {
  const auto row = find_rule(context, input.event_bus_name, input.name);
  if (!row) return row.error();
  auto response = described<DescribeRuleResponse>(**row);
  response.created_by = (*row)->created_by;
  return response;
}

Result<ListRulesResponse> list_rules(Context& context, const ListRulesRequest& input) {
  if (auto known = check_bus(context.settings, input.event_bus_name); !known) return known.error();
  std::vector<Rule> rules;
  for (const auto& [name, row] : context.store.all<RuleRow>()) {
    if (name.starts_with(input.name_prefix.value_or(""))) rules.push_back(described<Rule>(row));
  }
  auto page = services::page_of(
      std::move(rules), input.next_token, input.limit.value_or(page_items_max),
      [](const Rule& rule) { return *rule.name; }, bad_token);
  if (!page) return page.error();
  return ListRulesResponse{std::move(page->items), std::move(page->next_token)};
}

Result<DeleteRuleOutput> delete_rule(Context& context, const DeleteRuleRequest& input) {
  if (auto known = check_bus(context.settings, input.event_bus_name); !known) return known.error();
  const auto* row = context.store.find<RuleRow>(*input.name);
  if (!row) return DeleteRuleOutput{};
  if (!row->targets.empty()) return invalid("Rule can't be deleted since it has targets.");
  context.store.erase<RuleRow>(*input.name);
  return DeleteRuleOutput{};
}

Result<EnableRuleOutput> enable_rule(Context& context, const EnableRuleRequest& input) {
  auto row = edit_rule(context, input.event_bus_name, input.name);
  if (!row) return row.error();
  set_enabled(**row, true, context.now());
  return EnableRuleOutput{};
}

Result<DisableRuleOutput> disable_rule(Context& context, const DisableRuleRequest& input) {
  auto row = edit_rule(context, input.event_bus_name, input.name);
  if (!row) return row.error();
  set_enabled(**row, false, context.now());
  return DisableRuleOutput{};
}

Result<DescribeEventBusResponse> describe_event_bus(Context& context, const DescribeEventBusRequest& input) {
  if (auto known = check_bus(context.settings, input.name); !known) return known.error();
  DescribeEventBusResponse response;
  response.name = default_bus;
  response.arn = bus_arn(context.settings);
  return response;
}

Result<ListEventBusesResponse> list_event_buses(Context& context, const ListEventBusesRequest& input) {
  ListEventBusesResponse response;
  response.event_buses.emplace();
  if (!std::string(default_bus).starts_with(input.name_prefix.value_or(""))) return response;
  EventBus bus;
  bus.name = default_bus;
  bus.arn = bus_arn(context.settings);
  response.event_buses->push_back(std::move(bus));
  return response;
}

Result<TagResourceResponse> tag_resource(Context& context, const TagResourceRequest& input) {
  auto tags = tagged(context, input.resource_arn);
  if (!tags) return tags.error();
  services::merge_tags(**tags, input.tags.value_or(std::vector<Tag>{}));
  if (services::too_many_tags(**tags)) return invalid("Tag quota exceeded for the resource.");
  return TagResourceResponse{};
}

Result<UntagResourceResponse> untag_resource(Context& context, const UntagResourceRequest& input) {
  auto tags = tagged(context, input.resource_arn);
  if (!tags) return tags.error();
  services::remove_tags(**tags, input.tag_keys.value_or(std::vector<std::string>{}));
  return UntagResourceResponse{};
}

Result<ListTagsForResourceResponse> list_tags_for_resource(Context& context,
                                                           const ListTagsForResourceRequest& input) {
  auto tags = tagged(context, input.resource_arn);
  if (!tags) return tags.error();
  return ListTagsForResourceResponse{**tags};
}

}  // namespace berth::events
