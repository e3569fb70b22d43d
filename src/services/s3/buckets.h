// Finding a bucket, and the checks that buckets and objects share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/s3/rows.h"

namespace berth::s3 {

Result<const BucketRow*> find_bucket(const Context& context, const std::optional<std::string>& name);
Result<BucketRow*> edit_bucket(Context& context, const std::optional<std::string>& name);

// At most `tags_max` with keys of their own.
Result<> check_tags(const std::vector<Tag>& tags, std::size_t tags_max);

}  // namespace berth::s3
