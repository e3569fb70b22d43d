#include "host/haproxy_traffic.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "host/haproxy_config.h"

namespace berth::host::haproxy {
namespace {

constexpr double shortest_response_ms = 0.5;  // HAProxy counts whole milliseconds; its 0 is less than one
constexpr int client_closed_status = 460;     // ALB's own code for a client that went away

// "A <process> <load balancer> <backend> <server> <status> <cause> <response ms> <bytes sent> <bytes
// received>"
struct AccessLine {
  std::array<std::string_view, 10> cells;
  pid_t pid = 0;
  int status = 0;
  std::int64_t response_ms = -1;
  std::int64_t bytes = 0;

  std::string_view balancer() const { return cells[2]; }
  std::string_view backend() const { return cells[3]; }
  bool has_server() const { return cells[4] != "<NOSRV>" && cells[4] != "-"; }
  char cause() const { return cells[6][0]; }
  // The state in which the request ended: at R, Q, C and H no answer of a target had begun.
  bool target_answered() const {
    const char state = cells[6][1];
    return has_server() && state != 'R' && state != 'Q' && state != 'C' && state != 'H';
  }
};

std::int64_t to_integer(std::string_view text) {
  std::int64_t value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool read_access_line(std::string_view line, AccessLine& out) {
  if (!line.starts_with("A ")) return false;
  for (auto& cell : out.cells) {
    if (line.empty()) return false;
    const auto end = std::min(line.find(' '), line.size());
    cell = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  if (out.cells[6].size() < 2) return false;
  out.pid = static_cast<pid_t>(to_integer(out.cells[1]));
  out.status = static_cast<int>(to_integer(out.cells[5]));
  out.response_ms = to_integer(out.cells[7]);
  out.bytes = to_integer(out.cells[8]) + to_integer(out.cells[9]);
  return true;
}

template <class Map>
const std::string* lookup(const Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

TrafficNames traffic_names(const world::BalancerSpec& spec) {
  TrafficNames names;
  std::map<int, int> balancers_on_port;
  for (const auto& balancer : spec.load_balancers) {
    names.load_balancer_of_key[load_balancer_key(balancer.arn)] = balancer.arn;
    for (const auto& listener : balancer.listeners) {
      names.load_balancer_of_frontend[frontend_name(balancer.arn, listener.port)] = balancer.arn;
      ++balancers_on_port[listener.port];
    }
    world::BalancerSpec alone;
    alone.load_balancers.push_back(balancer);
    for (const auto& group : used_target_groups(alone)) {
      names.target_group_of_backend[backend_name(group)] = group;
      names.load_balancer_of_backend[backend_name(group)] = balancer.arn;
    }
  }
  for (const auto& balancer : spec.load_balancers) {
    for (const auto& listener : balancer.listeners) {
      if (balancers_on_port[listener.port] != 1) continue;
      names.load_balancer_of_frontend[shared_frontend_name(listener.port)] = balancer.arn;
    }
  }
  return names;
}

int latency_bucket(double ms) {
  return static_cast<int>(
      std::floor(std::log(std::max(ms, shortest_response_ms)) / std::log(world::LatencyHistogram::base)));
}

void Traffic::add_names(TrafficNames names) {
  const auto merge = [](auto& into, auto& from) {
    from.merge(into);
    into = std::move(from);
  };
  merge(names_.load_balancer_of_key, names.load_balancer_of_key);
  names_.load_balancer_of_frontend = std::move(names.load_balancer_of_frontend);
  merge(names_.target_group_of_backend, names.target_group_of_backend);
  merge(names_.load_balancer_of_backend, names.load_balancer_of_backend);
}

world::TrafficReport& Traffic::report(const std::string& load_balancer, const std::string& target_group) {
  const auto [found, is_new] = reports_[load_balancer].try_emplace(target_group);
  if (is_new) {
    found->second.load_balancer_arn = load_balancer;
    found->second.target_group_arn = target_group;
  }
  return found->second;
}

bool Traffic::take_line(std::string_view line) {
  AccessLine access;
  if (!read_access_line(line, access)) return false;
  const int family = access.status / 100;
  const std::string* group = lookup(names_.target_group_of_backend, access.backend());
  if (group && family >= 1 && family <= 5) {
    auto& logged = processes_[access.pid].logged;
    auto answers = logged.find(access.backend());
    if (answers == logged.end()) answers = logged.try_emplace(std::string(access.backend())).first;
    ++answers->second[static_cast<std::size_t>(family - 1)];
  }
  const std::string* balancer = lookup(names_.load_balancer_of_key, access.balancer());
  if (!balancer) return true;
  if (group && access.has_server()) {
    auto& traffic = report(*balancer, *group);
    ++traffic.requests;
    traffic.processed_bytes += access.bytes;
    if (access.target_answered()) {
      ++traffic.by_status[access.status];
      if (access.response_ms >= 0) {
        ++traffic.target_response_ms.buckets[latency_bucket(static_cast<double>(access.response_ms))];
      }
      return true;
    }
    // 'S' refused, 's' timed out: while the connection was being opened.
    if (access.cells[6] == "SC" || access.cells[6] == "sC") ++traffic.connection_errors;
  }
  auto& own = report(*balancer, "");
  if (!access.has_server()) own.processed_bytes += access.bytes;
  if (access.cause() == 'C') {
    if (access.has_server()) ++own.elb_by_status[client_closed_status];
  } else if (access.status >= 100) {
    ++own.elb_by_status[access.status];
  }
  return true;
}

void Traffic::adopt(pid_t pid, const Statistics& rows) {
  auto& process = processes_[pid];
  for (const auto& [name, row] : rows) {
    if (row.server == "FRONTEND") process.connections[row.proxy] = row.connections;
    if (row.server != "BACKEND") continue;
    process.connections[row.proxy] = row.connects;
    process.answered[row.proxy] = process.logged[row.proxy] = row.responses;
  }
}

void Traffic::take_statistics(pid_t pid, const Statistics& rows) {
  auto& process = processes_[pid];
  std::map<std::string, std::int64_t> open;
  for (const auto& [name, row] : rows) {
    const bool is_frontend = row.server == "FRONTEND";
    const bool is_server = !is_frontend && row.server != "BACKEND";
    const std::string* balancer =
        lookup(is_frontend ? names_.load_balancer_of_frontend : names_.load_balancer_of_backend, row.proxy);
    if (!balancer) continue;
    if (is_frontend) open[*balancer] += row.current_sessions;
    if (is_server) open[*balancer] += row.server_connections;
    if (is_server) continue;
    const std::int64_t total = is_frontend ? row.connections : row.connects;
    auto& seen = process.connections[row.proxy];
    if (total > seen) report(*balancer, "").new_connections += total - seen;
    seen = total;
    if (!is_frontend) process.answered[row.proxy] = row.responses;
  }
  for (const auto& [balancer, count] : open) {
    if (count > 0) report(balancer, "").active_connections = count;
  }
}

void Traffic::mend() {
  for (auto& [pid, process] : processes_) {
    for (const auto& [backend, answers] : process.answered) {
      const std::string* balancer = lookup(names_.load_balancer_of_backend, backend);
      const std::string* group = lookup(names_.target_group_of_backend, backend);
      if (!balancer || !group) continue;
      auto& logged = process.logged[backend];
      for (std::size_t family = 0; family < answers.size(); ++family) {
        const std::int64_t missing = answers[family] - logged[family];
        if (missing <= 0) continue;
        auto& traffic = report(*balancer, *group);
        traffic.requests += missing;
        traffic.by_status[static_cast<int>(family + 1) * 100] += missing;
        logged[family] = answers[family];
      }
    }
  }
}

std::vector<world::TrafficReport> Traffic::take() {
  std::vector<world::TrafficReport> reports;
  for (auto& [balancer, groups] : reports_) {
    for (auto& [group, report] : groups) reports.push_back(std::move(report));
  }
  reports_.clear();
  return reports;
}

}  // namespace berth::host::haproxy
