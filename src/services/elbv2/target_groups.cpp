// Target groups of type ip over HTTP, with their health checks.
#include <algorithm>

#include "base/text.h"
#include "handlers/elbv2.h"
#include "loop/rng.h"
#include "services/ec2/rows.h"
#include "services/elbv2/resources.h"
#include "services/elbv2/targets.h"

namespace berth::elbv2 {
namespace {

constexpr std::size_t target_groups_most = 3000;  // AWS's default quota per region
constexpr std::size_t path_length_most = 1024;
constexpr long long code_least = 200;
constexpr long long code_most = 499;

Result<> check_supported(const CreateTargetGroupInput& input) {
  const std::string type = input.target_type.value_or("instance");
  if (type != "ip") return not_supported(fmt::format("Target type '{}'", type));
  if (!input.protocol) return validation_error("A protocol must be specified");
  if (*input.protocol != "HTTP") {
    return Error{"UnsupportedProtocolException",
                 fmt::format("Target group protocol '{}' is not supported by berth.", *input.protocol)};
  }
  if (input.protocol_version.value_or("HTTP1") != "HTTP1") {
    return not_supported(fmt::format("Protocol version '{}'", *input.protocol_version));
  }
  if (input.ip_address_type.value_or("ipv4") != "ipv4") {
    return not_supported(fmt::format("IP address type '{}'", *input.ip_address_type));
  }
  if (input.target_control_port) return not_supported("TargetControlPort");
  return {};
}

Result<> check_range(std::string_view what, const std::optional<std::int64_t>& value, std::int64_t least,
                     std::int64_t most) {
  if (!value || (*value >= least && *value <= most)) return {};
  return validation_error(fmt::format("{} must be between {} and {}", what, least, most));
}

bool is_code(std::string_view text) {
  const auto number = parse_integer(text);
  return text.size() == 3 && number && *number >= code_least && *number <= code_most;
}

// "200", "200,202", "200-299", "200-204,301"
Result<> check_matcher(const std::string& codes) {
  for (const std::string& part : split(codes, ',')) {
    const auto ends = split(part, '-');
    const bool fits = ends.size() == 1   ? is_code(ends[0])
                      : ends.size() == 2 ? is_code(ends[0]) && is_code(ends[1]) && ends[0] <= ends[1]
                                         : false;
    if (!fits) {
      return validation_error(
          fmt::format("Health check matcher HTTP code '{}' must be within '{}-{}' inclusive", codes,
                      code_least, code_most));
    }
  }
  return {};
}

Result<> check_health_check(const TargetGroup& group) {
  if (group.health_check_protocol != "HTTP") {
    return not_supported(fmt::format("Health check protocol '{}'", group.health_check_protocol.value_or("")));
  }
  if (!group.health_check_enabled.value_or(true)) {
    return validation_error("Health check enabled must be true for target groups with target type 'ip'");
  }
  const std::string port = group.health_check_port.value_or("");
  const auto number = parse_integer(port);
  if (port != "traffic-port" && (!number || *number < 1 || *number > 65535)) {
    return validation_error(
        fmt::format("Health check port '{}' must be 'traffic-port' or between 1 and 65535", port));
  }
  const std::string path = group.health_check_path.value_or("");
  if (!path.starts_with('/') || path.size() > path_length_most ||
      path.find_first_of(" \t\r\n") != path.npos) {
    return validation_error(
        fmt::format("Health check path '{}' must begin with a '/' character, and can be up to {} "
                    "characters without white space",
                    path, path_length_most));
  }
  if (auto checked = check_range("Health check interval", group.health_check_interval_seconds, 5, 300);
      !checked) {
    return checked;
  }
  if (auto checked = check_range("Health check timeout", group.health_check_timeout_seconds, 2, 120);
      !checked) {
    return checked;
  }
  if (auto checked = check_range("Healthy threshold count", group.healthy_threshold_count, 2, 10); !checked) {
    return checked;
  }
  if (auto checked = check_range("Unhealthy threshold count", group.unhealthy_threshold_count, 2, 10);
      !checked) {
    return checked;
  }
  if (*group.health_check_timeout_seconds >= *group.health_check_interval_seconds) {
    return validation_error("Health check interval must be greater than the timeout.");
  }
  if (group.matcher->grpc_code) return not_supported("A matcher with GrpcCode");
  return check_matcher(group.matcher->http_code.value_or(""));
}

TargetGroup wanted_group(const CreateTargetGroupInput& input) {
  TargetGroup group;
  group.target_group_name = input.name;
  group.protocol = input.protocol;
  group.protocol_version = "HTTP1";
  group.port = input.port;
  group.vpc_id = input.vpc_id;
  group.target_type = "ip";
  group.ip_address_type = "ipv4";
  group.health_check_enabled = input.health_check_enabled.value_or(true);
  group.health_check_protocol = input.health_check_protocol.value_or("HTTP");
  group.health_check_port = input.health_check_port.value_or("traffic-port");
  group.health_check_path = input.health_check_path.value_or("/");
  group.health_check_interval_seconds = input.health_check_interval_seconds.value_or(30);
  group.health_check_timeout_seconds = input.health_check_timeout_seconds.value_or(5);
  group.healthy_threshold_count = input.healthy_threshold_count.value_or(5);
  group.unhealthy_threshold_count = input.unhealthy_threshold_count.value_or(2);
  group.matcher = input.matcher.value_or(Matcher{"200", std::nullopt});
  return group;
}

const TargetGroupRow* target_group_named(const Store& store, const std::string& name) {
  for (const auto& [arn, row] : store.all<TargetGroupRow>()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

bool same_group_settings(const TargetGroup& present, TargetGroup wanted) {
  wanted.target_group_arn = present.target_group_arn;
  return model::to_json_text(present) == model::to_json_text(wanted);
}

Result<> check_new_group(const Store& store, const CreateTargetGroupInput& input) {
  if (auto checked = check_name("Target group", input.name.value_or("")); !checked) return checked;
  if (auto checked = check_supported(input); !checked) return checked;
  if (!input.port) return validation_error("A port must be specified");
  if (!input.vpc_id) return validation_error("A VPC ID must be specified");
  if (auto checked = check_range("Target group port", input.port, 1, 65535); !checked) return checked;
  if (!store.find<ec2::VpcRow>(*input.vpc_id)) {
    return validation_error(fmt::format("The VPC ID '{}' is not found", *input.vpc_id));
  }
  return {};
}

Result<std::vector<TargetGroup>> chosen(const Store& store, const DescribeTargetGroupsInput& input) {
  const auto& arns = list_of(input.target_group_arns);
  const auto& names = list_of(input.names);
  if ((arns.empty() ? 0 : 1) + (names.empty() ? 0 : 1) + (input.load_balancer_arn ? 1 : 0) > 1) {
    return validation_error(
        "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same "
        "time");
  }
  const auto users = load_balancers_by_group(store);
  std::vector<TargetGroup> out;
  for (const std::string& arn : arns) {
    auto row = require<TargetGroupRow>(store, kinds::target_group, arn);
    if (!row) return row.error();
    out.push_back(describe(users, **row));
  }
  for (const std::string& name : names) {
    const auto* row = target_group_named(store, name);
    if (!row) return not_found(kinds::target_group);
    out.push_back(describe(users, *row));
  }
  if (!arns.empty() || !names.empty()) return out;
  if (input.load_balancer_arn) {
    auto balancer = require<LoadBalancerRow>(store, kinds::load_balancer, input.load_balancer_arn);
    if (!balancer) return balancer.error();
  }
  for (const auto& [arn, row] : store.all<TargetGroupRow>()) {
    TargetGroup group = describe(users, row);
    const auto& balancers = list_of(group.load_balancer_arns);
    const bool wanted = !input.load_balancer_arn || std::find(balancers.begin(), balancers.end(),
                                                              *input.load_balancer_arn) != balancers.end();
    if (wanted) out.push_back(std::move(group));
  }
  return out;
}

}  // namespace

Result<CreateTargetGroupOutput> create_target_group(Context& context, const CreateTargetGroupInput& input) {
  Store& store = context.store;
  if (auto checked = check_new_group(store, input); !checked) return checked.error();
  TargetGroup group = wanted_group(input);
  if (auto checked = check_health_check(group); !checked) return checked.error();
  auto tags = checked_tags(input.tags);
  if (!tags) return tags.error();
  if (const auto* present = target_group_named(store, *input.name)) {
    if (same_group_settings(present->description, group)) {
      return CreateTargetGroupOutput{std::vector{describe(load_balancers_by_group(store), *present)}};
    }
    return Error{"DuplicateTargetGroupNameException",
                 fmt::format("A target group with the same name '{}' exists, but with different settings",
                             *input.name)};
  }
  if (store.all<TargetGroupRow>().size() >= target_groups_most) {
    return Error{"TooManyTargetGroupsException", "The maximum number of target groups has been reached"};
  }
  TargetGroupRow row;
  row.name = *input.name;
  row.arn = context.settings.arn("elasticloadbalancing",
                                 fmt::format("targetgroup/{}/{}", row.name, random_hex(context.ids(), 16)));
  row.description = std::move(group);
  row.description.target_group_arn = row.arn;
  row.tags = std::move(*tags);
  store.put(row);
  return CreateTargetGroupOutput{std::vector{describe(load_balancers_by_group(store), row)}};
}

Result<ModifyTargetGroupOutput> modify_target_group(Context& context, const ModifyTargetGroupInput& input) {
  auto row = require<TargetGroupRow>(context.store, kinds::target_group, input.target_group_arn);
  if (!row) return row.error();
  auto* edited = context.store.edit<TargetGroupRow>((*row)->arn);
  TargetGroup& group = edited->description;
  const auto take = [](auto& to, const auto& from) {
    if (from) to = from;
  };
  take(group.health_check_protocol, input.health_check_protocol);
  take(group.health_check_port, input.health_check_port);
  take(group.health_check_path, input.health_check_path);
  take(group.health_check_enabled, input.health_check_enabled);
  take(group.health_check_interval_seconds, input.health_check_interval_seconds);
  take(group.health_check_timeout_seconds, input.health_check_timeout_seconds);
  take(group.healthy_threshold_count, input.healthy_threshold_count);
  take(group.unhealthy_threshold_count, input.unhealthy_threshold_count);
  take(group.matcher, input.matcher);
  if (auto checked = check_health_check(group); !checked) return checked.error();
  return ModifyTargetGroupOutput{std::vector{describe(load_balancers_by_group(context.store), *edited)}};
}

Result<DeleteTargetGroupOutput> delete_target_group(Context& context, const DeleteTargetGroupInput& input) {
  Store& store = context.store;
  const std::string arn = input.target_group_arn.value_or("");
  if (auto checked = check_arn(kinds::target_group, arn); !checked) return checked.error();
  if (has_load_balancer(store, arn)) {
    return Error{"ResourceInUseException",
                 fmt::format("Target group '{}' is currently in use by a listener or a rule", arn)};
  }
  std::vector<std::string> targets;
  for (const auto& [key, target] : store.all<TargetRow>()) {
    if (target.target_group_arn == arn) targets.push_back(key);
  }
  for (const auto& key : targets) store.erase<TargetRow>(key);
  store.erase<TargetGroupRow>(arn);
  return DeleteTargetGroupOutput{};
}

Result<DescribeTargetGroupsOutput> describe_target_groups(Context& context,
                                                          const DescribeTargetGroupsInput& input) {
  auto groups = chosen(context.store, input);
  if (!groups) return groups.error();
  auto found =
      page(input, std::move(*groups), [](const TargetGroup& group) { return *group.target_group_arn; });
  if (!found) return found.error();
  return DescribeTargetGroupsOutput{std::move(found->items), std::move(found->next_token)};
}

}  // namespace berth::elbv2
