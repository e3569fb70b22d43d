// Cloud Map's errors in its own words.
#pragma once

#include <string>

#include "base/result.h"
#include "services/paging.h"

namespace berth::servicediscovery {

inline constexpr std::int64_t page_items_max = 100;
inline constexpr services::BadToken bad_token{"InvalidInput", "Invalid nextToken."};

inline Error invalid_input(const std::string& message) {
  return {"InvalidInput", message};
}
// For what AWS has and berth has not: refused by name, never ignored.
inline Error unsupported(const std::string& what) {
  return invalid_input("berth does not support " + what);
}
inline Error no_such_namespace(const std::string& id) {
  return {"NamespaceNotFound", "Namespace not found: " + id};
}
inline Error no_such_service(const std::string& id) {
  return {"ServiceNotFound", "Service not found: " + id};
}
inline Error no_such_instance(const std::string& id) {
  return {"InstanceNotFound", "Instance not found: " + id};
}

}  // namespace berth::servicediscovery
