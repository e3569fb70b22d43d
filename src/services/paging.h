// One page of a listing. A token names the first item of the next page; one that names no item is refused
// with the service's own code.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace berth::services {

template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next_token;
};

struct BadToken {
  const char* code = "InvalidNextTokenException";
  const char* message = "The specified token is not valid.";
};

// How CloudWatch and SSM say it.
inline constexpr BadToken invalid_next_token{"InvalidNextToken", "The specified token is not valid."};

// `key_of` gives a text that tells the item from all others of the listing.
template <class T, class KeyOf>
Result<Page<T>> page_of(std::vector<T> items, const std::optional<std::string>& token, std::int64_t items_max,
                        KeyOf key_of, BadToken bad_token = {}) {
  std::size_t first = 0;
  if (token && !token->empty()) {
    const auto wanted = from_base64(*token);
    while (first < items.size() && (!wanted || key_of(items[first]) != *wanted)) ++first;
    if (first == items.size()) return Error{bad_token.code, bad_token.message};
  }
  const std::size_t last =
      std::min(items.size(), first + static_cast<std::size_t>(std::max<std::int64_t>(1, items_max)));
  Page<T> page;
  if (last < items.size()) page.next_token = base64(key_of(items[last]));
  page.items.assign(std::make_move_iterator(items.begin() + static_cast<std::ptrdiff_t>(first)),
                    std::make_move_iterator(items.begin() + static_cast<std::ptrdiff_t>(last)));
  return page;
}

}  // namespace berth::services
