// What security groups let through a task's interface, as nftables inside the task's own network namespace.
// It goes away with the namespace; a new set of rules replaces the old one in one step.
#pragma once

#include <string>

#include "base/result.h"
#include "world/network.h"

namespace berth::host {

// The input of `nft -f -`.
std::string firewall_script(const world::FirewallSpec& firewall);

// Blocking; meant for Loop::offload.
Result<> set_firewall(const std::string& netns, const world::FirewallSpec& firewall);

}  // namespace berth::host
