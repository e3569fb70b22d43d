// What the scaling rules share: the capacity they act on, a policy's cooldown, and the decision with its
// reason. The rules themselves are target_tracking.h, step_scaling.h and scheduled_action.h.
#pragma once

#include <fmt/core.h>

#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "loop/time.h"

namespace berth::control {

// A scalable target and its service at the moment of the decision.
struct ScalableCapacity {
  int minimum = 1;
  int maximum = 1;
  int running =
      0;  // tasks in RUNNING, where every formula starts; pending and DEACTIVATING ones do not count
  int desired = 0;
  bool scale_in_suspended = false;      // DynamicScalingInSuspended
  bool scale_out_suspended = false;     // DynamicScalingOutSuspended
  bool deployment_in_progress = false;  // of the ECS controller: scale-in is off meanwhile
};

enum class NotScaledCode {
  AutoScalingAnticipatedFlapping,
  TargetServicePutResourceAsUnscalable,
  AlreadyAtMaxCapacity,
  AlreadyAtMinCapacity,
  AlreadyAtDesiredCapacity,
};
std::string_view name_of(NotScaledCode code);

// One element of NotScaledReasons. A reason equal to the one recorded last is not recorded again.
struct NotScaledReason {
  NotScaledCode code{};
  std::optional<int> max_capacity{};
  std::optional<int> min_capacity{};
  std::optional<int> current_capacity{};

  bool operator==(const NotScaledReason&) const = default;
};
NotScaledReason already_at_max(int maximum);
NotScaledReason already_at_min(int minimum);
NotScaledReason already_at_desired(int desired);

// Cooldown state of one policy, stored with it. A cooldown starts when the activity is fulfilled (running
// equals the ordered count), not when it is ordered; an activity still under way holds like a cooldown.
struct Cooldown {
  std::optional<Time> scale_out_until{};
  std::optional<Time> scale_in_until{};
  int scale_out_credit = 0;  // tasks ordered since the current scale-out cooldown began
  bool scale_out_in_progress = false;
  bool scale_in_in_progress = false;

  // At its very last moment a cooldown still holds. On a live clock an order is fulfilled a little after the
  // evaluation that led to it, so an evaluation that comes just a cooldown later is always held back; in virtual
  // time, where both can be one moment, it has to be too.
  bool holds_scale_out(Time now) const {
    return scale_out_in_progress || (scale_out_until && now <= *scale_out_until);
  }
  bool holds_scale_in(Time now) const {
    return scale_in_in_progress || (scale_in_until && now <= *scale_in_until);
  }
  int credit(Time now) const { return holds_scale_out(now) ? scale_out_credit : 0; }

  // This policy set the desired count.
  void ordered(int from, int to, Time now);
  // Its activity was fulfilled: the cooldown begins.
  void fulfilled(Duration scale_out_cooldown, Duration scale_in_cooldown, Time now);
  // Its activity was overridden, failed or given up: nothing begins.
  void abandoned();
  // Any policy of the target scaled out: a scale-in cooldown ends and does not resume.
  void cancel_scale_in() { scale_in_until.reset(); }
};

// Whether a decision shall come with its texts. An alarm that stays in ALARM asks every minute and nearly always
// nothing changes: then nobody reads them, and none are made.
enum class Words { None, Wanted };

struct ScalingDecision {
  enum class Outcome {
    Nothing,     // no record is written
    SetDesired,  // order `desired` tasks, with an activity record
    NotScaled,   // a not-scaled record
  };
  Outcome outcome = Outcome::Nothing;
  int desired = 0;
  std::optional<NotScaledReason> not_scaled{};
  // Empty with Words::None.
  std::string description{};  // of the record
  std::string cause{};
  std::string explanation{};  // how the numbers led here, for people
};

// What a policy computed, before anything acts on it. Of several wishes the largest wins.
struct Wish {
  std::string_view policy;
  int capacity = 0;
};

// The average, in the order given: the same sum on every machine.
double average(const double* values, std::size_t count);

namespace detail {

// A decision's explanation as it comes about.
class Reasons {
 public:
  explicit Reasons(Words words) : words_(words) {}

  bool wanted() const { return words_ == Words::Wanted; }
  template <class... Args>
  Reasons& add(fmt::format_string<Args...> format, Args&&... args) {
    if (wanted()) fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    return *this;
  }
  std::string text() && { return std::move(text_); }

 private:
  Words words_;
  std::string text_;
};

// The last step of every alarm-driven rule: `wanted` against limits, suspension, deployment and cooldown.
// `why` is the explanation so far.
ScalingDecision settle_scale_out(const ScalableCapacity& capacity, const Cooldown& cooldown, int wanted,
                                 Time now, Reasons why);
// Why no scale-in may happen at all now, if so.
std::optional<ScalingDecision> refuse_scale_in(const ScalableCapacity& capacity, const Cooldown& cooldown,
                                               Time now, Reasons why);
ScalingDecision nothing(Reasons why);
ScalingDecision not_scaled(NotScaledReason reason, Reasons why);
ScalingDecision set_desired(int desired, Reasons why);
void add_cause(ScalingDecision& decision, Words words, std::string_view alarm, std::string_view policy);

}  // namespace detail

}  // namespace berth::control
