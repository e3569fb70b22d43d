#include "reconcile/balancer_spec.h"

#include "base/text.h"
#include "services/ec2/networking.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/nodes.h"
#include "services/elbv2/targets.h"

namespace berth::reconcile {
namespace {

using elbv2::list_of;

double seconds_of(const std::string& text, double fallback) {
  return parse_number(text).value_or(fallback);
}

world::ActionSpec action_spec(const elbv2::Action& action) {
  world::ActionSpec spec;
  spec.type = action.type.value_or("");
  if (action.forward_config) {
    for (const auto& group : list_of(action.forward_config->target_groups)) {
      spec.forward.push_back(
          {group.target_group_arn.value_or(""), static_cast<int>(group.weight.value_or(1))});
    }
  }
  if (action.redirect_config) {
    const auto& redirect = *action.redirect_config;
    spec.redirect_protocol = redirect.protocol.value_or("#{protocol}");
    spec.redirect_host = redirect.host.value_or("#{host}");
    spec.redirect_port = redirect.port.value_or("#{port}");
    spec.redirect_path = redirect.path.value_or("/#{path}");
    spec.redirect_query = redirect.query.value_or("#{query}");
    spec.status_code = redirect.status_code == "HTTP_301" ? 301 : 302;
  }
  if (action.fixed_response_config) {
    const auto& fixed = *action.fixed_response_config;
    spec.status_code = static_cast<int>(parse_integer(fixed.status_code.value_or("")).value_or(200));
    spec.content_type = fixed.content_type.value_or("text/plain");
    spec.message_body = fixed.message_body.value_or("");
  }
  return spec;
}

world::ActionSpec first_action(const std::optional<std::vector<elbv2::Action>>& actions) {
  return list_of(actions).empty() ? world::ActionSpec{} : action_spec(actions->front());
}

world::ConditionSpec condition_spec(const elbv2::RuleCondition& condition) {
  world::ConditionSpec spec;
  spec.field = condition.field.value_or("");
  spec.values = list_of(condition.values);
  if (condition.http_header_config) {
    spec.http_header_name = condition.http_header_config->http_header_name.value_or("");
    spec.values = list_of(condition.http_header_config->values);
  }
  if (condition.query_string_config) {
    for (const auto& pair : list_of(condition.query_string_config->values)) {
      spec.query_values.emplace_back(pair.key.value_or(""), pair.value.value_or(""));
    }
  }
  return spec;
}

world::ListenerSpec listener_spec(const elbv2::ListenerRow& row,
                                  const std::vector<const elbv2::RuleRow*>& rules) {
  world::ListenerSpec spec;
  spec.arn = row.arn;
  spec.port = static_cast<int>(row.description.port.value_or(80));
  spec.default_action = first_action(row.description.default_actions);
  for (const auto* rule : rules) {
    if (rule->priority == elbv2::default_rule_priority) continue;
    world::RuleSpec rule_spec;
    rule_spec.arn = rule->arn;
    rule_spec.priority = rule->priority;
    for (const auto& condition : list_of(rule->description.conditions)) {
      rule_spec.conditions.push_back(condition_spec(condition));
    }
    rule_spec.action = first_action(rule->description.actions);
    spec.rules.push_back(std::move(rule_spec));
  }
  return spec;
}

world::LoadBalancerSpec load_balancer_spec(const elbv2::LoadBalancerRow& row) {
  world::LoadBalancerSpec spec;
  spec.arn = row.arn;
  spec.dns_name = row.description.dns_name.value_or("");
  spec.address = row.address;
  if (const auto nodes = elbv2::node_addresses(row); !nodes.empty()) spec.source = nodes.front();
  const auto timeout =
      elbv2::attribute_of(row.attributes, elbv2::load_balancer_attributes(), "idle_timeout.timeout_seconds");
  spec.idle_timeout = RealDuration::seconds(seconds_of(timeout, 60));
  return spec;
}

std::vector<world::LoadBalancerSpec> load_balancer_specs(const Store& store) {
  std::map<std::string, world::LoadBalancerSpec> specs;
  for (const auto& [arn, row] : store.all<elbv2::LoadBalancerRow>()) specs[arn] = load_balancer_spec(row);
  auto rules = elbv2::rules_by_listener(store);
  for (const auto& [arn, row] : store.all<elbv2::ListenerRow>()) {
    const auto balancer = specs.find(row.load_balancer_arn);
    if (balancer != specs.end()) balancer->second.listeners.push_back(listener_spec(row, rules[arn]));
  }
  std::vector<world::LoadBalancerSpec> out;
  for (auto& [arn, spec] : specs) out.push_back(std::move(spec));
  return out;
}

void read_health_check(const elbv2::TargetGroup& group, world::TargetGroupSpec& spec) {
  spec.check_path = group.health_check_path.value_or("/");
  spec.check_port = group.health_check_port.value_or("traffic-port");
  if (group.matcher) spec.matcher = group.matcher->http_code.value_or("200");
  spec.check_interval =
      Duration::seconds(static_cast<double>(group.health_check_interval_seconds.value_or(30)));
  spec.check_timeout =
      RealDuration::seconds(static_cast<double>(group.health_check_timeout_seconds.value_or(5)));
  spec.healthy_threshold = static_cast<int>(group.healthy_threshold_count.value_or(5));
  spec.unhealthy_threshold = static_cast<int>(group.unhealthy_threshold_count.value_or(2));
  spec.check_enabled = group.health_check_enabled.value_or(true);
}

world::TargetGroupSpec target_group_spec(const elbv2::TargetGroupRow& row) {
  world::TargetGroupSpec spec;
  spec.arn = row.arn;
  spec.vpc_id = row.description.vpc_id.value_or("");
  spec.protocol = row.description.protocol.value_or("HTTP");
  read_health_check(row.description, spec);
  const auto attribute = [&](std::string_view key) {
    return elbv2::attribute_of(row.attributes, elbv2::target_group_attributes(), key);
  };
  spec.algorithm = attribute("load_balancing.algorithm.type");
  spec.sticky = attribute("stickiness.enabled") == "true";
  spec.sticky_duration =
      Duration::seconds(seconds_of(attribute("stickiness.lb_cookie.duration_seconds"), 86400));
  spec.slow_start = Duration::seconds(seconds_of(attribute("slow_start.duration_seconds"), 0));
  return spec;
}

// Those in zones where the load balancer is; draining ones wherever they are, until their requests have
// ended.
void add_targets(const Store& store, const std::set<std::string>& zones, world::TargetGroupSpec& spec) {
  const auto& targets = store.all<elbv2::TargetRow>();
  for (auto at = targets.lower_bound(spec.arn + "|"); at != targets.end(); ++at) {
    const auto& target = at->second;
    if (target.target_group_arn != spec.arn) break;
    const bool draining = target.state == "draining";
    if (!draining && !zones.contains(ec2::zone_of_address(store, spec.vpc_id, target.address))) continue;
    const auto use = draining ? world::TargetUse::draining : world::TargetUse::active;
    spec.targets.push_back({target.address, target.port, use});
  }
}

}  // namespace

world::BalancerSpec balancer_spec(const Store& store) {
  world::BalancerSpec spec;
  spec.load_balancers = load_balancer_specs(store);
  const auto users = elbv2::load_balancers_by_group(store);
  for (const auto& [arn, row] : store.all<elbv2::TargetGroupRow>()) {
    const auto used_by = users.find(arn);
    if (used_by == users.end()) continue;
    spec.target_groups.push_back(target_group_spec(row));
    add_targets(store, elbv2::enabled_zones(store, used_by->second), spec.target_groups.back());
  }
  return spec;
}

}  // namespace berth::reconcile
