// ECR: images that get a tag, lose one, or go. A manifest that is new to the repository is put into the
// registry after the transaction, by reconcile/registry_sync; its layers must be there already.
#include <algorithm>
#include <set>

#include "handlers/ecr.h"
#include "services/ecr/errors.h"
#include "services/ecr/image_ids.h"
#include "services/ecr/repository.h"
#include "services/lists.h"

namespace berth::ecr {
namespace {

Result<> check_new_image(const Store& store, const RepositoryRow& repository, const Manifest& manifest) {
  std::set<std::string> blobs, images;
  for (const auto* entry : store.rows_of<ImageRow>(repository.name)) {
    images.insert(entry->second.digest);
    const auto known = read_manifest(entry->second.manifest, entry->second.media_type);
    if (!known) continue;
    for (const auto& blob : known->blobs) blobs.insert(blob.digest);
  }
  for (const auto& child : manifest.children) {
    if (images.contains(child)) continue;
    return Error{
        "ReferencedImagesNotFoundException",
        fmt::format("Images with digests '[{}]' required for pushing image into repository with name '{}' "
                    "in the registry do not exist",
                    child, repository.name)};
  }
  for (const auto& blob : manifest.blobs) {
    if (blobs.contains(blob.digest)) continue;
    return Error{
        "LayersNotFoundException",
        fmt::format("Layers with digests '[{}]' required for pushing image into repository with name '{}' "
                    "in the registry do not exist",
                    blob.digest, repository.name)};
  }
  return {};
}

Result<> check_put(const Context& context, const RepositoryRow& repository, const Manifest& manifest,
                   const PutImageRequest& input) {
  if (input.image_digest && *input.image_digest != manifest.digest) {
    return Error{
        "ImageDigestDoesNotMatchException",
        "The specified image digest does not match the digest that Amazon ECR calculated for the image."};
  }
  if (input.image_tag && !is_tag(*input.image_tag)) {
    return invalid_parameter("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9_.-]*'");
  }
  const auto* image = find_image(context.store, repository.name, manifest.digest);
  if (!image) return check_new_image(context.store, repository, manifest);
  const auto& tags = image->tags;
  if (!input.image_tag || std::find(tags.begin(), tags.end(), *input.image_tag) != tags.end()) {
    return Error{
        "ImageAlreadyExistsException",
        fmt::format("Image with digest '{}' and tag '{}' already exists in the repository with name '{}' "
                    "in registry with id '{}'",
                    manifest.digest, input.image_tag.value_or("null"), repository.name,
                    context.settings.account)};
  }
  return {};
}

// Removes the tag, or all of them, and the image with its last one. The ids are those that went.
Result<std::vector<ImageIdentifier>> delete_image(Context& context, const RepositoryRow& repository,
                                                  const ImageIdentifier& id) {
  const auto found = find_image(context.store, repository.name, id);
  if (!found) return found.error();
  const ImageRow& image = **found;
  if (id.image_tag && image.tags.size() > 1) {
    std::erase(context.store.edit<ImageRow>(image.key())->tags, *id.image_tag);
    return std::vector<ImageIdentifier>{{image.digest, id.image_tag}};
  }
  const auto lists = lists_of(context.store, image);
  if (!lists.empty()) {
    return Error{"ImageReferencedByManifestList",
                 fmt::format("Requested image referenced by manifest list: [{}]", fmt::join(lists, ", "))};
  }
  auto ids = ids_of(image);
  context.store.erase<ImageRow>(image.key());
  return ids;
}

}  // namespace

Result<PutImageResponse> put_image(Context& context, const PutImageRequest& input) {
  const auto repository = find_repository(context, input.repository_name, input.registry_id);
  if (!repository) return repository.error();
  const std::string text = input.image_manifest.value_or("");
  const auto manifest = read_manifest(text, input.image_manifest_media_type.value_or(""));
  if (!manifest) return invalid_parameter("imageManifest", "Invalid image manifest provided");
  if (auto checked = check_put(context, **repository, *manifest, input); !checked) return checked.error();
  const std::string tag = input.image_tag.value_or("");
  auto movable = check_tag_move(context.store, **repository, tag, manifest->digest);
  if (!movable) return movable.error();
  store_image(context.store, **repository, *manifest, text, tag, false, context.now());
  const auto* image = find_image(context.store, (*repository)->name, manifest->digest);
  return PutImageResponse{show_image(context.settings, *image, input.image_tag)};
}

Result<BatchDeleteImageResponse> batch_delete_image(Context& context, const BatchDeleteImageRequest& input) {
  const auto repository = find_repository(context, input.repository_name, input.registry_id);
  if (!repository) return repository.error();
  BatchDeleteImageResponse response;
  response.image_ids.emplace();
  response.failures.emplace();
  for (const auto& id : services::list_of(input.image_ids)) {
    const auto deleted = delete_image(context, **repository, id);
    if (!deleted) {
      response.failures->push_back({id, deleted.error().code, deleted.error().message});
    } else {
      response.image_ids->insert(response.image_ids->end(), deleted->begin(), deleted->end());
    }
  }
  return response;
}

}  // namespace berth::ecr
