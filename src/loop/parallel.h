// Independent pieces of work on several threads: for runs that share nothing, such as simulated regions. It
// is no pool and knows no dependencies; the result must not depend on the number of threads.
#pragma once

#include <cstddef>
#include <functional>

namespace berth {

// Calls `work` once for every number below `count`; returns when all have returned. 0 threads: as many as the
// machine has cores.
void for_each_in_parallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

}  // namespace berth
