// ECS's errors in one place: the codes are the API's, the texts those that AWS answers.
#pragma once

#include <string>

#include "base/result.h"

namespace berth::ecs {

inline Error invalid_parameter(std::string message) {
  return {"InvalidParameterException", std::move(message)};
}
inline Error client_error(std::string message) {
  return {"ClientException", std::move(message)};
}
inline Error cluster_not_found() {
  return {"ClusterNotFoundException", "Cluster not found."};
}
inline Error service_not_found() {
  return {"ServiceNotFoundException", "Service not found."};
}
inline Error service_not_active() {
  return {"ServiceNotActiveException", "Service was not ACTIVE."};
}

// For what AWS has and berth has not: refused by name, never ignored.
inline Error unsupported(const std::string& what) {
  return {"UnsupportedFeatureException", "berth does not support " + what + "."};
}

}  // namespace berth::ecs
