#include "model/shape.h"

#include <algorithm>

namespace berth::model {

const Operation* Service::find_operation(std::string_view operation) const {
  const auto found = std::find_if(operations.begin(), operations.end(),
                                  [&](const Operation& entry) { return operation == entry.name; });
  return found == operations.end() ? nullptr : &*found;
}

bool Service::knows_operation(std::string_view operation) const {
  return std::any_of(all_operations.begin(), all_operations.end(),
                     [&](const char* known) { return operation == known; });
}

// By its own name first: several shapes may share a Query code (CloudWatch's ResourceNotFound).
const ErrorShape* Service::find_error(std::string_view code) const {
  const auto find = [&](const char* ErrorShape::* spelling) {
    return std::find_if(errors.begin(), errors.end(),
                        [&](const ErrorShape& entry) { return code == entry.*spelling; });
  };
  auto found = find(&ErrorShape::name);
  if (found == errors.end()) found = find(&ErrorShape::query_code);
  return found == errors.end() ? nullptr : &*found;
}

}  // namespace berth::model
