// ECR: what images a repository has.
#include <algorithm>

#include "handlers/ecr.h"
#include "services/ecr/errors.h"
#include "services/ecr/image_ids.h"
#include "services/ecr/repository.h"
#include "services/ecr/tagging.h"
#include "services/lists.h"
#include "services/paging.h"

namespace berth::ecr {
namespace {

constexpr std::int64_t images_per_page = 100;

using Images = std::vector<const ImageRow*>;

bool has_status(const ImageRow& image, std::string_view tag_status) {
  if (tag_status == "TAGGED") return !image.tags.empty();
  if (tag_status == "UNTAGGED") return image.tags.empty();
  return true;
}

Images images_of(const Store& store, std::string_view repository, std::string_view tag_status) {
  Images images;
  for (const auto* entry : store.rows_of<ImageRow>(repository)) {
    if (has_status(entry->second, tag_status)) images.push_back(&entry->second);
  }
  return images;
}

std::string shown_id(const ImageIdentifier& id) {
  return fmt::format("{{imageDigest:'{}', imageTag:'{}'}}", id.image_digest.value_or("null"),
                     id.image_tag.value_or("null"));
}

Result<Images> chosen_images(const Context& context, const RepositoryRow& repository,
                             const DescribeImagesRequest& input) {
  if (!input.image_ids) {
    return images_of(context.store, repository.name,
                     input.filter ? input.filter->tag_status.value_or("") : "");
  }
  Images images;
  for (const auto& id : *input.image_ids) {
    const auto found = find_image(context.store, repository.name, id);
    if (!found) {
      return Error{
          "ImageNotFoundException",
          fmt::format("The image with imageId {} does not exist within the repository with name '{}' in "
                      "the registry with id '{}'",
                      shown_id(id), repository.name, context.settings.account)};
    }
    if (std::find(images.begin(), images.end(), *found) == images.end()) images.push_back(*found);
  }
  return images;
}

ImageDetail describe_image(const Settings& settings, const RepositoryRow& repository, const ImageRow& row) {
  ImageDetail detail;
  detail.registry_id = settings.account;
  detail.repository_name = row.repository;
  detail.image_digest = row.digest;
  if (!row.tags.empty()) detail.image_tags = row.tags;
  detail.image_size_in_bytes = row.size_bytes;
  detail.image_pushed_at = row.pushed_at;
  detail.image_manifest_media_type = row.media_type;
  if (!row.artifact_type.empty()) detail.artifact_media_type = row.artifact_type;
  detail.last_recorded_pull_time = row.pulled_at;
  if (repository.scan_on_push) {
    detail.image_scan_status = ImageScanStatus{"UNSUPPORTED_IMAGE", "berth does not scan images"};
  }
  return detail;
}

bool accepts(const std::optional<std::vector<std::string>>& accepted, const std::string& media_type) {
  return !accepted || std::find(accepted->begin(), accepted->end(), media_type) != accepted->end();
}

}  // namespace

Result<ListImagesResponse> list_images(Context& context, const ListImagesRequest& input) {
  const auto repository = find_repository(context, input.repository_name, input.registry_id);
  if (!repository) return repository.error();
  std::vector<ImageIdentifier> ids;
  const std::string status = input.filter ? input.filter->tag_status.value_or("") : "";
  for (const auto* image : images_of(context.store, (*repository)->name, status)) {
    for (auto& id : ids_of(*image)) ids.push_back(std::move(id));
  }
  auto page = services::page_of(
      std::move(ids), input.next_token, input.max_results.value_or(images_per_page),
      [](const ImageIdentifier& id) { return *id.image_digest + " " + id.image_tag.value_or(""); },
      invalid_page_token);
  if (!page) return page.error();
  return ListImagesResponse{page->items, page->next_token};
}

Result<DescribeImagesResponse> describe_images(Context& context, const DescribeImagesRequest& input) {
  const auto repository = find_repository(context, input.repository_name, input.registry_id);
  if (!repository) return repository.error();
  auto images = chosen_images(context, **repository, input);
  if (!images) return images.error();
  auto page = services::page_of(
      std::move(*images), input.next_token, input.max_results.value_or(images_per_page),
      [](const ImageRow* row) { return row->digest; }, invalid_page_token);
  if (!page) return page.error();
  DescribeImagesResponse response;
  response.next_token = page->next_token;
  response.image_details.emplace();
  for (const auto* image : page->items) {
    response.image_details->push_back(describe_image(context.settings, **repository, *image));
  }
  return response;
}

Result<BatchGetImageResponse> batch_get_image(Context& context, const BatchGetImageRequest& input) {
  const auto repository = find_repository(context, input.repository_name, input.registry_id);
  if (!repository) return repository.error();
  BatchGetImageResponse response;
  response.images.emplace();
  response.failures.emplace();
  for (const auto& id : services::list_of(input.image_ids)) {
    const auto found = find_image(context.store, (*repository)->name, id);
    if (!found) {
      response.failures->push_back({id, found.error().code, found.error().message});
    } else if (!accepts(input.accepted_media_types, (*found)->media_type)) {
      response.failures->push_back({id, "ImageNotFound", "Requested image not found"});
    } else {
      response.images->push_back(show_image(context.settings, **found, id.image_tag));
    }
  }
  return response;
}

}  // namespace berth::ecr
