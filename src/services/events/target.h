// What a target is, by its ARN, and how its input is made.
#pragma once

#include <optional>
#include <string>

#include "base/arn.h"
#include "control/event_input.h"
#include "control/rule_schedule.h"
#include "model/events.h"

namespace berth::events {

enum class TargetKind { ecs_cluster, sns_topic };

// Nullopt: nothing that berth can tell.
inline std::optional<TargetKind> kind_of(const Target& target) {
  const auto arn = parse_arn(target.arn.value_or(""));
  if (!arn) return std::nullopt;
  if (arn->service == "ecs" && arn->resource.starts_with("cluster/")) return TargetKind::ecs_cluster;
  if (arn->service == "sns" && !arn->resource.empty()) return TargetKind::sns_topic;
  return std::nullopt;
}

inline control::InputRule input_rule_of(const Target& target) {
  control::InputRule rule{.input = target.input, .path = target.input_path};
  if (target.input_transformer) {
    rule.template_ = target.input_transformer->input_template;
    if (target.input_transformer->input_paths_map) rule.paths = *target.input_transformer->input_paths_map;
  }
  return rule;
}

inline control::EventRetry retry_of(const Target& target) {
  control::EventRetry retry;
  if (!target.retry_policy) return retry;
  const auto& policy = *target.retry_policy;
  if (policy.maximum_retry_attempts) retry.attempts_max = static_cast<int>(*policy.maximum_retry_attempts);
  if (policy.maximum_event_age_in_seconds)
    retry.age_max = Duration::seconds(static_cast<double>(*policy.maximum_event_age_in_seconds));
  return retry;
}

}  // namespace berth::events
