#include "study/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cloudformation/template/template_reader.h"
#include "loop/rng.h"
#include "sim/latency_table.h"
#include "study/clairvoyant.h"
#include "study/compare.h"

namespace berth::study {
namespace {

constexpr std::string_view cpu_metric = "ECSServiceAverageCPUUtilization";
constexpr std::string_view high_resolution = "HighResolution";  // the metric's suffix
constexpr std::size_t keep_one_of = 3;                          // from one round to the next
constexpr std::size_t finalists_least = 12;
constexpr std::int64_t round_least_us = 6 * 60 * us_per_minute;  // shorter rounds say nothing
constexpr double judged_much_worse = 3;
constexpr double judged_worse_percent = 0.1;  // percentage points that are no noise

struct Resources {
  std::string policy, target, service;
};

std::string type_of(const json::value& resource) {
  return string_or(resource, "Type");
}

// The template's first target tracking policy, scalable target and service.
Result<Resources> find_resources(const std::string& template_text) {
  const auto document = cfn::read_template(template_text, cfn::template_url_bytes_max);
  if (!document) return document.error();
  Resources found;
  const auto* resources = find(*document, "Resources");
  if (resources && resources->is_object()) {
    for (const auto& [name, resource] : resources->get_object()) {
      const auto* properties = find(resource, "Properties");
      if (found.policy.empty() && type_of(resource) == "AWS::ApplicationAutoScaling::ScalingPolicy" &&
          properties && find(*properties, "TargetTrackingScalingPolicyConfiguration"))
        found.policy = name;
      if (found.target.empty() && type_of(resource) == "AWS::ApplicationAutoScaling::ScalableTarget")
        found.target = name;
      if (found.service.empty() && type_of(resource) == "AWS::ECS::Service") found.service = name;
    }
  }
  if (found.policy.empty() || found.target.empty())
    return Error{"UsageError", "the template has no target tracking policy to tune"};
  return found;
}

std::vector<std::string> all_sets(const Resources& of, const Knobs& knobs) {
  const std::string tracking = of.policy + ".TargetTrackingScalingPolicyConfiguration.";
  std::vector<std::string> sets = {fmt::format("{}TargetValue={}", tracking, knobs.target),
                                   fmt::format("{}ScaleOutCooldown={}", tracking, knobs.scale_out_cooldown_s),
                                   fmt::format("{}ScaleInCooldown={}", tracking, knobs.scale_in_cooldown_s),
                                   fmt::format("{}.MinCapacity={}", of.target, knobs.minimum),
                                   fmt::format("{}.MaxCapacity={}", of.target, knobs.maximum)};
  if (of.service.empty()) return sets;
  const bool high = knobs.resolution_s < 60;
  const std::string monitoring = of.service + ".Monitoring.MetricConfigurations.0.";
  sets.push_back(fmt::format("{}PredefinedMetricSpecification.PredefinedMetricType={}{}", tracking,
                             cpu_metric, high ? high_resolution : ""));
  sets.push_back(monitoring + "MetricNames.0=CPUUtilization");
  sets.push_back(fmt::format("{}ResolutionSeconds={}", monitoring, knobs.resolution_s));
  return sets;
}

Knobs knobs_of(const Timeline& timeline) {
  const auto& policy = timeline.policies.front();
  return {.target = static_cast<int>(std::lround(policy.target)),
          .scale_out_cooldown_s = policy.scale_out_cooldown_s,
          .scale_in_cooldown_s = policy.scale_in_cooldown_s,
          .minimum = timeline.minimum,
          .maximum = timeline.maximum,
          .resolution_s = policy.metric == cpu_metric ? 60 : 20};
}

// Around what the traffic needs: from half of it to half as much again.
KnobRanges ranges_for(const Timeline& timeline, const Knobs& current, double best_utilization,
                      bool any_resolution) {
  int most = 1;
  double sum = 0;
  for (const auto& minute : timeline.minutes) {
    const int needed = tasks_for(minute.offered_vcpu, timeline.task_vcpu, best_utilization);
    most = std::max(most, needed);
    sum += needed;
  }
  const int mean = static_cast<int>(std::ceil(sum / static_cast<double>(timeline.minutes.size())));
  return {.target = {20, 85, 1},
          .scale_out_cooldown_s = {0, 300, 15},
          .scale_in_cooldown_s = {0, 900, 30},
          .minimum = {1, std::max(current.minimum, mean + 1), 1},
          .maximum = {std::max(1, most / 2), std::max(current.maximum, most + most / 2 + 1), 1},
          .resolution_s = {any_resolution ? 20 : current.resolution_s,
                           any_resolution ? 60 : current.resolution_s, 40}};
}

Score score_of(const Outcome& outcome) {
  return {.usd_a_day = outcome.summary.cost / (outcome.virtual_s / 86400),
          .missed_percent = missed_percent(outcome.summary),
          .actions = outcome.summary.actions};
}

class Tuner {
 public:
  explicit Tuner(const TuneOptions& options) : options_(options) {
    const auto whole = options.run.traffic.duration_us;
    cut_us_ = static_cast<std::int64_t>(static_cast<double>(whole) * options.tuned_share) / us_per_minute *
              us_per_minute;
    tuned_ = options.run.traffic.part(0, cut_us_);
    judged_ = options.run.traffic.part(cut_us_, whole);
  }

  Result<Tuning> run() {
    if (cut_us_ < us_per_minute || judged_.duration_us < us_per_minute)
      return Error{"UsageError", "the trace is too short to be parted in two"};
    const auto resources = find_resources(options_.run.template_text);
    if (!resources) return resources.error();
    resources_ = *resources;
    if (auto known = play_current(); !known) return known.error();
    if (auto searched = search(); !searched) return searched.error();
    if (auto judged = judge(); !judged) return judged.error();
    propose();
    return std::move(result_);
  }

 private:
  struct Entry {
    Knobs knobs;
    Score score;
  };

  Contest contest(const sim::Traffic& traffic, const Knobs* knobs) const {
    Contest out{"candidate", "", options_.run};
    out.options.traffic = traffic;
    if (knobs) {
      for (auto& set : all_sets(resources_, *knobs)) out.options.sets.push_back(std::move(set));
    }
    return out;
  }

  Result<std::vector<Outcome>> play_many(const std::vector<Contest>& contests) {
    result_.runs += contests.size();
    return play_all(contests, {options_.prices, options_.threads, {}});
  }

  void tell(const std::string& stage) const {
    if (options_.progress) options_.progress(stage);
  }

  // What the user has now, on both parts; it also tells the ranges, and what a clairvoyant would pay.
  Result<> play_current() {
    tell("the current policy");
    auto played = play_many({contest(tuned_, nullptr), contest(judged_, nullptr)});
    if (!played) return played.error();
    const auto& timeline = played->front().timeline;
    if (timeline.policies.empty() || !timeline.policies.front().metric.starts_with(cpu_metric)) {
      return Error{"UsageError", "only a policy that tracks the service's average CPU can be tuned"};
    }
    result_.policy_resource = resources_.policy;
    result_.target_resource = resources_.target;
    result_.service_resource = resources_.service;
    result_.tuned_s = played->front().virtual_s;
    result_.judged_s = played->back().virtual_s;
    result_.current = {knobs_of(timeline), score_of(played->front()), score_of(played->back())};
    ranges_ = ranges_for(timeline, result_.current.knobs, played->front().best_utilization,
                         !resources_.service.empty());
    const sim::LatencyTable table(options_.run.app, timeline.task_vcpu, options_.run.seed);
    for (const double late_share : ideal_late_shares) {
      const auto known = [&](const Outcome& part) {
        return clairvoyant(part.timeline, options_.run.app, table, late_share, options_.run.times,
                           options_.prices);
      };
      result_.ideal.push_back({{}, known(played->front()), known(played->back())});
    }
    return {};
  }

  // Rounds on ever longer parts of the traffic; the last round plays all of the tuned part.
  std::vector<std::int64_t> round_lengths() const {
    std::vector<std::int64_t> lengths{tuned_.duration_us};
    while (lengths.size() < 3 && lengths.front() / 2 >= round_least_us)
      lengths.insert(lengths.begin(), lengths.front() / 2 / us_per_minute * us_per_minute);
    return lengths;
  }

  Result<> search() {
    for (auto& knobs : latin_hypercube(ranges_, options_.candidates, options_.run.seed)) {
      if (!(knobs == result_.current.knobs)) field_.push_back({knobs, {}});
    }
    const auto lengths = round_lengths();
    for (std::size_t round = 0; round < lengths.size(); ++round) {
      tell(fmt::format("round {} of {}: {} candidates on {:.1f} days", round + 1, lengths.size(),
                       field_.size(), static_cast<double>(lengths[round]) / 86400e6));
      const auto traffic = tuned_.part(0, lengths[round]);
      std::vector<Contest> contests;
      for (const auto& entry : field_) contests.push_back(contest(traffic, &entry.knobs));
      const auto played = play_many(contests);
      if (!played) return played.error();
      std::vector<Score> scores;
      for (std::size_t i = 0; i < field_.size(); ++i) {
        field_[i].score = score_of((*played)[i]);
        scores.push_back(field_[i].score);
      }
      if (round + 1 == lengths.size()) break;
      const auto order = by_worth(scores);
      const std::size_t kept = std::min(order.size(), std::max(finalists_least, field_.size() / keep_one_of));
      std::vector<Entry> next;
      for (std::size_t i = 0; i < kept; ++i) next.push_back(field_[order[i]]);
      field_ = std::move(next);
    }
    return {};
  }

  Result<> judge() {
    field_.push_back({result_.current.knobs, result_.current.tuned});
    std::vector<Score> scores;
    for (const auto& entry : field_) scores.push_back(entry.score);
    const auto front = pareto_front(scores);
    tell(fmt::format("the {} best on the rest", front.size()));
    std::vector<Contest> contests;
    for (const std::size_t index : front) contests.push_back(contest(judged_, &field_[index].knobs));
    const auto played = play_many(contests);
    if (!played) return played.error();
    for (std::size_t i = 0; i < front.size(); ++i) {
      const auto& entry = field_[front[i]];
      result_.front.push_back({entry.knobs, entry.score, score_of((*played)[i])});
    }
    for (std::size_t i = 0; i < field_.size(); ++i) {
      if (std::find(front.begin(), front.end(), i) == front.end()) result_.others.push_back(scores[i]);
    }
    return {};
  }

  // The cheapest that misses no more than is allowed; if none does, the one that misses least.
  void propose() {
    const auto fits = std::find_if(result_.front.begin(), result_.front.end(), [&](const Candidate& one) {
      return one.tuned.missed_percent <= options_.allowed_percent;
    });
    result_.chosen = fits != result_.front.end() ? static_cast<std::size_t>(fits - result_.front.begin())
                                                 : result_.front.size() - 1;
  }

  const TuneOptions& options_;
  std::int64_t cut_us_ = 0;
  sim::Traffic tuned_, judged_;
  Resources resources_;
  KnobRanges ranges_;
  std::vector<Entry> field_;
  Tuning result_;
};

}  // namespace

std::vector<Knobs> latin_hypercube(const KnobRanges& ranges, std::size_t count, std::uint64_t seed) {
  std::vector<Knobs> out(count);
  Rng rng(seed ^ 0x74756e65ull);
  // Each knob's slices are dealt out in an order of its own.
  const auto deal = [&](const KnobRange& range, auto put) {
    std::vector<std::size_t> slices(count);
    std::iota(slices.begin(), slices.end(), std::size_t{0});
    for (std::size_t i = count; i > 1; --i) std::swap(slices[i - 1], slices[rng.below(i)]);
    const int steps = (range.most - range.least) / range.step + 1;
    for (std::size_t i = 0; i < count; ++i) {
      const double at = (static_cast<double>(slices[i]) + rng.uniform()) / static_cast<double>(count);
      put(out[i], range.least + range.step * std::min(steps - 1, static_cast<int>(at * steps)));
    }
  };
  deal(ranges.target, [](Knobs& knobs, int value) { knobs.target = value; });
  deal(ranges.scale_out_cooldown_s, [](Knobs& knobs, int value) { knobs.scale_out_cooldown_s = value; });
  deal(ranges.scale_in_cooldown_s, [](Knobs& knobs, int value) { knobs.scale_in_cooldown_s = value; });
  deal(ranges.minimum, [](Knobs& knobs, int value) { knobs.minimum = value; });
  deal(ranges.maximum, [](Knobs& knobs, int value) { knobs.maximum = std::max(value, knobs.minimum); });
  deal(ranges.resolution_s, [](Knobs& knobs, int value) { knobs.resolution_s = value; });
  return out;
}

Result<Tuning> tune(const TuneOptions& options) {
  return Tuner(options).run();
}

bool is_overfit(const Candidate& candidate) {
  return candidate.judged.missed_percent > judged_much_worse * candidate.tuned.missed_percent &&
         candidate.judged.missed_percent > candidate.tuned.missed_percent + judged_worse_percent;
}

std::vector<std::string> sets_of(const Tuning& tuning, const Knobs& knobs) {
  const Resources of{tuning.policy_resource, tuning.target_resource, tuning.service_resource};
  const auto before = all_sets(of, tuning.current.knobs), after = all_sets(of, knobs);
  std::vector<std::string> out;
  const std::string_view names = ".MetricNames.0=";  // of no use without a resolution, nor that without names
  for (std::size_t i = 0; i < after.size(); ++i) {
    const bool needed =
        knobs.resolution_s != tuning.current.knobs.resolution_s && after[i].find(names) != std::string::npos;
    if (needed || after[i] != before[i]) out.push_back(after[i]);
  }
  return out;
}

}  // namespace berth::study
