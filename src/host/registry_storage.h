// RegistryStorage: docker-registry's folder as files: what lies there that nobody needs. It knows how the
// registry lays out its files (version 2 of its layout) and nothing else of it.
#pragma once

#include <string>
#include <vector>

#include "loop/time.h"
#include "world/registry.h"

namespace berth::host {

class RegistryStorage {
 public:
  explicit RegistryStorage(std::string folder) : folder_(std::move(folder)) {}

  // Repositories of which there is a folder.
  std::vector<std::string> repositories() const;
  // Whether an upload is under way, or a layer or manifest has arrived within `quiet`.
  bool is_in_use(RealDuration quiet) const;

  // Whether there was one to remove.
  bool remove_repositories(const world::RegistryContents& kept) const;
  // Whether there are manifests that `kept` does not name.
  bool has_garbage(const world::RegistryContents& kept) const;
  void remove_manifests(const world::RegistryContents& kept) const;
  // After the registry's own collection has removed layers: the links that led to them.
  void remove_dead_links() const;

 private:
  std::string repository_folder(const std::string& name) const;
  std::vector<std::string> unneeded_manifests(const world::RegistryContents& kept) const;

  std::string folder_;
};

}  // namespace berth::host
