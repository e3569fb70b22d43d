#include "host/registry_storage.h"

#include <chrono>
#include <filesystem>

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr const char* repositories_path = "/docker/registry/v2/repositories";
constexpr const char* blobs_path = "/docker/registry/v2/blobs/sha256/";
constexpr const char* parts[] = {"_layers", "_manifests", "_uploads"};
// An upload to which nothing was added for so long has lost its client; the registry itself purges it after a
// week.
constexpr auto upload_life = std::chrono::minutes(10);

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    entries.push_back(entry->path());
  }
  return entries;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool changed_within(const fs::path& path, fs::file_time_type::duration span) {
  std::error_code error;
  const auto changed = fs::last_write_time(path, error);
  return !error && fs::file_time_type::clock::now() - changed < span;
}

void find_repositories(const fs::path& folder, const std::string& name, std::vector<std::string>& found) {
  for (const char* part : parts) {
    if (!is_there(folder / part)) continue;
    found.push_back(name);
    break;
  }
  for (const auto& entry : entries_of(folder)) {
    const std::string part = entry.filename().string();
    if (!part.starts_with('_')) find_repositories(entry, name.empty() ? part : name + "/" + part, found);
  }
}

void remove_tree(const fs::path& path) {
  std::error_code ignored;  // what stays is found again by the next collection
  fs::remove_all(path, ignored);
}

}  // namespace

std::string RegistryStorage::repository_folder(const std::string& name) const {
  return folder_ + repositories_path + "/" + name;
}

std::vector<std::string> RegistryStorage::repositories() const {
  std::vector<std::string> found;
  find_repositories(folder_ + repositories_path, "", found);
  return found;
}

bool RegistryStorage::is_in_use(RealDuration quiet) const {
  const auto span = std::chrono::microseconds(quiet.us);
  for (const auto& name : repositories()) {
    const fs::path folder = repository_folder(name);
    for (const auto& upload : entries_of(folder / "_uploads")) {
      if (changed_within(upload, upload_life) || changed_within(upload / "data", upload_life)) return true;
    }
    for (const char* part : {"_uploads", "_layers/sha256", "_manifests/revisions/sha256"}) {
      if (changed_within(folder / part, span)) return true;
    }
  }
  return false;
}

// Their layers stay until the next collection. A repository may lie in the folder of another ("team" and
// "team/app").
bool RegistryStorage::remove_repositories(const world::RegistryContents& kept) const {
  bool removed = false;
  for (const auto& name : repositories()) {
    if (kept.contains(name)) continue;
    removed = true;
    for (const char* part : parts) remove_tree(repository_folder(name) + "/" + part);
    std::error_code not_empty;
    fs::remove(repository_folder(name), not_empty);
  }
  return removed;
}

std::vector<std::string> RegistryStorage::unneeded_manifests(const world::RegistryContents& kept) const {
  std::vector<std::string> found;
  for (const auto& name : repositories()) {
    const auto known = kept.find(name);
    for (const auto& entry : entries_of(repository_folder(name) + "/_manifests/revisions/sha256")) {
      const std::string digest = "sha256:" + entry.filename().string();
      if (known == kept.end() || !known->second.contains(digest)) found.push_back(entry.string());
    }
  }
  return found;
}

bool RegistryStorage::has_garbage(const world::RegistryContents& kept) const {
  return !unneeded_manifests(kept).empty();
}

void RegistryStorage::remove_manifests(const world::RegistryContents& kept) const {
  for (const auto& path : unneeded_manifests(kept)) remove_tree(path);
}

void RegistryStorage::remove_dead_links() const {
  for (const auto& name : repositories()) {
    for (const auto& link : entries_of(repository_folder(name) + "/_layers/sha256")) {
      const std::string digest = link.filename().string();
      if (!is_there(folder_ + blobs_path + digest.substr(0, 2) + "/" + digest)) remove_tree(link);
    }
  }
  for (const auto& prefix : entries_of(folder_ + blobs_path)) {
    for (const auto& blob : entries_of(prefix)) {
      std::error_code not_empty;
      fs::remove(blob, not_empty);
    }
  }
}

}  // namespace berth::host
