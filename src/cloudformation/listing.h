// What CloudFormation's listings have in common: their page, and how a bad token is refused.
#pragma once

#include "services/paging.h"

namespace berth::cloudformation {

inline constexpr int page_items_max = 100;
inline constexpr services::BadToken bad_token{"ValidationError", "Invalid NextToken"};

}  // namespace berth::cloudformation
