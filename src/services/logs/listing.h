// What the listings of CloudWatch Logs have in common: their page, and how a bad token is refused.
#pragma once

#include <cstdint>
#include <string>

#include "services/paging.h"

namespace berth::logs {

inline constexpr std::int64_t listing_page_max = 50;
inline constexpr services::BadToken bad_token{"InvalidParameterException",
                                              "The specified nextToken is invalid."};

// AWS still answers sequence tokens and no longer looks at them.
inline std::string unused_sequence_token() {
  return std::string(56, '0');
}

}  // namespace berth::logs
