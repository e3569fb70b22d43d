// HAProxy's Runtime API: one question over its Unix socket, one answer; and the reading of its statistics.
// Calls block for a moment, so they belong on the balancer's own thread, never on the loop's.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::host::haproxy {

// A line of `show stat`: a frontend, a backend or one server.
struct StatRow {
  std::string proxy;
  std::string server;        // FRONTEND, BACKEND or the server's name
  std::string status;        // UP, "UP 1/2", DOWN, "DOWN 1/5", MAINT, ...
  std::string address;       // ip:port
  std::string check_status;  // L7OK, L7STS, L4CON, ...; empty when the server is not checked now
  int check_code = 0;
  std::int64_t weight = 0;
  std::int64_t current_sessions = 0;        // requests in flight, or a frontend's connections
  std::int64_t connections = 0;             // a frontend's, since the start
  std::int64_t connects = 0;                // connections opened to servers, since the start
  std::int64_t server_connections = 0;      // open to this server now
  std::array<std::int64_t, 5> responses{};  // 1xx to 5xx, since the start

  bool is_down() const { return status.starts_with("DOWN"); }
  bool in_maintenance() const { return status.starts_with("MAINT"); }
};

using Statistics = std::map<std::string, StatRow, std::less<>>;  // by "proxy/server"

Statistics parse_stat(std::string_view csv);
// The value of "Name: value" lines, as `show info` prints them.
std::optional<std::string> info_value(std::string_view info, std::string_view name);

const StatRow* find_row(const Statistics& rows, const std::string& proxy, const std::string& server);

class Runtime {
 public:
  explicit Runtime(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  // `commands` may be several, separated by ';'.
  Result<std::string> ask(const std::string& commands) const;
  // Sends any number of commands, as few lines as fit. What HAProxy refuses comes back, one text per refusal.
  Result<std::vector<std::string>> tell(const std::vector<std::string>& commands) const;
  // Of the process `pid`; an error when another answers, as an older one may for a moment after a reload.
  Result<Statistics> statistics(pid_t pid) const;
  const std::string& socket_path() const { return socket_path_; }

 private:
  std::string socket_path_;
};

}  // namespace berth::host::haproxy
