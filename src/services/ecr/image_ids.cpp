#include "services/ecr/image_ids.h"

#include <algorithm>

#include "services/ecr/manifest.h"

namespace berth::ecr {

Result<const ImageRow*> find_image(const Store& store, std::string_view repository,
                                   const ImageIdentifier& id) {
  if (!id.image_digest && !id.image_tag) {
    return Error{"MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"};
  }
  if (id.image_digest && !is_digest(*id.image_digest)) {
    return Error{
        "InvalidImageDigest",
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"};
  }
  const auto* row = id.image_digest ? find_image(store, repository, *id.image_digest)
                                    : find_tagged(store, repository, *id.image_tag);
  if (!row) return Error{"ImageNotFound", "Requested image not found"};
  if (id.image_tag && std::find(row->tags.begin(), row->tags.end(), *id.image_tag) == row->tags.end()) {
    return Error{"ImageTagDoesNotMatchDigest", "Requested image tag does not match the digest"};
  }
  return row;
}

std::vector<ImageIdentifier> ids_of(const ImageRow& image) {
  std::vector<ImageIdentifier> ids;
  for (const auto& tag : image.tags) ids.push_back({image.digest, tag});
  if (ids.empty()) ids.push_back({image.digest, std::nullopt});
  return ids;
}

Image show_image(const Settings& settings, const ImageRow& row, const std::optional<std::string>& tag) {
  Image image;
  image.registry_id = settings.account;
  image.repository_name = row.repository;
  image.image_id = ImageIdentifier{row.digest, tag};
  image.image_manifest = row.manifest;
  image.image_manifest_media_type = row.media_type;
  return image;
}

}  // namespace berth::ecr
