// Tags, which every service has in a struct of its own with `key` and `value`.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::services {

// AWS: at most 50 tags on a resource.
inline constexpr std::size_t tags_max = 50;

// AWS's own tags (aws:cloudformation:stack-name, ...) do not count towards the limit.
inline bool is_aws_key(std::string_view key) {
  return key.starts_with("aws:");
}

inline bool too_many_tags(const std::map<std::string, std::string>& tags) {
  return std::count_if(tags.begin(), tags.end(), [](const auto& tag) { return !is_aws_key(tag.first); }) >
         static_cast<std::ptrdiff_t>(tags_max);
}

template <class Tag>
bool too_many_tags(const std::vector<Tag>& tags) {
  return std::count_if(tags.begin(), tags.end(), [](const Tag& tag) {
           return !is_aws_key(tag.key.value_or(""));
         }) > static_cast<std::ptrdiff_t>(tags_max);
}

// Adds the tags; one with a key that is there already takes its place.
template <class Tag>
void merge_tags(std::vector<Tag>& tags, const std::vector<Tag>& added) {
  for (const Tag& tag : added) {
    const auto same_key =
        std::find_if(tags.begin(), tags.end(), [&](const Tag& old) { return old.key == tag.key; });
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
