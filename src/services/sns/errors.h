// SNS's errors in its own words.
#pragma once

#include <string>

#include "base/result.h"

namespace berth::sns {

inline Error invalid_parameter(const std::string& what) {
  return {"InvalidParameterException", "Invalid parameter: " + what};
}
inline Error topic_missing() {
  return {"NotFoundException", "Topic does not exist"};
}
inline Error subscription_missing() {
  return {"NotFoundException", "Subscription does not exist"};
}

}  // namespace berth::sns
