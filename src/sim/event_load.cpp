#include "sim/event_load.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace berth::sim {
namespace {

constexpr std::int64_t ns_per_us = 1000;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t judged_at_once = 4096;

// How far the balancer may look away: short while a probe could notice something.
constexpr RealDuration close_look = RealDuration::seconds(1);
constexpr RealDuration calm_look = RealDuration::seconds(10);
constexpr double calm_wait_us = 250'000;
constexpr double calm_utilization = 0.8;

std::uint64_t stream(std::uint64_t seed, std::uint64_t purpose) {
  return Rng(seed + purpose * 0x9e3779b97f4a7c15ull).next();
}

}  // namespace

EventLoad::EventLoad(const AppModel& app, const Traffic& traffic, SteadyTime origin, TrafficLedger& ledger,
                     std::uint64_t seed)
    : app_(app),
      traffic_(traffic),
      origin_(origin),
      ledger_(ledger),
      sizes_(app),
      cores_(app, stream(seed, 4)),
      arrival_rng_(stream(seed, 1)),
      size_rng_(stream(seed, 2)),
      phase_rng_(stream(seed, 3)),
      timeout_us_(static_cast<std::int64_t>(app.timeout_s * us_per_second)),
      at_us_(-origin.us),
      judged_until_us_(at_us_ - timeout_us_),
      callers_(traffic),
      segment_end_us_(at_us_),
      next_arrival_ns_(never) {
  if (!traffic_.arrivals_us.empty()) draw_next_arrival();
}

EventLoad::Server* EventLoad::find(const std::string& address) const {
  for (const auto& server : servers_) {
    if (server->address == address) return server.get();
  }
  return nullptr;
}

void EventLoad::add(const std::string& address, double vcpu) {
  if (find(address)) return;
  QuotaSettings settings{.vcpu = vcpu, .threads = app_.threads_at_once()};
  const auto period_us = static_cast<std::uint64_t>(settings.period_us);
  settings.phase_us = static_cast<std::int64_t>(phase_rng_.below(period_us));
  servers_.push_back(std::make_unique<Server>(Server{address, vcpu, QuotaServer(settings)}));
  cores_.add(servers_.back()->queue);
}

void EventLoad::remove(const std::string& address) {
  auto* server = find(address);
  if (!server) return;
  fail(&TrafficCounts::failed_502, server->queue.count_arrived(judged_until_us_, never));
  callers_.forget(address);
  std::erase(serving_, server);
  cores_.remove(server->queue);
  if (next_turn_ >= serving_.size()) next_turn_ = 0;
  std::erase_if(servers_, [&](const auto& one) { return one.get() == server; });
}

void EventLoad::serve_from(const std::vector<std::string>& addresses) {
  serving_.clear();
  for (const auto& server : servers_) server->serving = false;
  for (const auto& address : addresses) {
    auto* server = find(address);
    if (!server || server->serving) continue;
    server->serving = true;
    serving_.push_back(server);
  }
  if (next_turn_ >= serving_.size()) next_turn_ = 0;
}

// How many cores work on requests while some wait.
double EventLoad::request_cores(const Server& server) const {
  const double share =
      static_cast<double>(app_.threads_at_once()) / (app_.threads_at_once() + server.busy_calls);
  return std::min<double>(server.vcpu * share, app_.threads_at_once());
}

double EventLoad::wait_us(const Server& server) const {
  return server.queue.has_free_thread() ? 0 : server.queue.backlog_us() / request_cores(server);
}

RealDuration EventLoad::wait(const std::string& address) const {
  const auto* server = find(address);
  return server ? RealDuration{static_cast<std::int64_t>(wait_us(*server))} : RealDuration{};
}

bool EventLoad::idle(const std::string& address) const {
  const auto* server = find(address);
  return !server || (server->queue.in_system() == 0 && server->busy_calls == 0);
}

double EventLoad::cpu_us(const std::string& address) const {
  const auto* server = find(address);
  return server ? server->queue.cpu_us() : 0;
}

void EventLoad::advance(SteadyTime now) {
  const std::int64_t now_us = (now - origin_).us;
  if (now_us <= at_us_) return;
  while (at_us_ < now_us) {
    if (at_us_ >= segment_end_us_) begin_segment();
    if (!traffic_.clients.empty()) ledger_.now().busy_calls += callers_.follow(at_us_, *this);
    play(std::min({now_us, segment_end_us_, callers_.next_change(at_us_)}));
  }
  for (const auto& server : servers_) server->queue.advance(now_us, ended_);
  judge_ended();
  judge_waiting();
}

// Arrivals at random have no memory: at another rate the next one is drawn anew. Known ones do not ask for
// rates.
void EventLoad::begin_segment() {
  const double rps = traffic_.rate_at(at_us_);
  segment_end_us_ = at_us_ < 0 ? 0 : traffic_.next_change(at_us_);
  mean_gap_ns_ = rps > 0 ? 1e9 / rps : 0;
  if (!traffic_.arrivals_us.empty()) return;
  next_arrival_ns_ = at_us_ * ns_per_us;
  draw_next_arrival();
}

void EventLoad::draw_next_arrival() {
  if (const auto& known = traffic_.arrivals_us; !known.empty()) {
    next_arrival_ns_ = next_known_ < known.size() ? known[next_known_++] * ns_per_us : never;
    return;
  }
  if (mean_gap_ns_ <= 0) {
    next_arrival_ns_ = never;
    return;
  }
  next_arrival_ns_ += static_cast<std::int64_t>(-std::log(1 - arrival_rng_.uniform()) * mean_gap_ns_);
}

void EventLoad::play(std::int64_t until_us) {
  const std::int64_t until_ns = until_us * ns_per_us;
  for (; next_arrival_ns_ < until_ns; draw_next_arrival()) send(next_arrival_ns_ / ns_per_us);
  at_us_ = until_us;
}

void EventLoad::send(std::int64_t at_us) {
  if (serving_.empty()) {
    fail(&TrafficCounts::failed_503, 1);
    return;
  }
  QuotaServer& queue = serving_[next_turn_]->queue;
  if (++next_turn_ == serving_.size()) next_turn_ = 0;
  const std::int64_t cpu_us = sizes_.cpu_us(size_rng_);
  queue.advance(at_us, ended_);
  if (queue.in_system() >= requests_in_task_most) {
    fail(&TrafficCounts::failed_502, 1);
    return;
  }
  queue.arrive(at_us, cpu_us, cores_.begin(queue, at_us, cpu_us, ended_));
  if (ended_.size() >= judged_at_once) judge_ended();
}

void EventLoad::judge_ended() {
  TrafficCounts& counts = ledger_.now();
  for (const auto& one : ended_) {
    const std::int64_t took_us = one.ended_us - one.arrived_us;
    if (took_us <= timeout_us_) {
      counts.requests += 1;
      ledger_.answer(static_cast<double>(took_us) / 1000);
    } else if (one.arrived_us > judged_until_us_) {
      fail(&TrafficCounts::failed_504, 1);
    }
  }
  ended_.clear();
}

// The load balancer has given up on those who came too long ago; their tasks work on them all the same.
void EventLoad::judge_waiting() {
  const std::int64_t given_up_us = at_us_ - timeout_us_;
  for (const auto& server : servers_) {
    if (server->queue.in_system() == 0) continue;
    fail(&TrafficCounts::failed_504, server->queue.count_arrived(judged_until_us_, given_up_us));
  }
  judged_until_us_ = given_up_us;
}

void EventLoad::fail(double TrafficCounts::*cause, std::size_t count) {
  ledger_.now().requests += static_cast<double>(count);
  ledger_.now().*cause += static_cast<double>(count);
}

std::string EventLoad::begin_call() {
  if (serving_.empty()) return {};
  Server& server = *serving_[next_call_turn_++ % serving_.size()];
  set_busy(server, server.busy_calls + 1);
  return server.address;
}

void EventLoad::end_call(const std::string& address) {
  if (auto* server = find(address)) set_busy(*server, server->busy_calls - 1);
}

void EventLoad::set_busy(Server& server, int calls) {
  server.queue.advance(at_us_, ended_);
  server.busy_calls = calls;
  server.queue.set_busy_threads(calls);
}

bool EventLoad::looks_behind(const Server& server) const {
  return server.serving ? wait_us(server) > calm_wait_us : server.queue.in_system() > 0;
}

SteadyTime EventLoad::calm_until() const {
  const SteadyTime now = origin_ + RealDuration{at_us_};
  double cores = 0;
  for (const auto& server : servers_) {
    if (looks_behind(*server)) return now + close_look;
    if (server->serving) cores += request_cores(*server);
  }
  const double calm_rps = calm_utilization * cores * 1000 / app_.cpu_ms;
  for (std::int64_t at = std::max<std::int64_t>(at_us_, 0);
       at < at_us_ + calm_look.us && at < traffic_.duration_us; at = traffic_.next_change(at)) {
    if (traffic_.rate_at(at) > calm_rps) return now + close_look;
  }
  return now + calm_look;
}

}  // namespace berth::sim
