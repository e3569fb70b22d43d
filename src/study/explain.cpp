#include "study/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "control/choices.h"
#include "control/target_tracking.h"

namespace berth::study {
namespace {

constexpr std::size_t points_listed_most = 5;
constexpr std::size_t minutes_without_day = 24 * 60;  // in a longer run, times name their day

std::string percent(double value) {
  return fmt::format("{:.3g} %", value);
}

bool is_high(const AlarmSetting& alarm) {
  return alarm.comparison.starts_with("greater");
}

// A target tracking alarm's name says nothing that a person can use.
std::string name_for_people(const AlarmSetting& alarm) {
  if (!alarm.name.starts_with("TargetTracking-")) return alarm.name;
  return is_high(alarm) ? "AlarmHigh" : "AlarmLow";
}

// "average of [91.29451333333333, 100]" becomes "average of [91.29, 100]".
std::string with_short_numbers(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    double value = 0;
    const auto read = std::from_chars(text.data() + i, text.data() + text.size(), value);
    const auto length = static_cast<std::size_t>(read.ptr - (text.data() + i));
    const bool begins_word = i == 0 || !std::isalnum(static_cast<unsigned char>(text[i - 1]));
    if (read.ec == std::errc{} && begins_word && std::isdigit(static_cast<unsigned char>(text[i])) &&
        text.substr(i, length).find('.') != std::string_view::npos) {
      out += shortest(std::round(value * 100) / 100);
      i += length;
    } else {
      out += text[i++];
    }
  }
  return out;
}

std::string words_for_not_scaled(const std::string& code, const Timeline& timeline) {
  if (code == "AlreadyAtMaxCapacity")
    return fmt::format("the count is at the maximum of {} already", timeline.maximum);
  if (code == "AlreadyAtMinCapacity")
    return fmt::format("the count is at the minimum of {} already", timeline.minimum);
  if (code == "AlreadyAtDesiredCapacity") return "the formula asks for no other count than the present one";
  if (code == "TargetServicePutResourceAsUnscalable")
    return "a deployment is in progress, and ECS does not scale in meanwhile";
  return code;
}

// What an alarm's evaluation in a minute looked at.
struct Window {
  struct Point {
    int minute = 0;
    double value = 0;
  };
  double evaluated_s = 0;
  std::vector<Point> points;  // oldest first, at most the rule's evaluation periods
  std::vector<int> missing;   // minutes between them that have none
  int breaching = 0;
  int unpublished = 0;  // minutes that have ended, but whose points were not there yet
  bool cut = false;     // the run does not reach back far enough
};

class Explanation {
 public:
  Explanation(const Timeline& timeline, int minute, const PlayedWorld& world)
      : timeline_(timeline),
        minute_(minute),
        world_(world),
        now_(timeline.minutes[static_cast<std::size_t>(minute)]),
        before_(timeline.minutes[static_cast<std::size_t>(std::max(minute - 1, 0))]) {}

  std::string text() {
    say_counts();
    say_what_happened();
    for (const auto& policy : timeline_.policies) say_policy(policy);
    if (timeline_.policies.empty()) say("No scaling policy acts on this service.");
    return std::move(out_);
  }

 private:
  double end_s() const { return 60.0 * (minute_ + 1); }
  bool within(double at_s) const { return at_s >= 60.0 * minute_ && at_s < end_s(); }

  void say(const std::string& sentence, int indent = 0) {
    out_ += std::string(static_cast<std::size_t>(indent), ' ') + sentence + "\n";
  }

  std::string clock(double at_s, bool seconds = false) const {
    const Time at = time_of(at_s);
    std::string text = iso_s(at).substr(11, seconds ? 8 : 5);
    if (timeline_.minutes.size() > minutes_without_day)
      text = fmt::format("d{} {}", static_cast<int>(std::floor(at_s / 86400)) + 1, text);
    return text;
  }

  Time time_of(double at_s) const {
    return from_unix_seconds(static_cast<std::int64_t>(timeline_.start_unix_s)) + Duration::seconds(at_s);
  }

  void say_counts() {
    say(fmt::format("{} in minute {} ({} to {}), world {}:", timeline_.service, minute_,
                    clock(60.0 * minute_), clock(end_s()), world_.name));
    std::string counts =
        fmt::format("{} desired, {} running, {} pending", now_.desired, now_.running, now_.pending);
    const double rps = now_.traffic.counts.requests * timeline_.time_scale / 60;
    if (rps > 0) counts += fmt::format(", {} taking requests; {:.1f} requests/s", now_.healthy, rps);
    say(counts + "; CPU " + (now_.cpu ? percent(*now_.cpu) : "unknown") + ".", 2);
  }

  void say_what_happened() {
    const ActivitySeen* last = nullptr;  // before this minute
    bool acted = false;
    for (const auto& activity : timeline_.activities) {
      if (!activity.ordered) continue;
      if (activity.at_s < 60.0 * minute_) last = &activity;
      acted = acted || within(activity.at_s);
    }
    if (now_.desired != before_.desired) {
      say(fmt::format("The count changed from {} to {}.", before_.desired, now_.desired));
    } else if (acted) {
      say("The count was set.");
    } else {
      say(fmt::format(
          "The count stayed at {}.{}", now_.desired,
          last ? fmt::format(" It was last set at {}: {}", clock(last->at_s, true), last->description)
               : std::string()));
    }
    for (const auto& activity : timeline_.activities) {
      if (!within(activity.at_s)) continue;
      if (activity.not_scaled.empty()) {
        say(fmt::format("{} {}", clock(activity.at_s, true), activity.description), 2);
      } else {
        say(fmt::format("{} Not scaled ({}): {}.", clock(activity.at_s, true), activity.not_scaled,
                        words_for_not_scaled(activity.not_scaled, timeline_)),
            2);
      }
      if (!activity.explanation.empty()) say(readable(activity.explanation), 4);
    }
    for (const auto& change : timeline_.alarm_changes) {
      if (!within(change.at_s)) continue;
      // Of a running service only the present state is known.
      const std::string from = change.from.empty() ? "" : "from " + change.from + " ";
      say(fmt::format("{} {} went {}to {}.", clock(change.at_s, true), readable(change.alarm), from,
                      change.to),
          2);
    }
  }

  std::string readable(const std::string& explanation) const {
    std::string text = explanation;
    for (const auto& policy : timeline_.policies) {
      for (const auto& alarm : policy.alarms) {
        const auto found = alarm.name.empty() ? std::string::npos : text.find(alarm.name);
        if (found != std::string::npos) text.replace(found, alarm.name.size(), name_for_people(alarm));
      }
    }
    return with_short_numbers(text);
  }

  std::string state_of(const AlarmSetting& alarm, double at_s, double* since = nullptr) const {
    std::string state = "INSUFFICIENT_DATA";
    for (const auto& change : timeline_.alarm_changes) {
      if (change.alarm != alarm.name || change.at_s > at_s) continue;
      state = change.to;
      if (since) *since = change.at_s;
    }
    return state;
  }

  static control::AlarmRule rule_of(const AlarmSetting& alarm) {
    control::AlarmRule rule;
    rule.period_s = alarm.period_s;
    rule.evaluation_periods = alarm.evaluation_periods;
    rule.threshold = alarm.threshold;
    rule.datapoints_to_alarm = alarm.datapoints;
    for (const auto comparison : {control::Comparison::GreaterThanOrEqual, control::Comparison::GreaterThan,
                                  control::Comparison::LessThan, control::Comparison::LessThanOrEqual}) {
      if (control::words_for(comparison) == alarm.comparison) rule.comparison = comparison;
    }
    return rule;
  }

  // The timeline has the service's CPU by the minute; other metrics and finer periods are not in it.
  static bool can_look_into(const AlarmSetting& alarm) {
    return alarm.metric == "CPUUtilization" && alarm.period_s == 60;
  }

  Window window_of(const AlarmSetting& alarm) const {
    const auto rule = rule_of(alarm);
    Window out;
    const double phase_s = control::evaluation_phase(alarm.name, rule).in_seconds();
    out.evaluated_s = 60.0 * minute_ + phase_s;
    const int oldest = minute_ - rule.evaluation_periods - control::choice::evaluation_range_extra;
    const auto wanted = static_cast<std::size_t>(rule.evaluation_periods);
    std::vector<int> gaps;
    for (int m = minute_ - 1; m >= oldest && out.points.size() < wanted; --m) {
      if (m < 0) {
        out.cut = true;
        break;
      }
      if (60.0 * (m + 1) + world_.metric_lag_s > out.evaluated_s) {
        ++out.unpublished;
        continue;
      }
      const auto& cpu = timeline_.minutes[static_cast<std::size_t>(m)].cpu;
      if (!cpu) {
        gaps.push_back(m);
        continue;
      }
      out.points.push_back({m, *cpu});
      out.missing = gaps;
      out.breaching += control::breaches(*cpu, rule.comparison, rule.threshold);
    }
    if (out.points.size() < wanted) out.missing = gaps;
    std::reverse(out.points.begin(), out.points.end());
    return out;
  }

  std::string points_text(const AlarmSetting& alarm, const Window& window) const {
    if (window.points.empty()) return "no datapoints";
    std::vector<std::string> parts;
    if (window.points.size() <= points_listed_most) {
      for (const auto& point : window.points)
        parts.push_back(fmt::format("{} {}", clock(60.0 * point.minute), percent(point.value)));
      return join(parts, ", ");
    }
    const auto [low, high] =
        std::minmax_element(window.points.begin(), window.points.end(),
                            [](const auto& a, const auto& b) { return a.value < b.value; });
    std::string text =
        fmt::format("{} minutes from {} to {}, between {} and {}", window.points.size(),
                    clock(60.0 * window.points.front().minute), clock(60.0 * window.points.back().minute),
                    percent(low->value), percent(high->value));
    const auto rule = rule_of(alarm);
    const auto quiet = std::find_if(window.points.rbegin(), window.points.rend(), [&](const auto& point) {
      return !control::breaches(point.value, rule.comparison, rule.threshold);
    });
    if (quiet != window.points.rend() && window.breaching > 0) {
      text += fmt::format(" (the newest that is not: {} at {})", percent(quiet->value),
                          clock(60.0 * quiet->minute));
    }
    return text;
  }

  void say_alarm(const AlarmSetting& alarm) {
    double since = -1;
    const std::string state = state_of(alarm, end_s() - 1e-6, &since);
    std::string text = fmt::format("{} is {}", name_for_people(alarm), state);
    if (since >= 0) text += " since " + clock(since, true);
    if (!can_look_into(alarm)) {
      say(text + (alarm.period_s < 60
                      ? fmt::format("; it watches {} every {} s ({} of {} points), finer than the "
                                    "timeline's minutes.",
                                    alarm.metric, alarm.period_s, alarm.datapoints, alarm.evaluation_periods)
                      : fmt::format("; it watches {}, which is not in the timeline.", alarm.metric)),
          4);
      return;
    }
    const Window window = window_of(alarm);
    text +=
        fmt::format("; at {} it saw {}: {} of {} {} than {} ({} needed).", clock(window.evaluated_s, true),
                    points_text(alarm, window), window.breaching, window.points.size(),
                    is_high(alarm) ? "greater" : "less", shortest(alarm.threshold), alarm.datapoints);
    say(text, 4);
    if (!window.missing.empty()) {
      std::vector<std::string> gaps;
      for (auto gap = window.missing.rbegin(); gap != window.missing.rend() && gaps.size() < 5; ++gap)
        gaps.push_back(clock(60.0 * *gap));
      say(fmt::format("No datapoint came for {}{}: missing data is never read as low load.", join(gaps, ", "),
                      window.missing.size() > gaps.size() ? ", ..." : ""),
          6);
    }
    if (window.cut) say("The timeline begins here; earlier points are not in it.", 6);
  }

  void say_policy(const PolicySetting& policy) {
    say(fmt::format("Policy {} ({}{}):", policy.name, policy.type,
                    policy.target > 0 ? fmt::format(", target {}", shortest(policy.target)) : ""));
    for (const auto& alarm : policy.alarms) say_alarm(alarm);
    if (policy.type == "TargetTrackingScaling") {
      say("So: " + conclusion(policy), 4);
      say_lag(policy);
    }
  }

  // The policy's cooldowns as they stood at that time, from its activities.
  control::Cooldown cooldown_of(const PolicySetting& policy, double at_s) const {
    control::Cooldown cooldown;
    int count = timeline_.minimum;
    double ends_s = 0;  // of the last activity, when it has ended
    bool open = false, failed = false;
    const auto finish = [&](double until_s) {
      if (!open || ends_s > until_s) return;
      if (failed) {
        cooldown.abandoned();
      } else {
        cooldown.fulfilled(Duration::seconds(policy.scale_out_cooldown_s),
                           Duration::seconds(policy.scale_in_cooldown_s), time_of(ends_s));
      }
      open = false;
    };
    for (const auto& activity : timeline_.activities) {
      if (!activity.ordered || activity.at_s >= at_s) continue;
      finish(activity.at_s);
      const bool own = activity.cause.ends_with("policy " + policy.name) || timeline_.policies.size() == 1;
      if (own) {
        cooldown.ordered(count, *activity.ordered, time_of(activity.at_s));
        open = activity.end_s.has_value();
        ends_s = activity.end_s.value_or(0);
        failed = activity.status != "Successful" && activity.status != "InProgress";
      } else if (*activity.ordered > count) {
        cooldown.cancel_scale_in();
      }
      count = *activity.ordered;
    }
    finish(at_s);
    return cooldown;
  }

  const AlarmSetting* alarm_of(const PolicySetting& policy, bool high) const {
    for (const auto& alarm : policy.alarms) {
      if (is_high(alarm) == high) return &alarm;
    }
    return nullptr;
  }

  std::string conclusion(const PolicySetting& policy) const {
    const auto* high = alarm_of(policy, true);
    const auto* low = alarm_of(policy, false);
    for (const auto& activity : timeline_.activities) {
      if (!within(activity.at_s)) continue;
      if (activity.ordered) return fmt::format("it set the count to {}.", *activity.ordered);
      if (!activity.not_scaled.empty()) return words_for_not_scaled(activity.not_scaled, timeline_) + ".";
    }
    if (high && state_of(*high, end_s() - 1e-6) == "ALARM") return held_scale_out(policy, *high);
    if (low && state_of(*low, end_s() - 1e-6) == "ALARM") return held_scale_in(policy, *low);
    return quiet(policy, high, low);
  }

  std::string formula(const PolicySetting& policy, const AlarmSetting& alarm, int* wanted) const {
    const Window window = window_of(alarm);
    double sum = 0;
    for (const auto& point : window.points) sum += point.value;
    const double average = window.points.empty() ? 0 : sum / static_cast<double>(window.points.size());
    *wanted = control::tracked_capacity(before_.running, average, policy.target);
    return fmt::format("ceil({} running x {:.4g} / {}) = {}", before_.running, average,
                       shortest(policy.target), *wanted);
  }

  std::string held_scale_out(const PolicySetting& policy, const AlarmSetting& high) const {
    if (!can_look_into(high)) return "the alarm asks for more, and nothing was ordered.";
    int wanted = 0;
    const std::string made = formula(policy, high, &wanted);
    const double at_s = window_of(high).evaluated_s;
    const auto cooldown = cooldown_of(policy, at_s);
    const int clamped = std::clamp(wanted, timeline_.minimum, std::max(timeline_.maximum, 1));
    std::string text = made;
    if (clamped != wanted)
      text += fmt::format(", within [{}, {}] {}", timeline_.minimum, timeline_.maximum, clamped);
    if (before_.desired >= timeline_.maximum) {
      return text + fmt::format("; {}, so nothing can be added (recorded once, when it began).",
                                words_for_not_scaled("AlreadyAtMaxCapacity", timeline_));
    }
    if (cooldown.scale_out_in_progress) {
      return text + fmt::format(
                        "; the last scale-out is not fulfilled yet ({} of {} run), and the {} it "
                        "ordered count towards this one.",
                        before_.running, before_.desired, cooldown.scale_out_credit);
    }
    if (cooldown.holds_scale_out(time_of(at_s))) {
      return text + fmt::format(
                        "; the scale-out cooldown of {} s runs until {}, and what it added ({}) counts "
                        "towards the next: only a larger scale-out would act.",
                        policy.scale_out_cooldown_s,
                        clock((*cooldown.scale_out_until - time_of(0)).in_seconds(), true),
                        cooldown.scale_out_credit);
    }
    if (clamped <= before_.desired)
      return text + fmt::format("; that is no more than the desired {}.", before_.desired);
    return text + "; it acts at its next evaluation.";
  }

  std::string held_scale_in(const PolicySetting& policy, const AlarmSetting& low) const {
    if (policy.scale_in_disabled) return "scale-in is switched off for this policy.";
    if (before_.desired <= timeline_.minimum) {
      return words_for_not_scaled("AlreadyAtMinCapacity", timeline_) + " (recorded once, when it began).";
    }
    if (!can_look_into(low)) return "the alarm asks for less, and nothing was ordered.";
    const double at_s = window_of(low).evaluated_s;
    const auto cooldown = cooldown_of(policy, at_s);
    if (cooldown.scale_in_in_progress)
      return fmt::format("the last scale-in is not fulfilled yet ({} run, {} desired).", before_.running,
                         before_.desired);
    if (cooldown.holds_scale_in(time_of(at_s))) {
      return fmt::format("the scale-in cooldown of {} s runs until {}.", policy.scale_in_cooldown_s,
                         clock((*cooldown.scale_in_until - time_of(0)).in_seconds(), true));
    }
    int wanted = 0;
    const std::string made = formula(policy, low, &wanted);
    if (wanted >= before_.desired)
      return made + ": with a task less, the load would be above the target again.";
    return made + ": another policy still needs the tasks, or it acts at its next evaluation.";
  }

  std::string quiet(const PolicySetting& policy, const AlarmSetting* high, const AlarmSetting* low) const {
    if (!high || !can_look_into(*high)) return "no alarm is in ALARM.";
    const Window above = window_of(*high);
    if (above.points.empty()) return "there are no datapoints to judge by; without them nothing is scaled.";
    const double newest = above.points.back().value;
    if (above.breaching > 0 && above.breaching < high->datapoints) {
      return fmt::format("not yet: {} of {} points are above {}, and {} are needed to scale out.",
                         above.breaching, above.points.size(), shortest(high->threshold), high->datapoints);
    }
    if (!low) return "the load is not above the target, and the policy does not scale in.";
    const Window below = window_of(*low);
    if (newest >= low->threshold && newest <= high->threshold) {
      return fmt::format("{} lies between the thresholds {} and {}, where nothing is done.", percent(newest),
                         shortest(low->threshold), shortest(high->threshold));
    }
    if (newest < low->threshold) {
      return fmt::format("not yet: {} of {} points are below {}, and {} are needed to scale in.",
                         below.breaching, below.points.size(), shortest(low->threshold), low->datapoints);
    }
    return fmt::format("no alarm of policy {} is in ALARM.", policy.name);
  }

  void say_lag(const PolicySetting& policy) {
    const auto* high = alarm_of(policy, true);
    if (!high || !can_look_into(*high) || world_.metric_lag_s < 60) return;
    const Window window = window_of(*high);
    if (window.points.empty()) return;
    say(fmt::format(
            "In the {} world a minute's datapoint comes {:.0f} s after its end: the newest known at {} "
            "was that of {}.",
            world_.name, world_.metric_lag_s, clock(window.evaluated_s, true),
            clock(60.0 * window.points.back().minute)),
        4);
  }

  const Timeline& timeline_;
  int minute_;
  const PlayedWorld& world_;
  const MinuteSeen& now_;
  const MinuteSeen& before_;  // at the minute's begin
  std::string out_;
};

}  // namespace

std::string explain(const Timeline& timeline, int minute, const PlayedWorld& world) {
  return Explanation(timeline, minute, world).text();
}

}  // namespace berth::study
