// ECS's tags: their rules, and merging and removing them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/ecs.h"

namespace berth::ecs {

// At most 50, keys of 1 to 128 characters that occur once and do not start with `aws:`, values up to 256.
Result<> check_tags(const std::vector<Tag>& tags);
// `added` wins over what is there.
void merge_tags(std::vector<Tag>& tags, const std::vector<Tag>& added);
void remove_tags(std::vector<Tag>& tags, const std::vector<std::string>& keys);

}  // namespace berth::ecs
