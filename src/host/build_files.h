// The files of a build: its source, fetched from a folder, a repository or what stands in for S3, and its
// artifacts, copied to where they belong. Blocking; meant for Loop::offload.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "world/build_runner.h"

namespace berth::host {

// Where the outside world's things are on this machine.
struct BuildLocations {
  std::map<std::string, std::string> sources;  // URL of a repository -> folder or URL that is asked instead
  std::map<std::string, std::string> buckets;  // bucket -> folder
  std::string other_buckets;                   // folder for those that are not named
};

// Fills `folder`, which is there and empty. Yields what the version came to: a commit, or empty. `mirror`
// (may be empty) keeps a repository for the next time. Errors are AWS's.
Result<std::string> fetch_source(const BuildLocations& locations, const world::BuildSource& source,
                                 const std::string& folder, const std::string& mirror);

// Copies what the patterns name out of `folder`.
Result<> store_artifacts(const BuildLocations& locations, const world::BuildArtifacts& artifacts,
                         const std::string& folder);

// Whether a pattern of artifacts, such as "**/*" or "out/*.txt", names the path.
bool names_artifact(const std::string& pattern, const std::string& path);

}  // namespace berth::host
