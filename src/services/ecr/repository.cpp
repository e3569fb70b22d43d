#include "services/ecr/repository.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "services/ecr/errors.h"

namespace berth::ecr {
namespace {

constexpr std::size_t name_characters_min = 2;
constexpr std::size_t name_characters_max = 256;
constexpr const char* name_form =
    "must satisfy regular expression "
    "'(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'";

bool is_word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

bool is_excluded(const RepositoryRow& repository, std::string_view tag) {
  const auto& filters = repository.mutability_exclusions;
  return std::any_of(filters.begin(), filters.end(), [&](const ImageTagMutabilityExclusionFilter& filter) {
    return matches_wildcard(filter.filter.value_or(""), tag);
  });
}

void take_tag(Store& store, std::string_view repository, std::string_view tag) {
  const ImageRow* holder = find_tagged(store, repository, tag);
  if (!holder) return;
  auto& tags = store.edit<ImageRow>(holder->key())->tags;
  std::erase(tags, tag);
}

// AWS gives for a list the size of its largest image.
std::int64_t size_of(const Store& store, std::string_view repository, const Manifest& manifest) {
  std::int64_t largest = manifest.size_bytes();
  for (const auto& child : manifest.children) {
    const auto* image = store.find<ImageRow>(ImageRow::key_of(repository, child));
    if (image) largest = std::max(largest, image->size_bytes);
  }
  return largest;
}

}  // namespace

Result<> check_repository_name(const std::string& name) {
  if (name.size() < name_characters_min) {
    return invalid_parameter("repositoryName", "must have length greater than or equal to 2");
  }
  if (name.size() > name_characters_max) {
    return invalid_parameter("repositoryName", "must have length less than or equal to 256");
  }
  bool after_word = false;
  for (const char c : name) {
    const bool word = is_word_character(c);
    const bool separator = c == '.' || c == '_' || c == '-' || c == '/';
    if (!word && !(separator && after_word)) return invalid_parameter("repositoryName", name_form);
    after_word = word;
  }
  if (!after_word) return invalid_parameter("repositoryName", name_form);
  return {};
}

Result<const RepositoryRow*> find_repository(const Context& context, const std::optional<std::string>& name,
                                             const std::optional<std::string>& registry) {
  if (auto checked = check_repository_name(name.value_or("")); !checked) return checked.error();
  const std::string& account = context.settings.account;
  const auto* row = context.store.find<RepositoryRow>(*name);
  if (!row || registry.value_or(account) != account) {
    return repository_not_found(*name, registry.value_or(account));
  }
  return row;
}

Result<RepositoryRow*> edit_repository(Context& context, const std::optional<std::string>& name,
                                       const std::optional<std::string>& registry) {
  const auto found = find_repository(context, name, registry);
  if (!found) return found.error();
  return context.store.edit<RepositoryRow>((*found)->name);
}

std::string repository_arn(const Settings& settings, std::string_view name) {
  return settings.arn("ecr", fmt::format("repository/{}", name));
}

std::string repository_uri(const Settings& settings, std::string_view name) {
  return fmt::format("{}/{}", registry_host(settings), name);
}

bool is_immutable(const RepositoryRow& repository, std::string_view tag) {
  if (repository.tag_mutability == "IMMUTABLE") return true;
  if (repository.tag_mutability == "IMMUTABLE_WITH_EXCLUSION") return !is_excluded(repository, tag);
  if (repository.tag_mutability == "MUTABLE_WITH_EXCLUSION") return is_excluded(repository, tag);
  return false;
}

Result<> check_tag_move(const Store& store, const RepositoryRow& repository, std::string_view tag,
                        std::string_view digest) {
  const ImageRow* holder = find_tagged(store, repository.name, tag);
  if (!holder || holder->digest == digest || !is_immutable(repository, tag)) return {};
  return tag_is_immutable(tag, repository.name);
}

void store_image(Store& store, const RepositoryRow& repository, const Manifest& manifest,
                 std::string_view text, std::string_view tag, bool in_registry, Time now) {
  const std::string key = ImageRow::key_of(repository.name, manifest.digest);
  if (!store.find<ImageRow>(key)) {
    ImageRow row;
    row.repository = repository.name;
    row.digest = manifest.digest;
    row.media_type = manifest.media_type;
    row.artifact_type = manifest.artifact_type;
    row.manifest = text;
    row.size_bytes = size_of(store, repository.name, manifest);
    row.pushed_at = now;
    store.put(row);
  }
  auto* image = store.edit<ImageRow>(key);
  image->in_registry = image->in_registry || in_registry;
  if (tag.empty() || std::find(image->tags.begin(), image->tags.end(), tag) != image->tags.end()) return;
  take_tag(store, repository.name, tag);
  image->tags.emplace_back(tag);
}

std::vector<std::string> lists_of(const Store& store, const ImageRow& image) {
  std::vector<std::string> lists;
  for (const auto* entry : store.rows_of<ImageRow>(image.repository)) {
    if (!is_list_type(entry->second.media_type)) continue;
    const auto manifest = read_manifest(entry->second.manifest, entry->second.media_type);
    if (!manifest) continue;
    const auto& children = manifest->children;
    if (std::find(children.begin(), children.end(), image.digest) != children.end()) {
      lists.push_back(entry->second.digest);
    }
  }
  return lists;
}

}  // namespace berth::ecr
