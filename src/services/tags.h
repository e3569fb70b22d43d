// Tags, which every service has in a struct of its own with `key` and `value`.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::services {

// AWS: at most 50 tags on a resource.
inline constexpr std::size_t tags_max = 50;

// Adds the tags; one with a key that is there already takes its place.
template <class Tag>
void merge_tags(std::vector<Tag>& tags, const std::vector<Tag>& added) {
  for (const Tag& tag : added) {
    const auto same_key = std::find_if(tags.begin(), tags.end(), [&](const Tag& old) { return old.key == tag.key; });
    if (same_key == tags.end()) {
      tags.push_back(tag);
    } else {
      *same_key = tag;
    }
  }
}

template <class Tag>
void remove_tags(std::vector<Tag>& tags, const std::vector<std::string>& keys) {
  std::erase_if(tags, [&](const Tag& tag) {
    return std::find(keys.begin(), keys.end(), tag.key.value_or("")) != keys.end();
  });
}

}  // namespace berth::services
