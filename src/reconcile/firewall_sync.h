// FirewallSync: keeps what every task's interface lets through as its security groups say, also while rules
// change and while members of groups that rules name come and go. Only tasks concerned are told.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconcile/table_watch.h"
#include "services/ec2/rows.h"
#include "services/ecs/rows.h"
#include "world/network.h"

namespace berth::reconcile {

// The addresses that a group stands for when a rule names it.
using GroupMembers = std::map<std::string, std::set<std::string>>;
// The rules of a group.
using GroupRules = std::map<std::string, std::vector<const ec2::SecurityGroupRule*>>;

// What an interface with these groups lets through: what any of them does.
world::FirewallSpec firewall_of(const std::vector<std::string>& groups, const GroupRules& rules,
                                const GroupMembers& members);

class FirewallSync {
 public:
  FirewallSync(Store& store, Loop& loop, world::Network& network);
  ~FirewallSync();

  void start();
  // Why the interfaces are not as they should be; empty when they are.
  const std::string& problem() const { return problem_; }

 private:
  struct Interface {
    std::string vpc_id, address, public_address;
    std::vector<std::string> groups;
    bool operator==(const Interface&) const = default;
  };

  bool notice(const Changes& changes);
  void notice_task(const std::string& id);
  void set_interface(const std::string& task_id, std::optional<Interface> interface);
  void notice_group(const std::string& group);
  void read_groups();
  void step();
  void finish(const world::Network::Firewalls& told, const Result<>& result);

  Store& store_;
  Loop& loop_;
  world::Network& network_;
  std::map<std::string, Interface> interfaces_;  // of tasks that have an address
  std::map<std::string, std::set<std::string>> tasks_of_group_;
  GroupMembers members_;
  GroupRules rules_;
  std::map<std::string, std::set<std::string>> named_by_;  // group -> the groups that have rules about it
  std::map<std::string, world::FirewallSpec> told_;
  std::set<std::string> concerned_;  // tasks to look at
  bool groups_changed_ = true;
  bool busy_ = false;
  TimerId retry_ = no_timer;
  std::string problem_;
  TableWatch watch_;
};

}  // namespace berth::reconcile
