// Listeners: HTTP ports of a load balancer with a default action.
#include <algorithm>

#include "handlers/elbv2.h"
#include "loop/rng.h"
#include "services/elbv2/actions.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t listeners_most = 50;  // of a load balancer

template <class Input>
Result<> check_supported(const Input& input) {
  if (input.protocol && *input.protocol != "HTTP") {
    return Error{"UnsupportedProtocolException",
                 fmt::format("Listener protocol '{}' is not supported by berth.", *input.protocol)};
  }
  if (!list_of(input.certificates).empty()) return not_supported("A listener with Certificates");
  if (input.ssl_policy) return not_supported("A listener with SslPolicy");
  if (!list_of(input.alpn_policy).empty()) return not_supported("A listener with AlpnPolicy");
  if (input.mutual_authentication && input.mutual_authentication->mode.value_or("off") != "off") {
    return not_supported("A listener with MutualAuthentication");
  }
  if (input.port && (*input.port < 1 || *input.port > 65535)) {
    return validation_error(fmt::format("The port '{}' must be between 1 and 65535", *input.port));
  }
  return {};
}

const ListenerRow* find_on_port(const Store& store, const std::string& balancer_arn, std::int64_t port) {
  for (const auto* listener : listeners_of(store, balancer_arn)) {
    if (listener->description.port == port) return listener;
  }
  return nullptr;
}

Error duplicate_listener(const std::string& balancer_arn) {
  return {"DuplicateListenerException",
          fmt::format("A listener already exists on this port for this load balancer '{}'", balancer_arn)};
}

// `loadbalancer/app/name/id` becomes `listener/app/name/id/<16 digits>`.
std::string new_listener_arn(const Context& context, const std::string& balancer_arn) {
  std::string arn = balancer_arn;
  const std::string_view from = ":loadbalancer/";
  arn.replace(arn.find(from), from.size(), ":listener/");
  return arn + "/" + random_hex(context.ids(), 16);
}

void put_default_rule(Context& context, const std::string& listener_arn, const std::vector<Tag>& tags) {
  RuleRow rule;
  rule.arn = listener_arn + "/" + random_hex(context.ids(), 16);
  const std::string_view from = ":listener/";
  rule.arn.replace(rule.arn.find(from), from.size(), ":listener-rule/");
  rule.listener_arn = listener_arn;
  rule.priority = default_rule_priority;
  rule.description.rule_arn = rule.arn;
  rule.description.priority = "default";
  rule.description.conditions.emplace();
  rule.description.is_default = true;
  rule.tags = tags;
  context.store.put(std::move(rule));
}

std::string actions_text(const std::vector<Action>& actions) {
  std::string text;
  for (const auto& action : actions) text += model::to_json_text(action);
  return text;
}

}  // namespace

Result<CreateListenerOutput> create_listener(Context& context, const CreateListenerInput& input) {
  Store& store = context.store;
  auto balancer = require<LoadBalancerRow>(store, kinds::load_balancer, input.load_balancer_arn);
  if (!balancer) return balancer.error();
  if (!input.protocol) return validation_error("A listener protocol must be specified");
  if (!input.port) return validation_error("A listener port must be specified");
  if (auto checked = check_supported(input); !checked) return checked.error();
  auto tags = checked_tags(input.tags);
  if (!tags) return tags.error();
  auto actions = canonical_actions(store, **balancer, input.default_actions);
  if (!actions) return actions.error();
  if (const auto* present = find_on_port(store, (*balancer)->arn, *input.port)) {
    if (actions_text(list_of(present->description.default_actions)) != actions_text(*actions)) {
      return duplicate_listener((*balancer)->arn);
    }
    return CreateListenerOutput{std::vector{present->description}};
  }
  if (listeners_of(store, (*balancer)->arn).size() >= listeners_most) {
    return Error{"TooManyListenersException",
                 fmt::format("The maximum number of listeners has been reached on load balancer '{}'",
                             (*balancer)->arn)};
  }
  ListenerRow row;
  row.arn = new_listener_arn(context, (*balancer)->arn);
  row.load_balancer_arn = (*balancer)->arn;
  row.description.listener_arn = row.arn;
  row.description.load_balancer_arn = row.load_balancer_arn;
  row.description.port = input.port;
  row.description.protocol = input.protocol;
  row.description.default_actions = std::move(*actions);
  row.tags = *tags;
  put_default_rule(context, row.arn, *tags);
  store.put(row);
  return CreateListenerOutput{std::vector{std::move(row.description)}};
}

Result<ModifyListenerOutput> modify_listener(Context& context, const ModifyListenerInput& input) {
  Store& store = context.store;
  auto row = require<ListenerRow>(store, kinds::listener, input.listener_arn);
  if (!row) return row.error();
  if (auto checked = check_supported(input); !checked) return checked.error();
  auto balancer = require<LoadBalancerRow>(store, kinds::load_balancer, (*row)->load_balancer_arn);
  if (!balancer) return balancer.error();
  if (input.port) {
    const auto* other = find_on_port(store, (*balancer)->arn, *input.port);
    if (other && other->arn != (*row)->arn) return duplicate_listener((*balancer)->arn);
  }
  auto* edited = store.edit<ListenerRow>((*row)->arn);
  if (input.default_actions) {
    auto actions = canonical_actions(store, **balancer, input.default_actions);
    if (!actions) return actions.error();
    edited->description.default_actions = std::move(*actions);
  }
  if (input.port) edited->description.port = input.port;
  return ModifyListenerOutput{std::vector{edited->description}};
}

Result<DeleteListenerOutput> delete_listener(Context& context, const DeleteListenerInput& input) {
  auto row = require<ListenerRow>(context.store, kinds::listener, input.listener_arn);
  if (!row) return row.error();
  erase_listener(context.store, *input.listener_arn);
  return DeleteListenerOutput{};
}

Result<DescribeListenersOutput> describe_listeners(Context& context, const DescribeListenersInput& input) {
  const auto& arns = list_of(input.listener_arns);
  if (arns.empty() == !input.load_balancer_arn) {
    return validation_error("You must specify either listener ARNs or a load balancer ARN");
  }
  std::vector<Listener> listeners;
  for (const std::string& arn : arns) {
    auto row = require<ListenerRow>(context.store, kinds::listener, arn);
    if (!row) return row.error();
    listeners.push_back((*row)->description);
  }
  if (input.load_balancer_arn) {
    auto balancer = require<LoadBalancerRow>(context.store, kinds::load_balancer, input.load_balancer_arn);
    if (!balancer) return balancer.error();
    for (const auto* row : listeners_of(context.store, (*balancer)->arn))
      listeners.push_back(row->description);
  }
  auto found =
      page(input, std::move(listeners), [](const Listener& listener) { return *listener.listener_arn; });
  if (!found) return found.error();
  return DescribeListenersOutput{std::move(found->items), std::move(found->next_token)};
}

}  // namespace berth::elbv2
