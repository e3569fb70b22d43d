#include "host/build_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/text.h"
#include "host/process.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr RealDuration fetch_time = RealDuration::minutes(30);

Error client_error(const std::string& message) {
  return {"CLIENT_ERROR", message};
}

Error cannot_copy(const std::error_code& error) {
  return client_error("error while copying files: " + error.message());
}

Result<> copy_folder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (error) return cannot_copy(error);
  return {};
}

// "bucket/the/rest", also as an ARN.
struct BucketPath {
  std::string bucket, path;
};

BucketPath bucket_path(std::string_view location) {
  constexpr std::string_view arn = "arn:aws:s3:::";
  if (location.starts_with(arn)) location.remove_prefix(arn.size());
  const auto slash = location.find('/');
  if (slash == std::string_view::npos) return {std::string(location), ""};
  return {std::string(location.substr(0, slash)), std::string(location.substr(slash + 1))};
}

bool climbs(const std::string& path) {
  const auto parts = split(path, '/');
  return std::find(parts.begin(), parts.end(), "..") != parts.end();
}

fs::path folder_of(const BuildLocations& locations, const std::string& bucket) {
  const auto named = locations.buckets.find(bucket);
  return named != locations.buckets.end() ? fs::path(named->second)
                                          : fs::path(locations.other_buckets) / bucket;
}

Result<> unpack(const fs::path& archive, const std::string& folder) {
  if (find_program("unzip").empty()) {
    return client_error("unzip is not installed on this machine (apt install unzip): " + archive.string());
  }
  const auto unpacked = run_checked({"unzip", "-q", archive.string(), "-d", folder}, {.timeout = fetch_time});
  if (!unpacked)
    return client_error("error while unpacking " + archive.string() + ": " + unpacked.error().message);
  return {};
}

Result<> fetch_object(const BuildLocations& locations, const std::string& location,
                      const std::string& folder) {
  const auto [bucket, key] = bucket_path(location);
  std::error_code error;
  const fs::path store = folder_of(locations, bucket);
  if (bucket.empty() || climbs(location) || !fs::is_directory(store, error)) {
    return client_error(
        fmt::format("error while downloading key {}, error: NoSuchBucket: The specified bucket does "
                    "not exist (berth looks in {})",
                    key, store.string()));
  }
  const fs::path object = store / key;
  if (fs::is_directory(object, error)) return copy_folder(object, folder);
  if (!fs::is_regular_file(object, error)) {
    return client_error(
        fmt::format("error while downloading key {}, error: NoSuchKey: The specified key does not "
                    "exist.",
                    key));
  }
  return unpack(object, folder);
}

// The location that the settings give for it, or itself.
std::string place_of(const BuildLocations& locations, const std::string& location) {
  for (const std::string& name : {location, location + ".git"}) {
    if (const auto found = locations.sources.find(name); found != locations.sources.end())
      return found->second;
  }
  constexpr std::string_view end = ".git";
  if (location.ends_with(end)) {
    const auto found = locations.sources.find(location.substr(0, location.size() - end.size()));
    if (found != locations.sources.end()) return found->second;
  }
  return location;
}

bool is_repository(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / ".git", error) ||
         (fs::exists(folder / "HEAD", error) && fs::exists(folder / "objects", error));
}

// Git asks nobody for a password here, and speaks no protocol that runs programs.
Result<std::string> git(std::vector<std::string> arguments) {
  std::vector<std::string> command{"env", "GIT_TERMINAL_PROMPT=0", "git", "-c", "protocol.allow=never"};
  for (const char* protocol : {"file", "http", "https"}) {
    command.insert(command.end(), {"-c", fmt::format("protocol.{}.allow=always", protocol)});
  }
  command.insert(command.end(), {"-c", "safe.directory=*"});
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_checked(command, {.timeout = fetch_time});
}

Error no_such_version(const world::BuildSource& source, const Error& why) {
  return client_error(fmt::format(
      "{} for primary source and source version {}",
      why.message.find("epository") != std::string::npos ? "repository not found" : "reference not found",
      source.version));
}

Result<std::string> clone(const std::string& from, const world::BuildSource& source,
                          const std::string& folder) {
  std::vector<std::string> command{"clone", "--quiet"};
  const bool shallow = source.git_clone_depth > 0 && source.version.empty();
  if (shallow) command.insert(command.end(), {"--depth", std::to_string(source.git_clone_depth)});
  command.insert(command.end(), {"--", from, folder});
  if (auto cloned = git(command); !cloned) return no_such_version(source, cloned.error());
  if (!source.version.empty()) {
    if (source.version.starts_with('-')) return client_error("reference not found: " + source.version);
    if (auto out = git({"-C", folder, "checkout", "--quiet", source.version, "--"}); !out) {
      return no_such_version(source, out.error());
    }
  }
  if (source.git_submodules) {
    auto updated = git({"-C", folder, "submodule", "--quiet", "update", "--init", "--recursive"});
    if (!updated) return client_error(updated.error().message);
  }
  auto commit = git({"-C", folder, "rev-parse", "HEAD"});
  return commit ? std::string(trim(*commit)) : std::string();
}

Result<std::string> fetch_repository(const BuildLocations& locations, const world::BuildSource& source,
                                     const std::string& folder, const std::string& mirror) {
  std::string from = place_of(locations, source.location);
  constexpr std::string_view file = "file://";
  if (from.starts_with(file)) from = from.substr(file.size());
  std::error_code error;
  if (from.starts_with('/')) {
    if (!fs::is_directory(from, error)) {
      return client_error("repository not found for primary source and source version " + source.version +
                          ": " + from);
    }
    if (!is_repository(from)) {
      if (auto copied = copy_folder(from, folder); !copied) return copied.error();
      return std::string();
    }
    if (source.git_clone_depth > 0) from = std::string(file) + from;  // a path alone is copied whole
  } else if (!from.starts_with("http://") && !from.starts_with("https://")) {
    return client_error("berth takes repositories by http://, https://, file:// or a path: " + from);
  }
  if (mirror.empty()) return clone(from, source, folder);
  const auto kept = is_repository(mirror) ? git({"-C", mirror, "remote", "update", "--prune"})
                                          : git({"clone", "--quiet", "--mirror", "--", from, mirror});
  if (!kept) return no_such_version(source, kept.error());
  return clone(mirror, source, folder);
}

bool match_parts(const std::vector<std::string>& pattern, std::size_t at,
                 const std::vector<std::string>& path, std::size_t from) {
  if (at == pattern.size()) return from == path.size();
  if (pattern[at] == "**") {
    for (std::size_t rest = from; rest <= path.size(); ++rest) {
      if (match_parts(pattern, at + 1, path, rest)) return true;
    }
    return false;
  }
  return from < path.size() && matches_wildcard(pattern[at], path[from]) &&
         match_parts(pattern, at + 1, path, from + 1);
}

Result<> copy_one(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (error) return cannot_copy(error);
  fs::remove(to, error);
  fs::copy(from, to, fs::copy_options::overwrite_existing | fs::copy_options::copy_symlinks, error);
  if (error) return cannot_copy(error);
  return {};
}

}  // namespace

Result<std::string> fetch_source(const BuildLocations& locations, const world::BuildSource& source,
                                 const std::string& folder, const std::string& mirror) {
  if (source.type == "NO_SOURCE" || source.type.empty()) return std::string();
  if (source.type != "S3") return fetch_repository(locations, source, folder, mirror);
  if (auto fetched = fetch_object(locations, source.location, folder); !fetched) return fetched.error();
  return std::string();
}

bool names_artifact(const std::string& pattern, const std::string& path) {
  std::string plain = pattern;
  while (plain.starts_with("./")) plain.erase(0, 2);
  return match_parts(split(plain, '/'), 0, split(path, '/'), 0);
}

Result<> store_artifacts(const BuildLocations& locations, const world::BuildArtifacts& artifacts,
                         const std::string& folder) {
  const auto [bucket, path] = bucket_path(artifacts.location);
  if (bucket.empty() || climbs(artifacts.location))
    return client_error("invalid location " + artifacts.location);
  const fs::path target = folder_of(locations, bucket) / path;
  std::error_code error;
  const fs::path top = fs::weakly_canonical(folder, error);
  const fs::path base = fs::weakly_canonical(top / artifacts.base_directory, error);
  const bool inside = base == top || base.string().starts_with(top.string() + "/");
  if (error || !inside || !fs::is_directory(base, error)) {
    return client_error("no matching base directory path found for " + artifacts.base_directory);
  }
  std::size_t copied = 0;
  for (auto at = fs::recursive_directory_iterator(base, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (!at->is_symlink() && at->is_directory()) continue;
    const std::string name = at->path().lexically_relative(base).string();
    const auto& patterns = artifacts.files;
    if (std::none_of(patterns.begin(), patterns.end(),
                     [&](const auto& one) { return names_artifact(one, name); })) {
      continue;
    }
    const fs::path to = target / (artifacts.discards_paths ? at->path().filename() : fs::path(name));
    if (auto stored = copy_one(at->path(), to); !stored) return stored;
    ++copied;
  }
  if (error) return cannot_copy(error);
  if (copied == 0) return client_error("no matching artifact paths found");
  return {};
}

}  // namespace berth::host
