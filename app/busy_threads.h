// The CPU load of /api/load and /api/quickload: threads that hash and sum until told times. All requests
// share one set, since fifty requests with threads of their own would only thrash within the same CPU quota;
// a further request extends the time. It answers nobody: a request's end is its caller's business.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace learner {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

enum class Burst { load, quickload };

class BusyThreads {
 public:
  explicit BusyThreads(int cpu_count) : cpu_count_(cpu_count) {}
  ~BusyThreads();

  // How many threads the article starts for one such request.
  int thread_count(Burst burst) const { return cpu_count_ * (burst == Burst::load ? 2 : 3); }

  // Keeps that many threads busy until then, at least. To be called from one thread.
  void run(Burst burst, TimePoint until);

 private:
  static constexpr int idle = -1;

  void work(int index);
  int next_burst(int index) const;
  bool is_due(int burst, int index) const;
  void spin(int burst) const;

  const int cpu_count_;
  std::array<std::atomic<TimePoint::rep>, 2> until_{};
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> threads_;
};

// Processors as the article counts them, within what one small task can make use of.
int cpu_count();

}  // namespace learner
