#include "reconcile/event_targets.h"

#include <fmt/format.h>

#include "base/arn.h"
#include "handlers/ecs.h"
#include "services/ecs/names.h"
#include "services/ecs/rows.h"
#include "services/events/target.h"
#include "services/iam/authorization.h"
#include "services/lists.h"
#include "services/sns/permissions.h"
#include "services/sns/publish.h"

namespace berth::reconcile {

using events::InvocationRow;

namespace {

constexpr const char* events_service = "events.amazonaws.com";
constexpr const char* tasks_service = "ecs-tasks.amazonaws.com";

std::string input_of(const InvocationRow& invocation) {
  return control::target_input(events::input_rule_of(invocation.target), invocation.event,
                               {invocation.rule, invocation.rule_arn}, invocation.ingested_at);
}

// --- SNS

Result<> publish(const Context& context, const InvocationRow& invocation) {
  const std::string& topic = *invocation.target.arn;
  const auto allowed = sns::check_service_may_publish(context.store, context.settings, topic,
                                                      {events_service, invocation.rule_arn});
  if (!allowed) return allowed.error();
  sns::Publication publication;
  publication.topic_arn = topic;
  publication.message = input_of(invocation);
  const auto published =
      sns::publish(context.store, context.ids(), context.settings, publication, context.now());
  if (!published) return published.error();
  return {};
}

// --- ECS

// The role as EventBridge's session of it.
Result<Principal> assume(const Context& context, const InvocationRow& invocation) {
  const std::string& arn = *invocation.target.role_arn;
  const auto* role = iam::find_role(context.store, arn);
  if (!role || role->arn != arn || !iam::trusts_service(*role, events_service)) {
    return Error{"AccessDenied", fmt::format("EventBridge cannot assume the role {}", arn)};
  }
  const std::string session = random_hex(context.loop.rng("event ids"), 32);
  Principal caller;
  caller.arn =
      Arn{"aws", "sts", "", context.settings.account, "assumed-role/" + role->name + "/" + session}.text();
  caller.user_id = role->id + ":" + session;
  caller.role_arn = role->arn;
  return caller;
}

Result<> check_allowed(const Context& context, const Principal& caller, const std::string& action,
                       const std::string& resource, const std::string& key, const std::string& value) {
  control::PolicyRequest request{action, resource};
  request.keys = {{"aws:principalarn", {caller.role_arn}},
                  {"aws:principalaccount", {context.settings.account}},
                  {"aws:requestedregion", {context.settings.region}},
                  {"aws:currenttime", {iso_s(context.now())}},
                  {key, {value}}};
  return iam::check_allowed(context.store, caller.role_arn, caller.arn, request);
}

// To run a task is also to pass its roles to it.
Result<> check_may_run(const Context& context, const Principal& caller, const ecs::RunTaskRequest& request) {
  auto allowed = check_allowed(context, caller, "ecs:RunTask", *request.task_definition, "ecs:cluster",
                               *request.cluster);
  if (!allowed) return allowed;
  const auto* row = ecs::find_task_definition(context.store, context.settings, *request.task_definition);
  if (!row) return {};  // RunTask says so
  const auto& overrides = request.overrides;
  const auto pass = [&](const std::optional<std::string>& own,
                        const std::optional<std::string>& overriding) -> Result<> {
    const std::string name = overriding.value_or(own.value_or(""));
    if (name.empty()) return {};
    const std::string arn =
        name.starts_with("arn:") ? name : context.settings.global_arn("iam", "role/" + name);
    return check_allowed(context, caller, "iam:PassRole", arn, "iam:passedtoservice", tasks_service);
  };
  if (auto passed = pass(row->definition.task_role_arn, overrides ? overrides->task_role_arn : std::nullopt);
      !passed)
    return passed;
  return pass(row->definition.execution_role_arn, overrides ? overrides->execution_role_arn : std::nullopt);
}

ecs::NetworkConfiguration network_of(const events::NetworkConfiguration& network) {
  ecs::NetworkConfiguration out;
  if (!network.awsvpc_configuration) return out;
  const auto& vpc = *network.awsvpc_configuration;
  auto& configuration = out.awsvpc_configuration.emplace();
  configuration.subnets = vpc.subnets;
  configuration.security_groups = vpc.security_groups;
  configuration.assign_public_ip = vpc.assign_public_ip;
  return out;
}

// Placement goes along so that RunTask refuses it in its own words.
void add_placement(const events::EcsParameters& parameters, ecs::RunTaskRequest& request) {
  for (const auto& constraint : services::list_of(parameters.placement_constraints)) {
    if (!request.placement_constraints) request.placement_constraints.emplace();
    request.placement_constraints->push_back({.type = constraint.type, .expression = constraint.expression});
  }
  for (const auto& strategy : services::list_of(parameters.placement_strategy)) {
    if (!request.placement_strategy) request.placement_strategy.emplace();
    request.placement_strategy->push_back({.type = strategy.type, .field = strategy.field});
  }
}

// A target's input is the RunTask's overrides; an event that is none of them says nothing to ECS.
Result<std::optional<ecs::TaskOverride>> overrides_of(const InvocationRow& invocation) {
  const auto& target = invocation.target;
  if (!target.input && !target.input_path && !target.input_transformer) return std::nullopt;
  json::value document;
  JsonError error;
  if (!parse_json(input_of(invocation), document, error) || !document.is_object()) return std::nullopt;
  auto overrides = model::from_json<ecs::TaskOverride>(document);
  if (!overrides) return overrides.error();
  return std::optional(std::move(*overrides));
}

Result<ecs::RunTaskRequest> run_request(const InvocationRow& invocation) {
  const auto& parameters = *invocation.target.ecs_parameters;
  auto overrides = overrides_of(invocation);
  if (!overrides) return overrides.error();
  ecs::RunTaskRequest request;
  request.cluster = invocation.target.arn;
  request.task_definition = parameters.task_definition_arn.value_or("");
  request.count = parameters.task_count.value_or(1);
  request.launch_type = parameters.launch_type;
  request.platform_version = parameters.platform_version;
  request.group = parameters.group;
  request.propagate_tags = parameters.propagate_tags;
  request.reference_id = parameters.reference_id;
  request.enable_ecs_managed_tags = parameters.enable_ecs_managed_tags;
  request.enable_execute_command = parameters.enable_execute_command;
  request.started_by = "events-rule/" + invocation.rule;
  request.overrides = std::move(*overrides);
  if (parameters.network_configuration)
    request.network_configuration = network_of(*parameters.network_configuration);
  for (const auto& item : services::list_of(parameters.capacity_provider_strategy)) {
    if (!request.capacity_provider_strategy) request.capacity_provider_strategy.emplace();
    request.capacity_provider_strategy->push_back(
        {.capacity_provider = item.capacity_provider, .weight = item.weight, .base = item.base});
  }
  add_placement(parameters, request);
  for (const auto& tag : services::list_of(parameters.tags)) {
    if (!request.tags) request.tags.emplace();
    request.tags->push_back({.key = tag.key, .value = tag.value});
  }
  return request;
}

Result<> run_task(Context context, const InvocationRow& invocation) {
  auto caller = assume(context, invocation);
  if (!caller) return caller.error();
  const auto request = run_request(invocation);
  if (!request) return request.error();
  if (auto allowed = check_may_run(context, *caller, *request); !allowed) return allowed;
  context.principal = std::move(*caller);
  const auto answer = ecs::run_task(context, *request);
  if (!answer) return answer.error();
  // Some of the tasks may run: another attempt would run those twice.
  if (answer->failures->empty() || !answer->tasks->empty()) return {};
  return Error{target_busy, answer->failures->front().reason.value_or("")};
}

}  // namespace

Result<> invoke_target(const Context& context, const InvocationRow& invocation) {
  const auto kind = events::kind_of(invocation.target);
  if (!kind) return Error{"ValidationException", "unknown target " + invocation.target.arn.value_or("")};
  if (*kind == events::TargetKind::sns_topic) return publish(context, invocation);
  return run_task(context, invocation);
}

}  // namespace berth::reconcile
