// Tags of repositories: the rules by which some are added, and the token of a page, which ECR words its own
// way.
#pragma once

#include <vector>

#include "services/ecr/rows.h"
#include "services/paging.h"

namespace berth::ecr {

inline constexpr services::BadToken invalid_page_token{
    "InvalidParameterException",
    "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"};

Result<> add_tags(RepositoryRow& repository, const std::vector<Tag>& added);

}  // namespace berth::ecr
