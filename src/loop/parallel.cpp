#include "loop/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace berth {

void for_each_in_parallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  std::atomic<std::size_t> next = 0;
  const auto take_turns = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < std::min<std::size_t>(threads, count); ++i) helpers.emplace_back(take_turns);
  take_turns();
}

}  // namespace berth
