#include "services/elbv2/actions.h"

#include <algorithm>

#include "base/text.h"
#include "services/elbv2/targets.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t forward_groups_most = 5;
constexpr std::int64_t weight_most = 999;
constexpr std::size_t fixed_body_most = 1024;
constexpr const char* content_types[] = {"text/plain", "text/css", "text/html", "application/javascript",
                                         "application/json"};

Error invalid_action(std::string message) {
  return {"InvalidLoadBalancerActionException", std::move(message)};
}

Result<> check_group(const Store& store, const LoadBalancerRow& balancer, const std::string& arn) {
  auto group = require<TargetGroupRow>(store, kinds::target_group, arn);
  if (!group) return group.error();
  if ((*group)->description.vpc_id != balancer.description.vpc_id) {
    return Error{
        "InvalidConfigurationRequestException",
        fmt::format("Target group '{}' is in a different VPC than load balancer '{}'", arn, balancer.arn)};
  }
  const auto by_group = load_balancers_by_group(store);
  const auto users = by_group.find(arn);
  if (users != by_group.end() && !users->second.contains(balancer.arn)) {
    return Error{
        "TargetGroupAssociationLimitException",
        fmt::format("The following target groups cannot be associated with more than one load balancer: {}",
                    arn)};
  }
  return {};
}

Result<std::vector<TargetGroupTuple>> forward_groups(const Action& action) {
  std::vector<TargetGroupTuple> groups;
  if (action.forward_config) groups = list_of(action.forward_config->target_groups);
  if (action.target_group_arn) {
    if (groups.empty()) {
      groups.push_back({*action.target_group_arn, std::nullopt});
    } else if (groups.size() != 1 || groups.front().target_group_arn != *action.target_group_arn) {
      return validation_error(
          "You can specify a target group ARN and a forward config only for the same target group");
    }
  }
  if (groups.empty()) return invalid_action("A forward action must specify at least one target group");
  if (groups.size() > forward_groups_most) {
    return Error{"TooManyTargetGroupsException",
                 fmt::format("A forward action can have at most {} target groups", forward_groups_most)};
  }
  return groups;
}

Result<Action> canonical_forward(const Store& store, const LoadBalancerRow& balancer, const Action& action) {
  auto groups = forward_groups(action);
  if (!groups) return groups.error();
  std::set<std::string> seen;
  for (auto& group : *groups) {
    const std::string arn = group.target_group_arn.value_or("");
    if (auto checked = check_group(store, balancer, arn); !checked) return checked.error();
    if (!seen.insert(arn).second) {
      return invalid_action(fmt::format("Target group '{}' is specified more than once", arn));
    }
    group.weight = group.weight.value_or(1);
    if (*group.weight < 0 || *group.weight > weight_most) {
      return validation_error(fmt::format("Weight must be between 0 and {}", weight_most));
    }
  }
  Action out;
  out.type = "forward";
  out.order = action.order;
  if (groups->size() == 1) out.target_group_arn = groups->front().target_group_arn;
  ForwardActionConfig config;
  TargetGroupStickinessConfig stickiness;
  if (action.forward_config && action.forward_config->target_group_stickiness_config) {
    stickiness = *action.forward_config->target_group_stickiness_config;
  }
  if (stickiness.enabled.value_or(false)) return not_supported("Stickiness between target groups");
  stickiness.enabled = false;
  config.target_groups = std::move(*groups);
  config.target_group_stickiness_config = stickiness;
  out.forward_config = std::move(config);
  return out;
}

bool valid_redirect_port(const std::string& port) {
  if (port == "#{port}") return true;
  const auto number = parse_integer(port);
  return number && *number >= 1 && *number <= 65535;
}

Result<Action> canonical_redirect(const Action& action) {
  if (!action.redirect_config) return invalid_action("A redirect action needs a redirect config");
  RedirectActionConfig config = *action.redirect_config;
  config.protocol = config.protocol.value_or("#{protocol}");
  config.host = config.host.value_or("#{host}");
  config.port = config.port.value_or("#{port}");
  config.path = config.path.value_or("/#{path}");
  config.query = config.query.value_or("#{query}");
  if (*config.protocol != "HTTP" && *config.protocol != "HTTPS" && *config.protocol != "#{protocol}") {
    return invalid_action(fmt::format("'{}' is not a valid redirect protocol", *config.protocol));
  }
  if (!valid_redirect_port(*config.port)) {
    return invalid_action(fmt::format("'{}' is not a valid redirect port", *config.port));
  }
  if (!config.path->starts_with('/')) return invalid_action("The redirect path must start with '/'");
  if (*config.protocol == "#{protocol}" && *config.host == "#{host}" && *config.port == "#{port}" &&
      *config.path == "/#{path}") {
    return invalid_action("The options you specified will result in infinite redirection.");
  }
  Action out;
  out.type = "redirect";
  out.order = action.order;
  out.redirect_config = std::move(config);
  return out;
}

Result<Action> canonical_fixed_response(const Action& action) {
  if (!action.fixed_response_config)
    return invalid_action("A fixed-response action needs a fixed response config");
  FixedResponseActionConfig config = *action.fixed_response_config;
  const std::string code = config.status_code.value_or("");
  const auto number = parse_integer(code);
  if (code.size() != 3 || !number || (*number / 100 != 2 && *number / 100 != 4 && *number / 100 != 5)) {
    return invalid_action(fmt::format("The fixed response status code '{}' must be 2XX, 4XX or 5XX", code));
  }
  if (config.message_body.value_or("").size() > fixed_body_most) {
    return validation_error(
        fmt::format("The message body of a fixed response can have at most {} characters", fixed_body_most));
  }
  if (!config.content_type) config.content_type = "text/plain";
  if (std::find(std::begin(content_types), std::end(content_types), *config.content_type) ==
      std::end(content_types)) {
    return validation_error(fmt::format("'{}' is not a valid content type", *config.content_type));
  }
  Action out;
  out.type = "fixed-response";
  out.order = action.order;
  out.fixed_response_config = std::move(config);
  return out;
}

}  // namespace

Result<std::vector<Action>> canonical_actions(const Store& store, const LoadBalancerRow& balancer,
                                              const std::optional<std::vector<Action>>& actions) {
  const auto& given = list_of(actions);
  if (given.empty()) return validation_error("An action must be specified");
  for (const Action& action : given) {
    const std::string type = action.type.value_or("");
    if (type != "forward" && type != "redirect" && type != "fixed-response") {
      return not_supported(fmt::format("Action type '{}'", type));
    }
  }
  if (given.size() > 1) {
    return invalid_action("You can specify only one forward, redirect or fixed-response action");
  }
  const Action& action = given.front();
  auto canonical = action.type == "forward"    ? canonical_forward(store, balancer, action)
                   : action.type == "redirect" ? canonical_redirect(action)
                                               : canonical_fixed_response(action);
  if (!canonical) return canonical.error();
  return std::vector<Action>{std::move(*canonical)};
}

}  // namespace berth::elbv2
