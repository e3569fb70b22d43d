#include "sim/quota_server.h"

#include <algorithm>
#include <cmath>

namespace berth::sim {

QuotaServer::QuotaServer(const QuotaSettings& settings)
    : settings_(settings),
      quota_us_(settings.vcpu * static_cast<double>(settings.period_us)),
      period_end_us_(settings.phase_us % settings.period_us),
      tokens_us_(quota_us_) {
  if (period_end_us_ == 0) period_end_us_ = settings.period_us;
}

void QuotaServer::start(const Job& job) {
  const Running next{job.arrived_us, progress_us_ + job.work_us};
  const auto place = std::lower_bound(
      running_.begin(), running_.end(), next,
      [](const Running& a, const Running& b) { return a.ends_at_progress > b.ends_at_progress; });
  running_.insert(place, next);
}

// A new period: what was left of the last one is lost.
void QuotaServer::refill() {
  if (now_us_ < period_end_us_) return;
  period_end_us_ += ((now_us_ - period_end_us_) / settings_.period_us + 1) * settings_.period_us;
  tokens_us_ = quota_us_;
}

void QuotaServer::arrive(std::int64_t at_us, std::int64_t cpu_us) {
  if (running_.empty()) {
    now_us_ = std::max(now_us_, at_us);
    refill();
  }
  const Job job{at_us, static_cast<double>(cpu_us)};
  if (running_.size() < static_cast<std::size_t>(settings_.threads)) {
    start(job);
  } else {
    waiting_.push_back(job);
  }
}

void QuotaServer::advance(std::int64_t until_us, std::vector<Completion>& ended) {
  constexpr double nothing_left_us = 1e-6;
  double now = static_cast<double>(now_us_);
  while (now_us_ < until_us && !running_.empty()) {
    refill();
    if (tokens_us_ <= nothing_left_us) {  // throttled
      now_us_ = std::min(until_us, period_end_us_);
      now = static_cast<double>(now_us_);
      continue;
    }
    const double active = static_cast<double>(running_.size());
    const double to_completion = running_.back().ends_at_progress - progress_us_;
    const double to_stall = tokens_us_ / active;
    const double to_period = static_cast<double>(std::min(until_us, period_end_us_)) - now;
    const double span = std::min({to_completion, to_stall, to_period});
    now += span;
    progress_us_ += span;
    tokens_us_ -= span * active;
    cpu_us_ += span * active;
    now_us_ = span == to_period ? std::min(until_us, period_end_us_) : static_cast<std::int64_t>(now);
    if (span != to_completion) continue;
    ended.push_back({running_.back().arrived_us, static_cast<std::int64_t>(std::ceil(now))});
    running_.pop_back();
    if (waiting_.empty()) continue;
    start(waiting_.front());
    waiting_.pop_front();
  }
  now_us_ = std::max(now_us_, until_us);
}

double QuotaServer::backlog_us() const {
  double left = 0;
  for (const auto& running : running_) left += running.ends_at_progress - progress_us_;
  for (const auto& job : waiting_) left += job.work_us;
  return left;
}

std::vector<std::int64_t> QuotaServer::abandon() {
  std::vector<std::int64_t> arrivals;
  for (const auto& running : running_) arrivals.push_back(running.arrived_us);
  for (const auto& job : waiting_) arrivals.push_back(job.arrived_us);
  running_.clear();
  waiting_.clear();
  return arrivals;
}

}  // namespace berth::sim
