#include "services/elbv2/attributes.h"

#include <algorithm>

#include "base/text.h"
#include "handlers/elbv2.h"

namespace berth::elbv2 {
namespace {

const AttributeRule* find_rule(std::span<const AttributeRule> rules, std::string_view key) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const auto& rule) { return rule.key == key; });
  return found == rules.end() ? nullptr : &*found;
}

bool allowed(const AttributeRule& rule, const std::string& value) {
  if (value == rule.fallback) return true;
  if (std::find(rule.choices.begin(), rule.choices.end(), value) != rule.choices.end()) return true;
  const auto number = parse_integer(value);
  return number && *number >= rule.least && *number <= rule.most;
}

// A slow start of 1 to 29 s does not exist, and none goes with the algorithms that weigh targets themselves.
Result<> check_target_group(const Attributes& attributes) {
  const auto rules = target_group_attributes();
  const auto slow_start =
      parse_integer(attribute_of(attributes, rules, "slow_start.duration_seconds")).value_or(0);
  if (slow_start > 0 && slow_start < 30) {
    return validation_error("Slow start duration must be 0 or between 30 and 900 seconds");
  }
  if (slow_start > 0 && attribute_of(attributes, rules, "load_balancing.algorithm.type") != "round_robin") {
    return Error{"InvalidConfigurationRequestException",
                 "Slow start can only be enabled with the round robin load balancing algorithm"};
  }
  return {};
}

}  // namespace

std::span<const AttributeRule> load_balancer_attributes() {
  static const std::vector<AttributeRule> rules{
      {"access_logs.s3.enabled", "false"},
      {"access_logs.s3.bucket", ""},
      {"access_logs.s3.prefix", ""},
      {"idle_timeout.timeout_seconds", "60", 1, 4000},
      {"deletion_protection.enabled", "false", 0, -1, {"true"}},
      {"routing.http2.enabled", "true"},
      {"routing.http.drop_invalid_header_fields.enabled", "false"},
      {"routing.http.xff_client_port.enabled", "false"},
      {"routing.http.preserve_host_header.enabled", "false"},
      {"routing.http.xff_header_processing.mode", "append"},
      {"load_balancing.cross_zone.enabled", "true"},
      {"routing.http.desync_mitigation_mode", "defensive"},
      {"client_keep_alive.seconds", "3600"},
      {"waf.fail_open.enabled", "false"},
      {"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"},
      {"zonal_shift.config.enabled", "false"},
      {"connection_logs.s3.enabled", "false"},
      {"connection_logs.s3.bucket", ""},
      {"connection_logs.s3.prefix", ""},
      {"health_check_logs.s3.enabled", "false"},
      {"health_check_logs.s3.bucket", ""},
      {"health_check_logs.s3.prefix", ""},
      {"ipv6.deny_all_igw_traffic", "false"},
  };
  return rules;
}

std::span<const AttributeRule> target_group_attributes() {
  static const std::vector<AttributeRule> rules{
      {"stickiness.enabled", "false", 0, -1, {"true"}},
      {"deregistration_delay.timeout_seconds", "300", 0, 3600},
      {"stickiness.type", "lb_cookie"},
      {"stickiness.lb_cookie.duration_seconds", "86400", 1, 604800},
      {"slow_start.duration_seconds", "0", 0, 900},
      {"load_balancing.algorithm.type",
       "round_robin",
       0,
       -1,
       {"least_outstanding_requests", "weighted_random"}},
      {"load_balancing.algorithm.anomaly_mitigation", "off"},
      {"load_balancing.cross_zone.enabled", "use_load_balancer_configuration", 0, -1, {"true"}},
      {"stickiness.app_cookie.cookie_name", ""},
      {"stickiness.app_cookie.duration_seconds", "86400"},
      {"target_group_health.dns_failover.minimum_healthy_targets.count", "1"},
      {"target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"},
      {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"},
      {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"},
  };
  return rules;
}

std::span<const AttributeRule> listener_attributes() {
  static const std::vector<AttributeRule> rules{
      {"routing.http.response.server.enabled", "true"},
      {"routing.http.response.strict_transport_security.header_value", ""},
      {"routing.http.response.access_control_allow_origin.header_value", ""},
      {"routing.http.response.access_control_allow_methods.header_value", ""},
      {"routing.http.response.access_control_allow_headers.header_value", ""},
      {"routing.http.response.access_control_allow_credentials.header_value", ""},
      {"routing.http.response.access_control_expose_headers.header_value", ""},
      {"routing.http.response.access_control_max_age.header_value", ""},
      {"routing.http.response.content_security_policy.header_value", ""},
      {"routing.http.response.x_content_type_options.header_value", ""},
      {"routing.http.response.x_frame_options.header_value", ""},
  };
  return rules;
}

std::string attribute_of(const Attributes& attributes, std::span<const AttributeRule> rules,
                         std::string_view key) {
  if (const auto set = attributes.find(std::string(key)); set != attributes.end()) return set->second;
  const auto* rule = find_rule(rules, key);
  return rule ? rule->fallback : "";
}

Result<> set_attribute(Attributes& attributes, std::span<const AttributeRule> rules, const char* what,
                       const std::optional<std::string>& key, const std::optional<std::string>& value) {
  const auto* rule = find_rule(rules, key.value_or(""));
  if (!rule) {
    return validation_error(fmt::format("{} attribute key '{}' is not recognized", what, key.value_or("")));
  }
  const std::string text = value.value_or("");
  if (!allowed(*rule, text)) {
    if (rule->most >= rule->least) {
      return validation_error(fmt::format("{} attribute '{}' must be a number from {} to {}, not '{}'", what,
                                          rule->key, rule->least, rule->most, text));
    }
    return not_supported(fmt::format("Value '{}' of attribute '{}'", text, rule->key));
  }
  attributes[rule->key] = text;
  return {};
}

Result<DescribeLoadBalancerAttributesOutput> describe_load_balancer_attributes(
    Context& context, const DescribeLoadBalancerAttributesInput& input) {
  auto row = require<LoadBalancerRow>(context.store, kinds::load_balancer, input.load_balancer_arn);
  if (!row) return row.error();
  return DescribeLoadBalancerAttributesOutput{
      list_attributes<LoadBalancerAttribute>((*row)->attributes, load_balancer_attributes())};
}

Result<ModifyLoadBalancerAttributesOutput> modify_load_balancer_attributes(
    Context& context, const ModifyLoadBalancerAttributesInput& input) {
  auto row = require<LoadBalancerRow>(context.store, kinds::load_balancer, input.load_balancer_arn);
  if (!row) return row.error();
  auto* edited = context.store.edit<LoadBalancerRow>((*row)->arn);
  for (const auto& attribute : list_of(input.attributes)) {
    auto set = set_attribute(edited->attributes, load_balancer_attributes(), "Load balancer", attribute.key,
                             attribute.value);
    if (!set) return set.error();
  }
  return ModifyLoadBalancerAttributesOutput{
      list_attributes<LoadBalancerAttribute>(edited->attributes, load_balancer_attributes())};
}

Result<DescribeTargetGroupAttributesOutput> describe_target_group_attributes(
    Context& context, const DescribeTargetGroupAttributesInput& input) {
  auto row = require<TargetGroupRow>(context.store, kinds::target_group, input.target_group_arn);
  if (!row) return row.error();
  return DescribeTargetGroupAttributesOutput{
      list_attributes<TargetGroupAttribute>((*row)->attributes, target_group_attributes())};
}

Result<ModifyTargetGroupAttributesOutput> modify_target_group_attributes(
    Context& context, const ModifyTargetGroupAttributesInput& input) {
  auto row = require<TargetGroupRow>(context.store, kinds::target_group, input.target_group_arn);
  if (!row) return row.error();
  auto* edited = context.store.edit<TargetGroupRow>((*row)->arn);
  for (const auto& attribute : list_of(input.attributes)) {
    auto set = set_attribute(edited->attributes, target_group_attributes(), "Target group", attribute.key,
                             attribute.value);
    if (!set) return set.error();
  }
  if (auto checked = check_target_group(edited->attributes); !checked) return checked.error();
  return ModifyTargetGroupAttributesOutput{
      list_attributes<TargetGroupAttribute>(edited->attributes, target_group_attributes())};
}

Result<DescribeListenerAttributesOutput> describe_listener_attributes(
    Context& context, const DescribeListenerAttributesInput& input) {
  auto row = require<ListenerRow>(context.store, kinds::listener, input.listener_arn);
  if (!row) return row.error();
  return DescribeListenerAttributesOutput{
      list_attributes<ListenerAttribute>((*row)->attributes, listener_attributes())};
}

Result<ModifyListenerAttributesOutput> modify_listener_attributes(
    Context& context, const ModifyListenerAttributesInput& input) {
  auto row = require<ListenerRow>(context.store, kinds::listener, input.listener_arn);
  if (!row) return row.error();
  auto* edited = context.store.edit<ListenerRow>((*row)->arn);
  for (const auto& attribute : list_of(input.attributes)) {
    auto set =
        set_attribute(edited->attributes, listener_attributes(), "Listener", attribute.key, attribute.value);
    if (!set) return set.error();
  }
  return ModifyListenerAttributesOutput{
      list_attributes<ListenerAttribute>(edited->attributes, listener_attributes())};
}

}  // namespace berth::elbv2
