// Who listens on a TCP port of this machine, from /proc: for `berth doctor` and for telling why an address
// cannot be had.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::host {

struct ListeningSocket {
  std::string address;  // "127.0.0.1", "0.0.0.0"; IPv6's "::" and its mapped addresses as IPv4's
  int port = 0;
  std::uint64_t inode = 0;
};

// The listening sockets in the text of /proc/net/tcp or /proc/net/tcp6. IPv6 addresses other than `::` and
// mapped ones are left out: berth's load balancers have IPv4 addresses.
std::vector<ListeningSocket> listening_sockets(std::string_view proc_net_tcp);

struct SocketOwner {
  pid_t pid = 0;  // 0: a process that we may not look at, or in another container
  std::string program;
  std::vector<std::string> arguments;

  std::string text() const;  // "nginx (process 812)"
};

// Who keeps `address`:`port` from being listened on, if anybody does: it itself, or the same port on all
// addresses.
std::optional<SocketOwner> owner_of(const std::string& address, int port);

// Tries to listen there, and says why it cannot be done and who does; empty when it can.
std::string listen_problem(const std::string& address, int port);

}  // namespace berth::host
