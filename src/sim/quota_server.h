// QuotaServer: one task under a CFS quota. Its threads run at a core's speed while the period's quota lasts,
// then all of them stall until the next period begins. Requests are taken in order of arrival by the first
// free thread. It is exact for a given list of arrivals and knows nothing of load balancers. Inside it counts
// whole nanoseconds, so that every compiler comes to the same result.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace berth::sim {

struct QuotaSettings {
  double vcpu = 0.25;
  int threads = 4;
  std::int64_t period_us = 100'000;  // CFS bandwidth period
  std::int64_t phase_us = 0;         // when the first period begins
};

class QuotaServer {
 public:
  struct Completion {
    std::int64_t arrived_us = 0;
    std::int64_t ended_us = 0;
  };

  explicit QuotaServer(const QuotaSettings& settings);

  // Arrivals come in order of time, none before the time advanced to.
  // It is answered `lost_us` later than its work ends.
  void arrive(std::int64_t at_us, std::int64_t cpu_us, std::int64_t lost_us = 0);
  // Works until `until_us`; requests that end by then are appended to `ended`, in order of their ends.
  void advance(std::int64_t until_us, std::vector<Completion>& ended);
  // From the time advanced to, so many threads beside those for requests burn CPU without an end.
  void set_busy_threads(int count) { busy_threads_ = count; }

  // CPU time used so far.
  double cpu_us() const { return static_cast<double>(cpu_ns_) / 1000; }
  // CPU time of requests that have not ended.
  double backlog_us() const;
  // Requests that have a core at this moment.
  std::size_t on_core() const { return tokens_ns_ < active() ? 0 : running_.size(); }
  // The `index`-th of them and a new one of so much work have one core together: both lose the time that the
  // shorter still needs. Returns it.
  std::int64_t share_core(std::size_t index, std::int64_t cpu_us);
  bool has_free_thread() const { return running_.size() < threads_; }
  std::size_t in_system() const { return running_.size() + waiting_.size(); }
  std::int64_t now_us() const { return now_ns_ / 1000; }
  // Requests that have not ended and came after `after_us`, at `until_us` at the latest.
  std::size_t count_arrived(std::int64_t after_us, std::int64_t until_us) const;
  // Those who still waited are lost.
  void abandon();

 private:
  struct Job {
    std::int64_t arrived_us = 0;
    std::int64_t work_ns = 0;
    std::int64_t lost_us = 0;
  };
  struct Running {
    std::int64_t arrived_us = 0;
    std::int64_t ends_at_progress_ns = 0;  // when every running thread has come this far
    std::int64_t lost_us = 0;              // while others had its core
  };

  void start(const Job& job);
  void refill();
  void skip_periods(std::int64_t until_ns, std::int64_t active);
  void complete_next(std::vector<Completion>& ended);
  std::int64_t active() const { return static_cast<std::int64_t>(running_.size()) + busy_threads_; }
  std::int64_t to_completion_ns() const;

  std::size_t threads_;
  std::int64_t period_ns_;
  std::int64_t quota_ns_;
  std::int64_t now_ns_ = 0;
  std::int64_t period_end_ns_ = 0;
  std::int64_t tokens_ns_;
  std::int64_t progress_ns_ = 0;  // CPU time that a thread has had that ran all along
  std::int64_t cpu_ns_ = 0;
  std::int64_t waiting_ns_ = 0;  // work of those that wait
  int busy_threads_ = 0;
  std::vector<Running> running_;  // the next to end last
  std::deque<Job> waiting_;
};

}  // namespace berth::sim
