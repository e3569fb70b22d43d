#include "control/scaling.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/scaling_activity.h"

namespace berth::control {

std::string_view name_of(NotScaledCode code) {
  switch (code) {
    case NotScaledCode::AutoScalingAnticipatedFlapping:
      return "AutoScalingAnticipatedFlapping";
    case NotScaledCode::TargetServicePutResourceAsUnscalable:
      return "TargetServicePutResourceAsUnscalable";
    case NotScaledCode::AlreadyAtMaxCapacity:
      return "AlreadyAtMaxCapacity";
    case NotScaledCode::AlreadyAtMinCapacity:
      return "AlreadyAtMinCapacity";
    case NotScaledCode::AlreadyAtDesiredCapacity:
      return "AlreadyAtDesiredCapacity";
  }
  return "";
}

NotScaledReason already_at_max(int maximum) {
  return {NotScaledCode::AlreadyAtMaxCapacity, maximum};
}

NotScaledReason already_at_min(int minimum) {
  return {NotScaledCode::AlreadyAtMinCapacity, std::nullopt, minimum};
}

NotScaledReason already_at_desired(int desired) {
  return {NotScaledCode::AlreadyAtDesiredCapacity, std::nullopt, std::nullopt, desired};
}

void Cooldown::ordered(int from, int to, Time now) {
  if (to > from) {
    scale_out_credit = credit(now) + (to - from);
    scale_out_in_progress = true;
    scale_in_in_progress = false;
    cancel_scale_in();
  } else if (to < from) {
    scale_in_in_progress = true;
    scale_out_in_progress = false;
  }
}

void Cooldown::fulfilled(Duration scale_out_cooldown, Duration scale_in_cooldown, Time now) {
  if (scale_out_in_progress) scale_out_until = now + scale_out_cooldown;
  if (scale_in_in_progress) scale_in_until = now + scale_in_cooldown;
  scale_out_in_progress = scale_in_in_progress = false;
}

void Cooldown::abandoned() {
  scale_out_in_progress = scale_in_in_progress = false;
}

double average(const double* values, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += values[i];
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

namespace detail {

ScalingDecision nothing(Reasons why) {
  ScalingDecision decision;
  decision.explanation = std::move(why).text();
  return decision;
}

ScalingDecision not_scaled(NotScaledReason reason, Reasons why) {
  ScalingDecision decision;
  decision.outcome = ScalingDecision::Outcome::NotScaled;
  decision.not_scaled = reason;
  if (why.wanted()) decision.description = activity::attempting;
  why.add(": not scaled, {}", name_of(reason.code));
  decision.explanation = std::move(why).text();
  return decision;
}

ScalingDecision set_desired(int desired, Reasons why) {
  ScalingDecision decision;
  decision.outcome = ScalingDecision::Outcome::SetDesired;
  decision.desired = desired;
  if (why.wanted()) decision.description = activity::setting_desired_count(desired);
  why.add(": set desired count to {}", desired);
  decision.explanation = std::move(why).text();
  return decision;
}

void add_cause(ScalingDecision& decision, Words words, std::string_view alarm, std::string_view policy) {
  if (words == Words::Wanted && decision.outcome != ScalingDecision::Outcome::Nothing)
    decision.cause = activity::alarm_cause(alarm, policy);
}

ScalingDecision settle_scale_out(const ScalableCapacity& capacity, const Cooldown& cooldown, int wanted,
                                 Time now, Reasons why) {
  if (capacity.scale_out_suspended) return nothing(std::move(why.add(": scaling out is suspended")));
  if (capacity.desired >= capacity.maximum)
    return not_scaled(already_at_max(capacity.maximum), std::move(why));
  const int bounded = std::clamp(wanted, capacity.minimum, capacity.maximum);
  if (bounded != wanted) why.add(", within [{}, {}] {}", capacity.minimum, capacity.maximum, bounded);
  if (bounded <= capacity.desired) return not_scaled(already_at_desired(capacity.desired), std::move(why));
  const int credit = cooldown.credit(now);
  if (credit == 0) return set_desired(bounded, std::move(why));
  // Capacity that the running cooldown already added counts towards the new scale-out, so that only a larger
  // one acts, and only by the difference.
  why.add(", less {} already added in the scale-out cooldown", credit);
  if (bounded - credit <= capacity.desired) {
    return nothing(std::move(why.add(": no more than the desired {}", capacity.desired)));
  }
  return set_desired(bounded - credit, std::move(why));
}

std::optional<ScalingDecision> refuse_scale_in(const ScalableCapacity& capacity, const Cooldown& cooldown,
                                               Time now, Reasons why) {
  if (capacity.scale_in_suspended) return nothing(std::move(why.add(": scaling in is suspended")));
  if (capacity.desired <= capacity.minimum)
    return not_scaled(already_at_min(capacity.minimum), std::move(why));
  if (capacity.deployment_in_progress) {
    return not_scaled({NotScaledCode::TargetServicePutResourceAsUnscalable},
                      std::move(why.add(", a deployment is in progress")));
  }
  if (cooldown.scale_in_in_progress)
    return nothing(std::move(why.add(": the last scale-in is not fulfilled yet")));
  if (cooldown.holds_scale_in(now)) {
    if (why.wanted()) why.add(": scale-in cooldown until {}", iso_s(*cooldown.scale_in_until));
    return nothing(std::move(why));
  }
  return std::nullopt;
}

}  // namespace detail

}  // namespace berth::control
