// One page of a list of names: the token is the position behind the last name that was given.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/text.h"
#include "services/ecs/errors.h"

namespace berth::ecs {

inline constexpr std::int64_t page_size_max = 100;

struct Page {
  std::vector<std::string> names;
  std::optional<std::string> next_token;
};

inline Result<Page> page_of(const std::vector<std::string>& all,
                            const std::optional<std::int64_t>& max_results,
                            const std::optional<std::string>& next_token,
                            std::int64_t default_size = page_size_max) {
  const std::int64_t size = max_results.value_or(default_size);
  if (size < 1 || size > page_size_max) {
    return invalid_parameter("maxResults must be between 1 and " + std::to_string(page_size_max));
  }
  std::size_t begin = 0;
  if (next_token && !next_token->empty()) {
    const auto decoded = from_base64(*next_token);
    const auto position = decoded ? parse_integer(*decoded) : std::nullopt;
    if (!position || *position < 0) return invalid_parameter("Invalid token " + *next_token);
    begin = std::min(static_cast<std::size_t>(*position), all.size());
  }
  const std::size_t end = std::min(begin + static_cast<std::size_t>(size), all.size());
  Page page;
  page.names.assign(all.begin() + static_cast<std::ptrdiff_t>(begin),
                    all.begin() + static_cast<std::ptrdiff_t>(end));
  if (end < all.size()) page.next_token = base64(std::to_string(end));
  return page;
}

}  // namespace berth::ecs
