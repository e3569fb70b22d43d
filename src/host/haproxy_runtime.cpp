#include "host/haproxy_runtime.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "base/text.h"
#include "host/fd.h"

namespace berth::host::haproxy {
namespace {

constexpr timeval answer_timeout{.tv_sec = 3, .tv_usec = 0};
constexpr std::size_t line_bytes_max = 8000;  // HAProxy reads a command line into one buffer of 16 KiB

Error unreachable(std::string_view what) {
  return Error{"HAProxyUnreachable", fmt::format("{}: {}", what, std::strerror(errno))};
}

std::int64_t number(const std::vector<std::string>& cells, const std::map<std::string, std::size_t>& columns,
                    const std::string& name) {
  const auto column = columns.find(name);
  if (column == columns.end() || column->second >= cells.size()) return 0;
  return parse_integer(cells[column->second]).value_or(0);
}

std::string text(const std::vector<std::string>& cells, const std::map<std::string, std::size_t>& columns,
                 const std::string& name) {
  const auto column = columns.find(name);
  return column == columns.end() || column->second >= cells.size() ? "" : cells[column->second];
}

// Cells of one CSV line; a cell in double quotes may hold commas.
std::vector<std::string> csv_cells(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

}  // namespace

Statistics parse_stat(std::string_view csv) {
  Statistics rows;
  std::map<std::string, std::size_t> columns;
  for (const auto& line : split(csv, '\n')) {
    if (line.empty()) continue;
    const bool is_header = line.starts_with("# ");
    if (columns.empty() && !is_header) continue;
    const auto cells = csv_cells(is_header ? line.substr(2) : line);
    if (is_header) {
      for (std::size_t i = 0; i < cells.size(); ++i) columns.emplace(cells[i], i);
      continue;
    }
    StatRow row;
    row.proxy = text(cells, columns, "pxname");
    row.server = text(cells, columns, "svname");
    row.status = text(cells, columns, "status");
    row.address = text(cells, columns, "addr");
    row.check_status = text(cells, columns, "check_status");
    if (row.check_status.starts_with("* ")) row.check_status.erase(0, 2);  // a check is under way
    row.check_code = static_cast<int>(number(cells, columns, "check_code"));
    row.weight = number(cells, columns, "uweight");
    row.current_sessions = number(cells, columns, "scur");
    row.connections = number(cells, columns, "conn_tot");
    row.connects = number(cells, columns, "connect");
    row.server_connections =
        number(cells, columns, "used_conn_cur") + number(cells, columns, "idle_conn_cur");
    for (int i = 0; i < 5; ++i) {
      row.responses[static_cast<std::size_t>(i)] = number(cells, columns, fmt::format("hrsp_{}xx", i + 1));
    }
    rows.insert_or_assign(row.proxy + "/" + row.server, std::move(row));
  }
  return rows;
}

std::optional<std::string> info_value(std::string_view info, std::string_view name) {
  for (const auto& line : split(info, '\n')) {
    if (line.size() > name.size() + 1 && line.starts_with(name) && line[name.size()] == ':') {
      return std::string(trim(std::string_view(line).substr(name.size() + 1)));
    }
  }
  return std::nullopt;
}

const StatRow* find_row(const Statistics& rows, const std::string& proxy, const std::string& server) {
  const auto row = rows.find(proxy + "/" + server);
  return row == rows.end() ? nullptr : &row->second;
}

Result<std::string> Runtime::ask(const std::string& commands) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path_.size() >= sizeof address.sun_path)
    return Error{"HAProxyUnreachable", "the path is too long"};
  std::memcpy(address.sun_path, socket_path_.c_str(), socket_path_.size() + 1);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return unreachable("socket");
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &answer_timeout, sizeof answer_timeout);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &answer_timeout, sizeof answer_timeout);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return unreachable("connect");
  }
  const std::string line = commands + "\n";
  if (::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) {
    return unreachable("send");
  }
  std::string answer;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t bytes = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return unreachable("recv");
    if (bytes == 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(bytes));
  }
}

Result<std::vector<std::string>> Runtime::tell(const std::vector<std::string>& commands) const {
  std::vector<std::string> refusals;
  for (std::size_t next = 0; next < commands.size();) {
    std::string line = commands[next++];
    while (next < commands.size() && line.size() + commands[next].size() < line_bytes_max) {
      line += ";" + commands[next++];
    }
    const auto answer = ask(line);
    if (!answer) return answer.error();
    for (const auto& text : split(*answer, '\n')) {
      const bool is_report = text.find("changed") != std::string::npos || text.starts_with("no need");
      if (!trim(text).empty() && !is_report) refusals.push_back(text);
    }
  }
  return refusals;
}

Result<Statistics> Runtime::statistics(pid_t pid) const {
  const auto answer = ask("show info; show stat -1 7 -1");
  if (!answer) return answer.error();
  if (info_value(*answer, "Pid") != std::to_string(pid)) {
    return Error("HAProxyUnreachable", "another process answered");
  }
  return parse_stat(*answer);
}

}  // namespace berth::host::haproxy
