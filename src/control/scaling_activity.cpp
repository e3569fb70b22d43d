#include "control/scaling_activity.h"

#include <fmt/format.h>

namespace berth::control::activity {

namespace {

std::string limits(std::optional<int> minimum, std::optional<int> maximum) {
  if (minimum && maximum) return fmt::format("min capacity to {} and max capacity to {}", *minimum, *maximum);
  if (minimum) return fmt::format("min capacity to {}", *minimum);
  return fmt::format("max capacity to {}", maximum.value_or(0));
}

}  // namespace

std::string_view name_of(Status status) {
  switch (status) {
    case Status::Pending:
      return "Pending";
    case Status::InProgress:
      return "InProgress";
    case Status::Successful:
      return "Successful";
    case Status::Overridden:
      return "Overridden";
    case Status::Unfulfilled:
      return "Unfulfilled";
    case Status::Failed:
      return "Failed";
  }
  return "";
}

std::string setting_desired_count(int desired) {
  return fmt::format("Setting desired count to {}.", desired);
}

std::string alarm_cause(std::string_view alarm, std::string_view policy) {
  return fmt::format("monitor alarm {} in state ALARM triggered policy {}", alarm, policy);
}

std::string minimum_cause(int minimum) {
  return fmt::format("minimum capacity was set to {}", minimum);
}
std::string maximum_cause(int maximum) {
  return fmt::format("maximum capacity was set to {}", maximum);
}

std::string setting_limits(std::optional<int> minimum, std::optional<int> maximum) {
  return "Setting " + limits(minimum, maximum);
}

std::string scheduled_cause(std::string_view action) {
  return fmt::format("scheduled action name {} was triggered", action);
}

std::string waiting(int desired) {
  return fmt::format("Successfully set desired count to {}. Waiting for change to be fulfilled by ecs.",
                     desired);
}

std::string fulfilled(int desired) {
  return fmt::format("Successfully set desired count to {}. Change successfully fulfilled by ecs.", desired);
}

std::string overridden(int desired, int changed_to) {
  return fmt::format("Successfully set desired count to {}. Found it was later changed to {}.", desired,
                     changed_to);
}

std::string limits_set(std::optional<int> minimum, std::optional<int> maximum) {
  return "Successfully set " + limits(minimum, maximum);
}

Progress progress(int ordered, int desired_now, int running_now) {
  if (running_now == ordered) return {Status::Successful, fulfilled(ordered)};
  if (desired_now != ordered) return {Status::Overridden, overridden(ordered, desired_now)};
  return {Status::InProgress, waiting(ordered)};
}

Status status_of(NotScaledCode code) {
  return code == NotScaledCode::AlreadyAtDesiredCapacity ? Status::Successful : Status::Failed;
}

}  // namespace berth::control::activity
