// Optional lists of the generated shapes, where absent and empty mean the same.
#pragma once

#include <optional>
#include <vector>

namespace berth::services {

template <class T>
const std::vector<T>& list_of(const std::optional<std::vector<T>>& list) {
  static const std::vector<T> none;
  return list ? *list : none;
}

}  // namespace berth::services
