#include "services/elbv2/targets.h"

#include "base/text.h"

namespace berth::elbv2 {
namespace {

std::string target_key(const std::string& target_group_arn, const std::string& address, int port) {
  TargetRow row;
  row.target_group_arn = target_group_arn;
  row.address = address;
  row.port = port;
  return row.key();
}

Duration deregistration_delay(const Store& store, const std::string& target_group_arn) {
  constexpr double default_s = 300;
  const auto* group = store.find<TargetGroupRow>(target_group_arn);
  if (!group) return Duration::seconds(default_s);
  const auto attribute = group->attributes.find("deregistration_delay.timeout_seconds");
  if (attribute == group->attributes.end()) return Duration::seconds(default_s);
  return Duration::seconds(parse_number(attribute->second).value_or(default_s));
}

// Without a copy: every twenty seconds every load balancer's hosts are counted.
const std::vector<Action>& actions_in(const std::optional<std::vector<Action>>& actions) {
  static const std::vector<Action> none;
  return actions ? *actions : none;
}

}  // namespace

void register_target(Store& store, const std::string& target_group_arn, const std::string& address, int port,
                     Time now) {
  const auto* present = find_target(store, target_group_arn, address, port);
  if (present && present->state != "draining") return;
  TargetRow row;
  row.target_group_arn = target_group_arn;
  row.address = address;
  row.port = port;
  row.registered_at = now;
  row.state_since = now;
  store.put(std::move(row));
}

void deregister_target(Store& store, const std::string& target_group_arn, const std::string& address,
                       int port, Time now) {
  const std::string key = target_key(target_group_arn, address, port);
  const auto* present = store.find<TargetRow>(key);
  if (!present || present->state == "draining") return;
  const Duration delay = deregistration_delay(store, target_group_arn);
  // No load balancer ever sent it a request: there is nothing to wait for.
  if (delay.us == 0 || !has_load_balancer(store, target_group_arn)) {
    store.erase<TargetRow>(key);
    return;
  }
  auto* row = store.edit<TargetRow>(key);
  row->state = "draining";
  row->reason = "Target.DeregistrationInProgress";
  row->description = "Target deregistration is in progress";
  row->state_since = now;
  row->drain_until = now + delay;
}

const TargetRow* find_target(const Store& store, const std::string& target_group_arn,
                             const std::string& address, int port) {
  return store.find<TargetRow>(target_key(target_group_arn, address, port));
}

std::vector<std::string> forwarded_groups(const std::vector<Action>& actions) {
  std::vector<std::string> arns;
  for (const auto& action : actions) {
    if (action.type != "forward") continue;
    if (action.forward_config && action.forward_config->target_groups) {
      for (const auto& group : *action.forward_config->target_groups) {
        arns.push_back(group.target_group_arn.value_or(""));
      }
    } else if (action.target_group_arn) {
      arns.push_back(*action.target_group_arn);
    }
  }
  return arns;
}

std::map<std::string, std::set<std::string>> load_balancers_by_group(const Store& store) {
  std::map<std::string, std::set<std::string>> out;
  for (const auto& [arn, listener] : store.all<ListenerRow>()) {
    for (const auto& group : forwarded_groups(actions_in(listener.description.default_actions))) {
      out[group].insert(listener.load_balancer_arn);
    }
  }
  for (const auto& [arn, rule] : store.all<RuleRow>()) {
    const auto* listener = store.find<ListenerRow>(rule.listener_arn);
    if (!listener) continue;
    for (const auto& group : forwarded_groups(actions_in(rule.description.actions))) {
      out[group].insert(listener->load_balancer_arn);
    }
  }
  return out;
}

std::set<std::string> enabled_zones(const Store& store, const std::set<std::string>& load_balancer_arns) {
  std::set<std::string> zones;
  for (const auto& arn : load_balancer_arns) {
    const auto* row = store.find<LoadBalancerRow>(arn);
    if (!row || !row->description.availability_zones) continue;
    for (const auto& zone : *row->description.availability_zones) zones.insert(zone.zone_name.value_or(""));
  }
  return zones;
}

bool has_load_balancer(const Store& store, const std::string& target_group_arn) {
  return load_balancers_by_group(store).contains(target_group_arn);
}

}  // namespace berth::elbv2
