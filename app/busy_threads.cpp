#include "busy_threads.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "sha256.h"

namespace learner {
namespace {

constexpr int cpu_count_max = 16;
constexpr int lowest_priority = 19;
constexpr std::array hashes_per_round = {10000, 50000};  // by Burst, as in the article

std::atomic<long> sink;  // keeps the sums from being optimised away

long sum_of_range(long end) {
  long sum = 0;
  for (long i = 0; i < end; ++i) {
    sum += i;
    asm volatile("" : "+r"(sum));  // else the compiler knows the sum
  }
  return sum;
}

}  // namespace

int cpu_count() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, cpu_count_max);
}

BusyThreads::~BusyThreads() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void BusyThreads::run(Burst burst, TimePoint until) {
  {
    std::lock_guard lock(mutex_);
    auto& last = until_[static_cast<std::size_t>(burst)];
    last = std::max(last.load(), until.time_since_epoch().count());
  }
  while (static_cast<int>(threads_.size()) < thread_count(burst)) {
    threads_.emplace_back(&BusyThreads::work, this, static_cast<int>(threads_.size()));
  }
  wake_.notify_all();
}

bool BusyThreads::is_due(int burst, int index) const {
  bool has_place = index < thread_count(static_cast<Burst>(burst));
  return has_place && Clock::now().time_since_epoch().count() < until_[static_cast<std::size_t>(burst)];
}

int BusyThreads::next_burst(int index) const {
  if (is_due(0, index)) return 0;
  if (is_due(1, index)) return 1;
  return idle;
}

void BusyThreads::work(int index) {
  // Within the task's CPU quota the thread that answers health checks must come first.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), lowest_priority);
  while (!stopping_) {
    int burst = next_burst(index);
    if (burst != idle) {
      spin(burst);
      continue;
    }
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return stopping_ || next_burst(index) != idle; });
  }
}

// One round between two looks at the clock, as in the article; cut short when the process wants to end.
void BusyThreads::spin(int burst) const {
  long sum = 0;
  for (int i = 0; i < hashes_per_round[static_cast<std::size_t>(burst)] && !stopping_; ++i) {
    std::string digest = hex(sha256(std::to_string(Clock::now().time_since_epoch().count())));
    sum += digest[0];
    if (burst == static_cast<int>(Burst::load)) sum += sum_of_range(1000);
  }
  sink = sum;
}

}  // namespace learner
