// Image identifiers of the API: a digest, a tag, or both, and which image they mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ecr/rows.h"

namespace berth::ecr {

// The error is an ImageFailure's code and reason.
Result<const ImageRow*> find_image(const Store& store, std::string_view repository,
                                   const ImageIdentifier& id);

// One for each tag; for an untagged image its digest alone.
std::vector<ImageIdentifier> ids_of(const ImageRow& image);

// With its manifest, and the tag that it was asked for by.
Image show_image(const Settings& settings, const ImageRow& row, const std::optional<std::string>& tag);

}  // namespace berth::ecr
