#include "sim/quota_server.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace berth::sim {
namespace {

constexpr std::int64_t ns_per_us = 1000;
// Linux: a core whose last thread goes to sleep keeps that much of the quota (min_cfs_rq_runtime), also into the
// next period. Measured: 25.5 ms of work end without a stall at 25 ms a period, 26 ms do not.
constexpr std::int64_t kept_ns = 1'000'000;

}  // namespace

QuotaServer::QuotaServer(const QuotaSettings& settings)
    : threads_(static_cast<std::size_t>(settings.threads)),
      period_ns_(settings.period_us * ns_per_us),
      quota_ns_(std::llround(settings.vcpu * static_cast<double>(period_ns_))),
      period_end_ns_(settings.phase_us % settings.period_us * ns_per_us),
      tokens_ns_(quota_ns_) {
  if (period_end_ns_ == 0) period_end_ns_ = period_ns_;
}

void QuotaServer::start(const Job& job) {
  const Running next{job.arrived_us, progress_ns_ + job.work_ns, job.lost_us};
  auto place = running_.end();
  while (place != running_.begin() && std::prev(place)->ends_at_progress_ns <= next.ends_at_progress_ns)
    --place;
  running_.insert(place, next);
}

// A new period: of the last one little is kept.
void QuotaServer::refill() {
  if (now_ns_ < period_end_ns_) return;
  const std::int64_t late_ns = now_ns_ - period_end_ns_;
  period_end_ns_ += late_ns < period_ns_ ? period_ns_ : (late_ns / period_ns_ + 1) * period_ns_;
  tokens_ns_ = quota_ns_ + std::min(tokens_ns_, kept_ns);
}

void QuotaServer::arrive(std::int64_t at_us, std::int64_t cpu_us, std::int64_t lost_us) {
  if (active() == 0) {
    now_ns_ = std::max(now_ns_, at_us * ns_per_us);
    refill();
  }
  const Job job{at_us, cpu_us * ns_per_us, lost_us};
  if (has_free_thread()) {
    start(job);
  } else {
    waiting_ns_ += job.work_ns;
    waiting_.push_back(job);
  }
}

std::int64_t QuotaServer::share_core(std::size_t index, std::int64_t cpu_us) {
  Running& one = running_[index];
  const std::int64_t left_us = (one.ends_at_progress_ns - progress_ns_) / ns_per_us;
  const std::int64_t lost_us = std::min(left_us, cpu_us);
  one.lost_us += lost_us;
  return lost_us;
}

std::int64_t QuotaServer::to_completion_ns() const {
  return running_.empty() ? std::numeric_limits<std::int64_t>::max()
                          : running_.back().ends_at_progress_ns - progress_ns_;
}

// At the start of a period: whole periods in which nothing ends are all alike.
void QuotaServer::skip_periods(std::int64_t until_ns, std::int64_t active) {
  const std::int64_t left_ns = until_ns - now_ns_;
  if (left_ns < period_ns_) return;
  const std::int64_t work_ns = to_completion_ns();
  const std::int64_t per_period_ns = std::min(period_ns_, tokens_ns_ / active);
  if (per_period_ns == 0 || work_ns <= per_period_ns) return;
  const std::int64_t spare_ns = per_period_ns < period_ns_ ? 0 : tokens_ns_ - per_period_ns * active;
  if (tokens_ns_ != quota_ns_ + std::min(spare_ns, kept_ns)) return;
  const std::int64_t count = std::min(left_ns / period_ns_, (work_ns - 1) / per_period_ns);
  now_ns_ += count * period_ns_;
  progress_ns_ += count * per_period_ns;
  cpu_ns_ += count * per_period_ns * active;
  tokens_ns_ = spare_ns;
  refill();
}

void QuotaServer::complete_next(std::vector<Completion>& ended) {
  const Running& done = running_.back();
  ended.push_back({done.arrived_us, (now_ns_ + ns_per_us - 1) / ns_per_us + done.lost_us});
  running_.pop_back();
  if (waiting_.empty()) return;
  waiting_ns_ -= waiting_.front().work_ns;
  start(waiting_.front());
  waiting_.pop_front();
}

void QuotaServer::advance(std::int64_t until_us, std::vector<Completion>& ended) {
  const std::int64_t until_ns = until_us * ns_per_us;
  while (now_ns_ < until_ns) {
    const std::int64_t threads = active();
    if (threads == 0) break;
    if (now_ns_ >= period_end_ns_) {
      refill();
      if (now_ns_ == period_end_ns_ - period_ns_) skip_periods(until_ns, threads);
    }
    const std::int64_t open_ns = std::min(until_ns, period_end_ns_) - now_ns_;
    if (tokens_ns_ < threads) {  // throttled
      tokens_ns_ = 0;
      now_ns_ += open_ns;
      continue;
    }
    std::int64_t span_ns = std::min(open_ns, to_completion_ns());
    if (span_ns * threads > tokens_ns_) span_ns = tokens_ns_ / threads;
    now_ns_ += span_ns;
    progress_ns_ += span_ns;
    tokens_ns_ -= span_ns * threads;
    cpu_ns_ += span_ns * threads;
    if (to_completion_ns() == 0) complete_next(ended);
  }
  now_ns_ = std::max(now_ns_, until_ns);
}

double QuotaServer::backlog_us() const {
  std::int64_t left_ns = waiting_ns_;
  for (const auto& running : running_) left_ns += running.ends_at_progress_ns - progress_ns_;
  return static_cast<double>(left_ns) / ns_per_us;
}

std::size_t QuotaServer::count_arrived(std::int64_t after_us, std::int64_t until_us) const {
  const auto came_by = [](std::int64_t at_us, const Job& job) { return at_us < job.arrived_us; };
  const auto from = std::upper_bound(waiting_.begin(), waiting_.end(), after_us, came_by);
  const auto to = std::upper_bound(from, waiting_.end(), until_us, came_by);
  const auto running = std::count_if(running_.begin(), running_.end(), [&](const Running& one) {
    return one.arrived_us > after_us && one.arrived_us <= until_us;
  });
  return static_cast<std::size_t>(to - from) + static_cast<std::size_t>(running);
}

void QuotaServer::abandon() {
  running_.clear();
  waiting_.clear();
  waiting_ns_ = 0;
}

}  // namespace berth::sim
