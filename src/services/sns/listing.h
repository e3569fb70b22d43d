// What the listings of SNS have in common: their page, and how a bad token is refused.
#pragma once

#include "services/paging.h"

namespace berth::sns {

inline constexpr int listing_page_max = 100;
inline constexpr services::BadToken bad_token{"InvalidParameterException", "Invalid parameter: NextToken"};

}  // namespace berth::sns
