#include "sim/fluid_load.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace berth::sim {
namespace {

constexpr std::int64_t fine_step_us = us_per_second;
constexpr int changes_looked_at = 64;
// How far, when callers that keep a task busy may come.
constexpr std::int64_t look_ahead_us = 10 * us_per_minute;
constexpr double nothing_us = 0.5;  // of backlog

// The share of a way from one value to another that lies above a limit.
double share_above(double from, double to, double limit) {
  if (std::max(from, to) <= limit) return 0;
  if (std::min(from, to) >= limit) return 1;
  return (std::max(from, to) - limit) / std::abs(to - from);
}

}  // namespace

FluidLoad::FluidLoad(const AppModel& app, const Traffic& traffic, SteadyTime origin, TrafficLedger& ledger)
    : app_(app), traffic_(traffic), origin_(origin), ledger_(ledger), at_us_(-origin.us), callers_(traffic) {}

FluidLoad::Server* FluidLoad::find(const std::string& address) {
  for (auto& server : servers_) {
    if (server.address == address) return &server;
  }
  return nullptr;
}

const FluidLoad::Server* FluidLoad::find(const std::string& address) const {
  return const_cast<FluidLoad*>(this)->find(address);
}

void FluidLoad::add(const std::string& address, double vcpu) {
  if (!find(address)) servers_.push_back({.address = address, .vcpu = vcpu});
}

void FluidLoad::remove(const std::string& address) {
  const auto* server = find(address);
  if (!server) return;
  const double not_given_up_us = std::min(server->backlog_us, server->vcpu * app_.timeout_s * 1e6);
  ledger_.now().failed_502 += not_given_up_us / (app_.cpu_ms * 1000);
  callers_.forget(address);
  std::erase_if(servers_, [&](const Server& one) { return one.address == address; });
  count_serving();
}

void FluidLoad::count_serving() {
  serving_ = static_cast<std::size_t>(
      std::count_if(servers_.begin(), servers_.end(), [](const Server& server) { return server.serving; }));
}

void FluidLoad::serve_from(const std::vector<std::string>& addresses) {
  for (auto& server : servers_) {
    server.serving = std::find(addresses.begin(), addresses.end(), server.address) != addresses.end();
  }
  count_serving();
}

RealDuration FluidLoad::wait(const std::string& address) const {
  const auto* server = find(address);
  return server ? RealDuration{static_cast<std::int64_t>(server->backlog_us / server->vcpu)} : RealDuration{};
}

bool FluidLoad::idle(const std::string& address) const {
  const auto* server = find(address);
  return !server || (server->backlog_us < nothing_us && server->busy_calls == 0);
}

double FluidLoad::cpu_us(const std::string& address) const {
  const auto* server = find(address);
  return server ? server->used_us : 0;
}

void FluidLoad::advance(SteadyTime now) {
  const std::int64_t now_us = (now - origin_).us;
  while (at_us_ < now_us) {
    if (at_us_ >= segment_end_us_) {
      rate_ = traffic_.rate_at(at_us_);
      segment_end_us_ = traffic_.next_change(at_us_);
    }
    if (!traffic_.clients.empty()) ledger_.now().busy_calls += callers_.follow(at_us_, *this);
    std::int64_t until =
        std::min({now_us, at_us_ < 0 ? std::int64_t{0} : segment_end_us_, callers_.next_change(at_us_)});
    if (until <= at_us_) until = at_us_ + 1;
    const double offered_us = serving_ == 0 ? 0 : rate_ * app_.cpu_ms * 1000 / static_cast<double>(serving_);
    const bool overloaded = std::any_of(servers_.begin(), servers_.end(), [&](const Server& server) {
      return server.serving && offered_us >= server.vcpu * us_per_second;
    });
    if (behind_ || overloaded) until = std::min(until, at_us_ + fine_step_us);
    step(until, at_us_ < 0 ? 0 : rate_);
  }
}

void FluidLoad::step(std::int64_t until_us, double rps) {
  const auto span_us = static_cast<double>(until_us - at_us_);
  const double requests = rps * span_us / us_per_second;
  ledger_.now().requests += requests;
  if (serving_ == 0) ledger_.now().failed_503 += requests;
  behind_ = false;
  for (auto& server : servers_) {
    work(server, server.serving ? requests / static_cast<double>(serving_) : 0, span_us);
    behind_ = behind_ || server.backlog_us >= nothing_us;
  }
  at_us_ = until_us;
}

void FluidLoad::work(Server& server, double arriving, double span_us) {
  const double per_request_us = app_.cpu_ms * 1000;
  const double quota_us = server.vcpu * span_us;
  // Threads that burn CPU share the quota with those that answer.
  const double for_requests_us = server.busy_calls > 0 ? quota_us / 2 : quota_us;
  const double before_us = server.backlog_us;
  const double wanted_us = before_us + arriving * per_request_us;
  const double done_us = std::min(wanted_us, for_requests_us);
  server.backlog_us = wanted_us - done_us;
  server.used_us += server.busy_calls > 0 ? quota_us : done_us;
  double answered = arriving;
  const double most_us = requests_in_task_most * per_request_us;
  if (server.backlog_us > most_us) {
    const double refused = std::min((server.backlog_us - most_us) / per_request_us, answered);
    ledger_.now().failed_502 += refused;
    answered -= refused;
    server.backlog_us = most_us;
  }
  const double too_late = share_above(before_us, server.backlog_us, server.vcpu * app_.timeout_s * 1e6);
  ledger_.now().failed_504 += answered * too_late;  // the task works on them all the same
  answered -= answered * too_late;
  if (answered <= 0) return;
  const double wait_ms = (before_us + server.backlog_us) / 2 / server.vcpu / 1000;
  const double utilization = std::min(arriving * per_request_us / for_requests_us, 1.0);
  ledger_.answer(LatencyTable::row_of(utilization, serving_), wait_ms < 0.01 ? 0 : wait_ms, answered);
}

std::string FluidLoad::begin_call() {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    Server& server = servers_[next_turn_++ % servers_.size()];
    if (!server.serving) continue;
    ++server.busy_calls;
    return server.address;
  }
  return {};
}

void FluidLoad::end_call(const std::string& address) {
  if (auto* server = find(address)) --server->busy_calls;
}

SteadyTime FluidLoad::calm_until() const {
  const SteadyTime now = origin_ + RealDuration{at_us_};
  if (behind_) return now + RealDuration{fine_step_us};
  double capacity_rps = 0;
  for (const auto& server : servers_) {
    if (server.serving) capacity_rps += server.vcpu * 1000 / app_.cpu_ms / (server.busy_calls > 0 ? 2 : 1);
  }
  const bool with_callers = !traffic_.clients.empty();
  const std::int64_t horizon = at_us_ + look_ahead_us;
  std::int64_t at = std::max<std::int64_t>(at_us_, 0);
  for (int looked = 0; looked < changes_looked_at && at < traffic_.duration_us; ++looked) {
    if (with_callers && at >= horizon) break;
    if (traffic_.rate_at(at) >= capacity_rps)
      return std::max(now + RealDuration{fine_step_us}, origin_ + RealDuration{at + fine_step_us});
    at = traffic_.next_change(at);
  }
  if (with_callers) at = horizon;
  if (at >= traffic_.duration_us) at = std::max(at, horizon);
  return origin_ + RealDuration{std::max(at, at_us_ + fine_step_us)};
}

}  // namespace berth::sim
