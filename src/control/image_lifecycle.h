// ECR's lifecycle policies: reading one, and which images of a repository it expires by now. Pure: who
// deletes them, and when it is asked, is not known here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loop/time.h"

namespace berth::control {

struct LifecycleRule {
  enum class Status { tagged, untagged, any };

  int priority = 0;
  Status status = Status::any;
  std::vector<std::string> tag_patterns;  // each must match a tag; prefixes become patterns
  bool by_age = false;                    // else by count
  std::int64_t count = 0;                 // images that stay, or days
};

struct LifecycleImage {
  std::string digest;
  std::vector<std::string> tags;
  Time pushed_at{};
};

struct ExpiredImage {
  const LifecycleImage* image = nullptr;
  int rule_priority = 0;
};

// In order of priority. The error's message is what AWS puts behind "Lifecycle policy validation failure: ".
Result<std::vector<LifecycleRule>> read_lifecycle_policy(std::string_view text);

// An image that a rule selects is that rule's alone to expire: no rule after it may.
std::vector<ExpiredImage> expired_images(const std::vector<LifecycleRule>& rules,
                                         const std::vector<LifecycleImage>& images, Time now);

}  // namespace berth::control
