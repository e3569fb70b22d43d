// Application Auto Scaling's words for what it did (DescribeScalingActivities), and when an activity is over.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/scaling.h"

namespace berth::control::activity {

enum class Status { Pending, InProgress, Successful, Overridden, Unfulfilled, Failed };
std::string_view name_of(Status status);

// Description and Cause.
std::string setting_desired_count(int desired);
std::string alarm_cause(std::string_view alarm, std::string_view policy);
inline constexpr std::string_view attempting = "Attempting to scale due to alarm triggered";
std::string minimum_cause(int minimum);
std::string maximum_cause(int maximum);
// Of a scheduled action; a limit that the action does not set is left out.
std::string setting_limits(std::optional<int> minimum, std::optional<int> maximum);
std::string scheduled_cause(std::string_view action);

// StatusMessage.
std::string waiting(int desired);
std::string fulfilled(int desired);
std::string overridden(int desired, int changed_to);
std::string limits_set(std::optional<int> minimum, std::optional<int> maximum);

// Where an activity that ordered `ordered` tasks stands: over when that many run (DEACTIVATING ones do not
// count), overridden when somebody set another desired count first.
struct Progress {
  Status status = Status::InProgress;
  std::string message{};
};
Progress progress(int ordered, int desired_now, int running_now);

// StatusCode of a not-scaled record.
Status status_of(NotScaledCode code);

}  // namespace berth::control::activity
