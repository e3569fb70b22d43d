#include "services/ecr/rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::ecr {

std::string ImageRow::key_of(std::string_view repository, std::string_view digest) {
  return fmt::format("{}@{}", repository, digest);
}

void add_tables(Store& store) {
  store.add<RepositoryRow>();
  store.add<ImageRow>();
  store.add<LifecyclePreviewRow>();
  store.add<RegistryUseRow>();
}

std::string registry_host(const Settings& settings) {
  return fmt::format("{}.dkr.ecr.{}.amazonaws.com", settings.account, settings.region);
}

std::optional<RepositoryImage> parse_image_name(const Settings& settings, std::string_view image) {
  const std::string prefix = registry_host(settings) + "/";
  if (!image.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = image.substr(prefix.size());
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    const std::string_view name = rest.substr(0, at);
    return RepositoryImage{std::string(name.substr(0, name.find(':'))), std::string(rest.substr(at + 1))};
  }
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos) return RepositoryImage{std::string(rest), "latest"};
  return RepositoryImage{std::string(rest.substr(0, colon)), std::string(rest.substr(colon + 1))};
}

const ImageRow* find_tagged(const Store& store, std::string_view repository, std::string_view tag) {
  for (const auto* entry : store.rows_of<ImageRow>(repository)) {
    const auto& tags = entry->second.tags;
    if (std::find(tags.begin(), tags.end(), tag) != tags.end()) return &entry->second;
  }
  return nullptr;
}

const ImageRow* find_image(const Store& store, std::string_view repository, std::string_view reference) {
  if (reference.find(':') == std::string_view::npos) return find_tagged(store, repository, reference);
  return store.find<ImageRow>(ImageRow::key_of(repository, reference));
}

}  // namespace berth::ecr
