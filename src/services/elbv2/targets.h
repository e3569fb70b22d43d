// Registering and deregistering targets inside a transaction, for the API's handlers and the task scheduler
// alike.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/elbv2/rows.h"
#include "store/store.h"

namespace berth::elbv2 {

// No effect when the target is registered already; a draining one comes back as initial.
void register_target(Store& store, const std::string& target_group_arn, const std::string& address, int port,
                     Time now);

// The target drains for the group's deregistration delay, then its row goes; no effect when it is not
// registered.
void deregister_target(Store& store, const std::string& target_group_arn, const std::string& address,
                       int port, Time now);

// Null when it is not registered (AWS: `unused`).
const TargetRow* find_target(const Store& store, const std::string& target_group_arn,
                             const std::string& address, int port);

// Whether a listener or rule forwards to the group.
bool has_load_balancer(const Store& store, const std::string& target_group_arn);

// Target group ARN -> ARNs of the load balancers that forward to it (AWS allows one).
std::map<std::string, std::set<std::string>> load_balancers_by_group(const Store& store);

// The zones in which a load balancer has a subnet: targets elsewhere get no requests and no checks.
std::set<std::string> enabled_zones(const Store& store, const std::set<std::string>& load_balancer_arns);

// The target groups that the actions forward to.
std::vector<std::string> forwarded_groups(const std::vector<Action>& actions);

}  // namespace berth::elbv2
