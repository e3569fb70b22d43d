// Pareto: which of many policies nobody can beat on both counts, what they cost and how many requests they
// miss.
#pragma once

#include <cstddef>
#include <vector>

namespace berth::study {

struct Score {
  double usd_a_day = 0;
  double missed_percent = 0;  // requests that failed or came later than the objective
  int actions = 0;
};

// The indexes of those that no other one dominates, by cost; of equals the first.
std::vector<std::size_t> pareto_front(const std::vector<Score>& scores);

// All indexes, the ones worth keeping first: front after front, and within one those that are far from their
// neighbours.
std::vector<std::size_t> by_worth(const std::vector<Score>& scores);

}  // namespace berth::study
