// Named network namespaces, as `ip netns` keeps them below /run/netns. Blocking; meant for Loop::offload.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace berth::host {

std::string netns_path(std::string_view name);
bool netns_exists(std::string_view name);
std::vector<std::string> netns_names(std::string_view prefix);

// What is there, or gone, already is success.
Result<> make_netns(const std::string& name);
Result<> remove_netns(const std::string& name);

// Runs `work` on a thread inside the namespace: sockets that it opens belong there.
Result<> in_netns(const std::string& name, const std::function<Result<>()>& work);
// A socket that listens on an address of the namespace; whoever gets it closes it.
Result<int> listen_in_netns(const std::string& name, const std::string& address, int port);
// One that takes datagrams there.
Result<int> bind_in_netns(const std::string& name, const std::string& address, int port);
// Settings below /proc/sys/net of the namespace: {"ipv4/ip_forward", "1"}.
Result<> set_netns_settings(const std::string& name, const std::map<std::string, std::string>& settings);

// `ip` commands, one a line, carried out inside the namespace until one fails.
Result<> ip_batch(const std::string& name, const std::vector<std::string>& commands);
// `ip -j addr show`: every interface with its addresses.
Result<json::array> ip_interfaces(const std::string& name);

}  // namespace berth::host
