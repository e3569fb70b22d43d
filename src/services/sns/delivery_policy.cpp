#include "services/sns/delivery_policy.h"

#include <cmath>

#include "services/sns/rows.h"

namespace berth::sns {

const DeliveryPolicy& delivery_policy(std::string_view protocol) {
  return is_mail(protocol) ? mail_policy : http_policy;
}

std::optional<RealDuration> retry_delay(const DeliveryPolicy& policy, int failures) {
  int retry = failures;  // 1: the first one
  if (retry <= policy.immediate_retries) return RealDuration{};
  retry -= policy.immediate_retries;
  if (retry <= policy.early_retries) return policy.delay_min;
  retry -= policy.early_retries;
  if (retry <= policy.backoff_retries) {
    const double growth = policy.delay_max.in_seconds() / policy.delay_min.in_seconds();
    const double part = policy.backoff_retries > 1 ? (retry - 1.0) / (policy.backoff_retries - 1.0) : 1.0;
    return RealDuration::seconds(policy.delay_min.in_seconds() * std::pow(growth, part));
  }
  retry -= policy.backoff_retries;
  if (retry <= policy.late_retries) return policy.delay_max;
  return std::nullopt;
}

}  // namespace berth::sns
