#include "services/ecs/tagging.h"

#include <algorithm>
#include <set>

#include "services/ecs/errors.h"
#include "services/tags.h"

namespace berth::ecs {

Result<> check_tags(const std::vector<Tag>& tags) {
  if (services::too_many_tags(tags))
    return invalid_parameter("Too many tags: the limit is 50 tags per resource.");
  std::set<std::string> seen;
  for (const Tag& tag : tags) {
    const std::string key = tag.key.value_or("");
    if (key.empty() || key.size() > 128) {
      return invalid_parameter("Tag keys must have between 1 and 128 characters.");
    }
    // CloudFormation's own tags come through the same door; from a client they are refused before.
    if (key.starts_with("aws:") && !key.starts_with("aws:cloudformation:")) {
      return invalid_parameter("Tag keys can't start with aws:");
    }
    if (tag.value.value_or("").size() > 256) {
      return invalid_parameter("Tag values can have at most 256 characters.");
    }
    if (!seen.insert(key).second) {
      return invalid_parameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
  }
  return {};
}

void merge_tags(std::vector<Tag>& tags, const std::vector<Tag>& added) {
  for (const Tag& tag : added) {
    const auto same = std::find_if(tags.begin(), tags.end(), [&](const Tag& t) { return t.key == tag.key; });
    if (same == tags.end()) {
      tags.push_back(tag);
    } else {
      same->value = tag.value;
    }
  }
}

void remove_tags(std::vector<Tag>& tags, const std::vector<std::string>& keys) {
  std::erase_if(tags, [&](const Tag& tag) {
    return std::find(keys.begin(), keys.end(), tag.key.value_or("")) != keys.end();
  });
}

}  // namespace berth::ecs
