#include "study/pareto.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace berth::study {
namespace {

// Lateness spans decades: 0.01 % against 1 % is as far as 1 % against 100 %.
double lateness(const Score& score) {
  constexpr double least = 0.001;
  return std::log10(std::max(score.missed_percent, least));
}

std::vector<std::size_t> front_of(const std::vector<Score>& scores, std::vector<std::size_t> among) {
  std::stable_sort(among.begin(), among.end(), [&](std::size_t a, std::size_t b) {
    const Score &one = scores[a], &other = scores[b];
    if (one.usd_a_day != other.usd_a_day) return one.usd_a_day < other.usd_a_day;
    return one.missed_percent < other.missed_percent;
  });
  std::vector<std::size_t> front;
  double best = std::numeric_limits<double>::infinity();
  for (const std::size_t index : among) {
    if (scores[index].missed_percent >= best) continue;
    best = scores[index].missed_percent;
    front.push_back(index);
  }
  return front;
}

// Of a front in the order of cost: the ends first, then by the distance between both neighbours.
std::vector<std::size_t> spread_first(const std::vector<Score>& scores,
                                      const std::vector<std::size_t>& front) {
  if (front.size() < 3) return front;
  const Score &first = scores[front.front()], &last = scores[front.back()];
  const double width = std::max(last.usd_a_day - first.usd_a_day, 1e-12);
  const double height = std::max(lateness(first) - lateness(last), 1e-12);
  std::vector<std::pair<double, std::size_t>> distances;
  for (std::size_t i = 0; i < front.size(); ++i) {
    double distance = std::numeric_limits<double>::infinity();
    if (i > 0 && i + 1 < front.size()) {
      const Score &left = scores[front[i - 1]], &right = scores[front[i + 1]];
      distance = (right.usd_a_day - left.usd_a_day) / width + (lateness(left) - lateness(right)) / height;
    }
    distances.emplace_back(distance, front[i]);
  }
  std::stable_sort(distances.begin(), distances.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::size_t> out;
  for (const auto& [distance, index] : distances) out.push_back(index);
  return out;
}

std::vector<std::size_t> all_of(const std::vector<Score>& scores) {
  std::vector<std::size_t> all(scores.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

}  // namespace

std::vector<std::size_t> pareto_front(const std::vector<Score>& scores) {
  return front_of(scores, all_of(scores));
}

std::vector<std::size_t> by_worth(const std::vector<Score>& scores) {
  std::vector<std::size_t> left = all_of(scores), out;
  while (!left.empty()) {
    const auto front = front_of(scores, left);
    for (const std::size_t index : spread_first(scores, front)) out.push_back(index);
    std::erase_if(
        left, [&](std::size_t index) { return std::find(front.begin(), front.end(), index) != front.end(); });
  }
  return out;
}

}  // namespace berth::study
