// ECR's errors in one place: the codes are the API's, the texts those that AWS answers.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::ecr {

inline Error invalid_parameter(std::string_view name, std::string_view constraint) {
  return {"InvalidParameterException",
          fmt::format("Invalid parameter at '{}' failed to satisfy constraint: '{}'", name, constraint)};
}
inline Error repository_not_found(std::string_view name, std::string_view registry) {
  return {"RepositoryNotFoundException",
          fmt::format("The repository with name '{}' does not exist in the registry with id '{}'", name,
                      registry)};
}
// `what` is one of the documents that a repository may have.
inline Error document_not_found(std::string_view code, std::string_view what, std::string_view repository,
                                std::string_view registry) {
  return {std::string(code),
          fmt::format("{} does not exist for the repository with name '{}' in the registry with id '{}'",
                      what, repository, registry)};
}
inline Error repository_exists(std::string_view name, std::string_view registry) {
  return {"RepositoryAlreadyExistsException",
          fmt::format("The repository with name '{}' already exists in the registry with id '{}'", name,
                      registry)};
}
inline Error repository_not_empty(std::string_view name, std::string_view registry) {
  return {"RepositoryNotEmptyException",
          fmt::format("The repository with name '{}' in registry with id '{}' cannot be deleted because it "
                      "still contains images",
                      name, registry)};
}
inline Error tag_is_immutable(std::string_view tag, std::string_view repository) {
  return {"ImageTagAlreadyExistsException",
          fmt::format("The image tag '{}' already exists in the '{}' repository and cannot be overwritten "
                      "because the tag is immutable.",
                      tag, repository)};
}

// For what AWS has and berth has not: refused by name, never ignored.
inline Error unsupported(const std::string& what) {
  return {"InvalidParameterException", "berth does not support " + what + "."};
}

}  // namespace berth::ecr
