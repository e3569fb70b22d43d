#include "services/ec2/listing.h"

#include <fmt/format.h>

#include "base/text.h"

namespace berth::ec2 {
namespace {

constexpr std::string_view tag_prefix = "tag:";
constexpr std::int64_t max_results_least = 5;
constexpr std::int64_t max_results_most = 1000;

bool any_match(const std::vector<std::string>& patterns, const std::string& value) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_wildcard(pattern, value); });
}

}  // namespace

Facets& Facets::add(const char* name, const std::optional<std::string>& value) {
  auto& values = values_[name];
  if (value) values.push_back(*value);
  return *this;
}

Facets& Facets::add(const char* name, const std::optional<bool>& value) {
  return add(name, value ? std::optional<std::string>(*value ? "true" : "false") : std::nullopt);
}

Facets& Facets::add(const char* name, const std::optional<std::int64_t>& value) {
  return add(name, value ? std::optional<std::string>(std::to_string(*value)) : std::nullopt);
}

Facets& Facets::add_tags(const std::optional<std::vector<Tag>>& tags) {
  tags_ = &list_of(tags);
  auto& keys = values_["tag-key"];
  for (const Tag& tag : *tags_) keys.push_back(tag.key.value_or(""));
  return *this;
}

bool Facets::knows(const std::string& name) const {
  return values_.contains(name) || (tags_ && name.starts_with(tag_prefix));
}

bool Facets::match(const Filter& filter) const {
  const std::string name = filter.name.value_or("");
  const auto& patterns = list_of(filter.values);
  if (tags_ && name.starts_with(tag_prefix)) {
    const auto key = name.substr(tag_prefix.size());
    return std::any_of(tags_->begin(), tags_->end(), [&](const Tag& tag) {
      return tag.key == key && any_match(patterns, tag.value.value_or(""));
    });
  }
  const auto found = values_.find(name);
  if (found == values_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(),
                     [&](const std::string& value) { return any_match(patterns, value); });
}

Result<> check_filters(const std::vector<Filter>& filters, const Facets& known) {
  for (const Filter& filter : filters) {
    const std::string name = filter.name.value_or("");
    if (name.empty()) return missing_parameter("Name");
    if (!known.knows(name)) return invalid_parameter(fmt::format("The filter '{}' is invalid", name));
  }
  return {};
}

bool match_all(const std::vector<Filter>& filters, const Facets& facets) {
  return std::all_of(filters.begin(), filters.end(),
                     [&](const Filter& filter) { return facets.match(filter); });
}

Result<> check_max_results(const std::optional<std::int64_t>& max_results, bool with_ids) {
  if (!max_results) return {};
  if (with_ids) {
    return Error{"InvalidParameterCombination",
                 "The parameter maxResults cannot be used with the parameter ids"};
  }
  if (*max_results < max_results_least) {
    return invalid_parameter(
        fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value "
                    "greater than {}.",
                    *max_results, max_results_least));
  }
  if (*max_results > max_results_most) {
    return invalid_parameter(
        fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value less "
                    "than or equal to {}.",
                    *max_results, max_results_most));
  }
  return {};
}

}  // namespace berth::ec2
