#include "services/sns/permissions.h"

#include <algorithm>
#include <array>

#include "control/policy_evaluation.h"
#include "handlers/sns.h"
#include "services/lists.h"
#include "services/sns/errors.h"
#include "services/sns/rows.h"

namespace berth::sns {
namespace {

constexpr std::array topic_actions = {
    "GetTopicAttributes", "SetTopicAttributes",       "AddPermission", "RemovePermission", "DeleteTopic",
    "Subscribe",          "ListSubscriptionsByTopic", "Publish"};

bool is_action(const std::string& name) {
  return name == "*" || name == "Receive" ||
         std::any_of(topic_actions.begin(), topic_actions.end(),
                     [&](const char* known) { return name == known; });
}

json::object policy_of(const Settings& settings, const TopicRow& topic) {
  const auto set = topic.attributes.find("Policy");
  json::value document;
  JsonError error;
  if (set != topic.attributes.end() && parse_json(set->second, document, error) && document.is_object()) {
    return document.get_object();
  }
  return json::parse(default_policy(settings, topic.arn)).as_object();
}

// A policy may state one thing without a list.
json::array statements_of(const json::object& policy) {
  const auto* statements = policy.if_contains("Statement");
  if (!statements) return {};
  return statements->is_array() ? statements->get_array() : json::array{*statements};
}

bool is_labelled(const json::value& statement, const std::string& label) {
  return string_or(statement, "Sid") == label;
}

// As AWS writes it: a list only where there is more than one.
json::value one_or_list(const std::vector<std::string>& values, const std::string& prefix,
                        const std::string& suffix = "") {
  if (values.size() == 1) return json::value(json::string(prefix + values.front() + suffix));
  json::array list;
  for (const auto& value : values) list.push_back(json::string(prefix + value + suffix));
  return list;
}

void put_policy(TopicRow& topic, json::object policy, json::array statements) {
  policy["Statement"] = std::move(statements);
  topic.attributes["Policy"] = json::serialize(policy);
}

}  // namespace

Result<> check_service_may_publish(const Store& store, const Settings& settings, const std::string& topic_arn,
                                   const PublishingService& service) {
  const auto* topic = store.find<TopicRow>(topic_arn);
  if (!topic) return topic_missing();
  control::PolicyRequest request{"SNS:Publish", topic_arn};
  request.keys = {{"aws:sourcearn", {service.source_arn}}, {"aws:sourceaccount", {settings.account}}};
  const auto effect = control::evaluate_trust(policy_of(settings, *topic), {"", {}, service.name}, request);
  if (effect == control::PolicyEffect::allow) return {};
  return Error{"AuthorizationError",
               service.name + " is not authorized to perform: SNS:Publish on resource: " + topic_arn +
                   " because no resource-based policy allows the SNS:Publish action"};
}

std::string default_policy(const Settings& settings, const std::string& topic_arn) {
  json::array actions;
  for (const char* action : topic_actions) actions.push_back(json::string(std::string("SNS:") + action));
  json::object condition;
  condition["StringEquals"] = json::object{{"AWS:SourceOwner", settings.account}};
  json::object statement;
  statement["Sid"] = "__default_statement_ID";
  statement["Effect"] = "Allow";
  statement["Principal"] = json::object{{"AWS", "*"}};
  statement["Action"] = std::move(actions);
  statement["Resource"] = topic_arn;
  statement["Condition"] = std::move(condition);
  json::object policy;
  policy["Version"] = "2008-10-17";
  policy["Id"] = "__default_policy_ID";
  policy["Statement"] = json::array{std::move(statement)};
  return json::serialize(policy);
}

Result<AddPermissionOutput> add_permission(Context& context, const AddPermissionInput& input) {
  auto* topic = context.store.edit<TopicRow>(input.topic_arn.value_or(""));
  if (!topic) return topic_missing();
  const auto& actions = services::list_of(input.action_name);
  const auto& accounts = services::list_of(input.aws_account_id);
  if (actions.empty() || accounts.empty()) {
    return invalid_parameter(actions.empty() ? "ActionName" : "AWSAccountId");
  }
  if (!std::all_of(actions.begin(), actions.end(), is_action)) {
    return invalid_parameter("Policy statement action out of service scope!");
  }
  const std::string label = input.label.value_or("");
  auto policy = policy_of(context.settings, *topic);
  auto statements = statements_of(policy);
  const bool exists = std::any_of(statements.begin(), statements.end(),
                                  [&](const auto& statement) { return is_labelled(statement, label); });
  if (exists) return invalid_parameter("Statement already exists");
  statements.push_back(json::object{{"Sid", label},
                                    {"Effect", "Allow"},
                                    {"Principal", {{"AWS", one_or_list(accounts, "arn:aws:iam::", ":root")}}},
                                    {"Action", one_or_list(actions, "SNS:")},
                                    {"Resource", topic->arn}});
  put_policy(*topic, std::move(policy), std::move(statements));
  return AddPermissionOutput{};
}

Result<RemovePermissionOutput> remove_permission(Context& context, const RemovePermissionInput& input) {
  auto* topic = context.store.edit<TopicRow>(input.topic_arn.value_or(""));
  if (!topic) return topic_missing();
  auto policy = policy_of(context.settings, *topic);
  json::array kept;
  for (const auto& statement : statements_of(policy)) {
    if (!is_labelled(statement, input.label.value_or(""))) kept.push_back(statement);
  }
  put_policy(*topic, std::move(policy), std::move(kept));
  return RemovePermissionOutput{};
}

}  // namespace berth::sns
