// When a failed delivery is tried again: SNS's documented phases, in real time. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "loop/time.h"

namespace berth::sns {

struct DeliveryPolicy {
  int immediate_retries = 0;
  int early_retries = 0;    // each after delay_min
  int backoff_retries = 0;  // growing from delay_min to delay_max
  int late_retries = 0;     // each after delay_max
  RealDuration delay_min{};
  RealDuration delay_max{};

  int attempts_max() const { return 1 + immediate_retries + early_retries + backoff_retries + late_retries; }
};

// SNS developer guide, "Message delivery retries": HTTP endpoints for a quarter of an hour, SMTP for six
// hours.
inline constexpr DeliveryPolicy http_policy{
    3, 2, 10, 35, RealDuration::seconds(1), RealDuration::seconds(20)};
inline constexpr DeliveryPolicy mail_policy{
    0, 2, 10, 38, RealDuration::seconds(10), RealDuration::seconds(600)};

const DeliveryPolicy& delivery_policy(std::string_view protocol);

// The wait after the `failures`-th failure, or nullopt when it was the last attempt.
std::optional<RealDuration> retry_delay(const DeliveryPolicy& policy, int failures);

}  // namespace berth::sns
