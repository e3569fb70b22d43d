#include "study/compare.h"

#include <atomic>

#include "base/text.h"
#include "loop/parallel.h"

namespace berth::study {

Result<std::vector<Outcome>> play_all(const std::vector<Contest>& contests, const Judges& judges) {
  std::vector<Outcome> outcomes(contests.size());
  std::vector<std::optional<Error>> errors(contests.size());
  std::atomic<std::size_t> ended = 0;
  for_each_in_parallel(contests.size(), judges.threads, [&](std::size_t i) {
    const Contest& contest = contests[i];
    auto result = play(contest.options);
    if (result) {
      outcomes[i] = {
          contest.policy,
          contest.trace,
          summarize(result->timeline, contest.options.app, judges.prices, result->best_utilization),
          std::move(result->timeline),
          result->best_utilization,
          static_cast<double>(contest.options.traffic.duration_us) / 1e6};
    } else {
      errors[i] = Error{result.error().code, contest.policy + ": " + result.error().message};
    }
    const std::size_t count = ++ended;
    if (judges.progress) judges.progress(count);
  });
  for (auto& error : errors) {
    if (error) return *std::move(error);
  }
  return outcomes;
}

Result<Variant> parse_variant(const std::string& text) {
  const auto colon = text.find(':');
  const auto wrong = [&] {
    return Error{"UsageError", "--variant " + text + ": write it as \"name: Resource.Path=value; ...\""};
  };
  if (colon == std::string::npos || colon == 0) return wrong();
  Variant variant{std::string(trim(std::string_view(text).substr(0, colon))), {}};
  for (const auto& part : split(text.substr(colon + 1), ';')) {
    const std::string set(trim(part));
    if (set.empty()) continue;
    if (set.find('=') == std::string::npos) return wrong();
    variant.sets.push_back(set);
  }
  if (variant.sets.empty() || variant.name.empty()) return wrong();
  return variant;
}

double missed_percent(const Summary& summary) {
  return summary.failed_percent + summary.late_percent;
}

}  // namespace berth::study
