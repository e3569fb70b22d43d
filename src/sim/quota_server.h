// QuotaServer: one task under a CFS quota. Its threads run at a core's speed while the period's quota lasts,
// then all of them stall until the next period begins. Requests are taken in order of arrival by the first
// free thread. It is exact for a given list of arrivals and knows nothing of load balancers.
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
  void arrive(std::int64_t at_us, std::int64_t cpu_us);
  // Works until `until_us`; requests that end by then are appended to `ended`, in order of their ends.
  void advance(std::int64_t until_us, std::vector<Completion>& ended);

  // CPU time used so far.
  double cpu_us() const { return cpu_us_; }
  // CPU time of requests that have not ended.
  double backlog_us() const;
  std::size_t in_system() const { return running_.size() + waiting_.size(); }
  std::int64_t now_us() const { return now_us_; }
  // Those who still waited are lost.
  std::vector<std::int64_t> abandon();

 private:
  struct Job {
    std::int64_t arrived_us = 0;
    double work_us = 0;
  };
  struct Running {
    std::int64_t arrived_us = 0;
    double ends_at_progress = 0;  // when every running thread has come this far
  };

  void start(const Job& job);
  void refill();

  QuotaSettings settings_;
  double quota_us_;
  std::int64_t now_us_ = 0;
  std::int64_t period_end_us_ = 0;
  double tokens_us_;
  double progress_us_ = 0;  // CPU time that a thread has had that ran all along
  double cpu_us_ = 0;
  std::vector<Running> running_;  // the next to end last
  std::deque<Job> waiting_;
};

}  // namespace berth::sim
