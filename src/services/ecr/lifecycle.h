// The lifecycle policies of repositories: which images one expires, and their removal. The rules themselves
// are control/image_lifecycle.
#pragma once

#include <vector>

#include "control/image_lifecycle.h"
#include "services/ecr/rows.h"

namespace berth::ecr {

// Without images that belong to a list which stays.
std::vector<control::ExpiredImage> expired_images(const Store& store, std::string_view repository,
                                                  const std::vector<control::LifecycleRule>& rules,
                                                  const std::vector<control::LifecycleImage>& images,
                                                  Time now);
std::vector<control::LifecycleImage> lifecycle_images(const Store& store, std::string_view repository);

// Applies the repository's policy. Needs a transaction. The number of images that went.
std::size_t apply_lifecycle_policy(Store& store, const RepositoryRow& repository, Time now);

}  // namespace berth::ecr
