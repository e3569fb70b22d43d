// EventBridge's errors in its own words.
#pragma once

#include <string>

#include "base/result.h"

namespace berth::events {

inline Error invalid(const std::string& message) {
  return {"ValidationException", message};
}
inline Error not_valid(const std::string& parameter, const std::string& reason) {
  return invalid("Parameter " + parameter + " is not valid. Reason: " + reason);
}
// For what AWS has and berth has not: refused by name, never ignored.
inline Error unsupported(const std::string& what) {
  return invalid("berth does not support " + what);
}
inline Error no_such_bus(const std::string& name) {
  return {"ResourceNotFoundException", "Event bus " + name + " does not exist."};
}
inline Error no_such_rule(const std::string& name) {
  return {"ResourceNotFoundException", "Rule " + name + " does not exist on EventBus default."};
}

}  // namespace berth::events
