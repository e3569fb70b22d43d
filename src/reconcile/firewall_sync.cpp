#include "reconcile/firewall_sync.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "services/ec2/networking.h"
#include "services/ec2/security_groups.h"
#include "services/elbv2/nodes.h"

namespace berth::reconcile {
namespace {

constexpr RealDuration firewall_retry_after = RealDuration::seconds(2);

const std::vector<std::string> no_groups;

// Without a group of its own, an interface has its VPC's default group.
std::vector<std::string> groups_of(const Store& store, const ecs::TaskRow& task) {
  if (!task.security_groups.empty()) return task.security_groups;
  for (const auto& [id, group] : store.all<ec2::SecurityGroupRow>()) {
    if (group.vpc_id == task.vpc_id && group.description.group_name == ec2::default_group_name) return {id};
  }
  return {};
}

// Rules about IPv6 addresses have no peers here: VPCs have none.
std::vector<std::string> peers_of(const ec2::SecurityGroupRule& rule, const GroupMembers& members) {
  if (rule.cidr_ipv4) return {*rule.cidr_ipv4};
  std::vector<std::string> peers;
  if (!rule.referenced_group_info) return peers;
  const auto found = members.find(rule.referenced_group_info->group_id.value_or(""));
  if (found == members.end()) return peers;
  for (const auto& address : found->second) peers.push_back(address + "/32");
  return peers;
}

bool is_everybody(const std::vector<std::string>& peers) {
  return std::find(peers.begin(), peers.end(), "0.0.0.0/0") != peers.end();
}

}  // namespace

world::FirewallSpec firewall_of(const std::vector<std::string>& groups, const GroupRules& rules,
                                const GroupMembers& members) {
  world::FirewallSpec firewall;
  for (const auto& group : groups) {
    const auto of_group = rules.find(group);
    if (of_group == rules.end()) continue;
    for (const auto* rule : of_group->second) {
      world::TrafficRule out;
      out.protocol = rule->ip_protocol.value_or("-1");
      out.from_port = static_cast<int>(rule->from_port.value_or(-1));
      out.to_port = static_cast<int>(rule->to_port.value_or(-1));
      out.peers = peers_of(*rule, members);
      if (out.peers.empty()) continue;
      if (is_everybody(out.peers)) out.peers = {"0.0.0.0/0"};
      auto& side = rule->is_egress.value_or(false) ? firewall.egress : firewall.ingress;
      if (std::find(side.begin(), side.end(), out) == side.end()) side.push_back(std::move(out));
    }
  }
  return firewall;
}

FirewallSync::FirewallSync(Store& store, Loop& loop, world::Network& network)
    : store_(store),
      loop_(loop),
      network_(network),
      watch_(
          store, loop, [this](const Changes& changes) { return notice(changes); }, [this] { step(); }) {}

FirewallSync::~FirewallSync() {
  loop_.cancel(retry_);
}

void FirewallSync::start() {
  for (const auto& [id, task] : store_.all<ecs::TaskRow>()) notice_task(id);
  watch_.start();
}

bool FirewallSync::notice(const Changes& changes) {
  if (changes.touched<ec2::SecurityGroupRow, ec2::SecurityGroupRuleRow, elbv2::LoadBalancerRow>())
    groups_changed_ = true;
  for (const auto& [id, before] : changes.rows<ecs::TaskRow>()) notice_task(id);
  return groups_changed_ || !concerned_.empty();
}

void FirewallSync::notice_task(const std::string& id) {
  const auto* task = store_.find<ecs::TaskRow>(id);
  const bool has_interface = task && !task->address.empty() && task->last_status != "STOPPED";
  const auto known = interfaces_.find(id);
  if (!has_interface) {
    if (known != interfaces_.end()) set_interface(id, std::nullopt);
    return;
  }
  if (known != interfaces_.end() && known->second.address == task->address)
    return;  // its groups never change
  set_interface(id, Interface{task->vpc_id, task->address, task->public_address, groups_of(store_, *task)});
}

void FirewallSync::set_interface(const std::string& task_id, std::optional<Interface> interface) {
  if (const auto known = interfaces_.find(task_id); known != interfaces_.end()) {
    for (const auto& group : known->second.groups) {
      tasks_of_group_[group].erase(task_id);
      members_[group].erase(known->second.address);
      notice_group(group);
    }
    interfaces_.erase(known);
  }
  concerned_.insert(task_id);
  if (!interface) return;
  for (const auto& group : interface->groups) {
    tasks_of_group_[group].insert(task_id);
    members_[group].insert(interface->address);
    notice_group(group);
  }
  interfaces_.emplace(task_id, std::move(*interface));
}

// The group's members changed: tasks with rules about it are concerned.
void FirewallSync::notice_group(const std::string& group) {
  const auto named = named_by_.find(group);
  if (named == named_by_.end()) return;
  for (const auto& other : named->second) {
    const auto tasks = tasks_of_group_.find(other);
    if (tasks != tasks_of_group_.end()) concerned_.insert(tasks->second.begin(), tasks->second.end());
  }
}

void FirewallSync::read_groups() {
  groups_changed_ = false;
  members_.clear();
  rules_.clear();
  named_by_.clear();
  for (const auto& [id, interface] : interfaces_) {
    for (const auto& group : interface.groups) members_[group].insert(interface.address);
    concerned_.insert(id);
  }
  for (const auto& [arn, balancer] : store_.all<elbv2::LoadBalancerRow>()) {
    for (const auto& group : balancer.description.security_groups.value_or(no_groups)) {
      for (auto& address : elbv2::node_addresses(balancer)) members_[group].insert(std::move(address));
    }
  }
  for (const auto& [id, rule] : store_.all<ec2::SecurityGroupRuleRow>()) {
    rules_[rule.group_id].push_back(&rule.description);
    const auto& named = rule.description.referenced_group_info;
    if (named) named_by_[named->group_id.value_or("")].insert(rule.group_id);
  }
}

void FirewallSync::step() {
  if (busy_) return;  // finish() looks again
  if (groups_changed_) read_groups();
  if (concerned_.empty()) return;
  world::Network::Firewalls firewalls;
  for (const auto& id : std::exchange(concerned_, {})) {
    const auto interface = interfaces_.find(id);
    const auto told = told_.find(id);
    if (interface == interfaces_.end()) {
      if (told != told_.end()) firewalls[id] = std::nullopt;
      continue;
    }
    auto firewall = firewall_of(interface->second.groups, rules_, members_);
    firewall.resolver_address = ec2::resolver_address(store_, interface->second.vpc_id);
    if (!interface->second.public_address.empty()) {
      firewall.vpc_id = interface->second.vpc_id;
      firewall.address = interface->second.address;
      firewall.public_address = interface->second.public_address;
    }
    if (told == told_.end() || told->second != firewall) firewalls[id] = std::move(firewall);
  }
  if (firewalls.empty()) return;
  busy_ = true;
  network_.protect(firewalls,
                   watch_.guard([this, firewalls](const Result<>& result) { finish(firewalls, result); }));
}

void FirewallSync::finish(const world::Network::Firewalls& told, const Result<>& result) {
  busy_ = false;
  for (const auto& [id, firewall] : told) {
    if (!result) concerned_.insert(id);
    if (result && firewall) {
      told_[id] = *firewall;
    } else if (!firewall) {
      told_.erase(id);
    }
  }
  if (result) {
    if (!problem_.empty()) log::info("security groups are enforced again");
    problem_.clear();
    return watch_.wake();
  }
  if (problem_ != result.error().message) log::error("security groups: {}", result.error().message);
  problem_ = result.error().message;
  loop_.cancel(retry_);
  retry_ = loop_.after_real(firewall_retry_after, [this] { watch_.wake(); });
}

}  // namespace berth::reconcile
