// EventBridge: the targets of rules.
#include <algorithm>
#include <set>

#include "base/arn.h"
#include "handlers/events.h"
#include "services/events/lookup.h"
#include "services/events/target.h"

namespace berth::events {
namespace {

constexpr std::size_t targets_max = 5;  // AWS's quota of a rule

// Parameters of targets that berth does not have.
Result<> check_parameters(const Target& target) {
  const auto refused = [](const char* member) { return unsupported(std::string("a target's ") + member); };
  if (target.kinesis_parameters) return refused("KinesisParameters");
  if (target.run_command_parameters) return refused("RunCommandParameters");
  if (target.batch_parameters) return refused("BatchParameters");
  if (target.sqs_parameters) return refused("SqsParameters");
  if (target.http_parameters) return refused("HttpParameters");
  if (target.redshift_data_parameters) return refused("RedshiftDataParameters");
  if (target.sage_maker_pipeline_parameters) return refused("SageMakerPipelineParameters");
  if (target.app_sync_parameters) return refused("AppSyncParameters");
  if (target.dead_letter_config && target.dead_letter_config->arn)
    return refused("DeadLetterConfig: there is no SQS");
  return {};
}

// CloudFormation's templates come here without the API's own checks.
Result<> check_members(const Target& target) {
  if (target.id.value_or("").empty()) return not_valid("Targets", "Targets should have an Id.");
  if (target.arn.value_or("").empty()) return not_valid("Targets", "Targets should have an Arn.");
  if (target.input_transformer && !target.input_transformer->input_template)
    return not_valid("InputTransformer", "InputTemplate is required.");
  return {};
}

Result<> check_target(const Target& target) {
  if (auto checked = check_members(target); !checked) return checked;
  if (auto checked = check_parameters(target); !checked) return checked;
  const auto kind = kind_of(target);
  if (!kind)
    return unsupported("the target " + target.arn.value_or("") + ": only ECS clusters and SNS topics");
  if (*kind == TargetKind::ecs_cluster) {
    if (!target.ecs_parameters)
      return not_valid("EcsParameters", "EcsParameters is required for target " + *target.arn + ".");
    if (target.role_arn.value_or("").empty())
      return invalid("RoleArn is required for target " + *target.arn + ".");
  } else if (target.ecs_parameters) {
    return not_valid("EcsParameters",
                     "Parameter EcsParameters is not supported for target " + *target.arn + ".");
  }
  return control::check_input(input_rule_of(target));
}

Result<> check_targets(const RuleRow& rule, const std::vector<Target>& targets) {
  std::set<std::string> ids, all;
  for (const auto& target : rule.targets) all.insert(*target.id);
  for (const auto& target : targets) {
    if (auto checked = check_target(target); !checked) return checked;
    if (!ids.insert(*target.id).second) return not_valid("Targets", "Targets contains duplicated Ids.");
    all.insert(*target.id);
  }
  if (all.size() <= targets_max) return {};
  return Error{"LimitExceededException", "The requested resource exceeds the maximum number allowed."};
}

auto with_id(std::vector<Target>& targets, const std::string& id) {
  return std::find_if(targets.begin(), targets.end(), [&](const Target& target) { return target.id == id; });
}

}  // namespace

Result<PutTargetsResponse> put_targets(Context& context, const PutTargetsRequest& input) {
  auto rule = edit_rule(context, input.event_bus_name, input.rule);
  if (!rule) return rule.error();
  if (auto checked = check_targets(**rule, *input.targets); !checked) return checked.error();
  for (const auto& target : *input.targets) {
    const auto known = with_id((*rule)->targets, *target.id);
    if (known == (*rule)->targets.end()) {
      (*rule)->targets.push_back(target);
    } else {
      *known = target;
    }
  }
  PutTargetsResponse response;
  response.failed_entry_count = 0;
  response.failed_entries.emplace();
  return response;
}

Result<RemoveTargetsResponse> remove_targets(Context& context, const RemoveTargetsRequest& input) {
  auto rule = edit_rule(context, input.event_bus_name, input.rule);
  if (!rule) return rule.error();
  RemoveTargetsResponse response;
  response.failed_entries.emplace();
  for (const auto& id : *input.ids) {
    const auto known = with_id((*rule)->targets, id);
    if (known != (*rule)->targets.end()) (*rule)->targets.erase(known);
  }
  response.failed_entry_count = 0;
  return response;
}

Result<ListTargetsByRuleResponse> list_targets_by_rule(Context& context,
                                                       const ListTargetsByRuleRequest& input) {
  const auto rule = find_rule(context, input.event_bus_name, input.rule);
  if (!rule) return rule.error();
  auto page = services::page_of(
      std::vector<Target>((*rule)->targets), input.next_token, input.limit.value_or(page_items_max),
      [](const Target& target) { return *target.id; }, bad_token);
  if (!page) return page.error();
  return ListTargetsByRuleResponse{std::move(page->items), std::move(page->next_token)};
}

Result<ListRuleNamesByTargetResponse> list_rule_names_by_target(Context& context,
                                                                const ListRuleNamesByTargetRequest& input) {
  if (auto known = check_bus(context.settings, input.event_bus_name); !known) return known.error();
  std::vector<std::string> names;
  for (const auto& [name, rule] : context.store.all<RuleRow>()) {
    const bool has = std::any_of(rule.targets.begin(), rule.targets.end(),
                                 [&](const Target& target) { return target.arn == input.target_arn; });
    if (has) names.push_back(name);
  }
  auto page = services::page_of(
      std::move(names), input.next_token, input.limit.value_or(page_items_max),
      [](const std::string& name) { return name; }, bad_token);
  if (!page) return page.error();
  return ListRuleNamesByTargetResponse{std::move(page->items), std::move(page->next_token)};
}

}  // namespace berth::events
