// Registry: the world's container registry, where the layers of images lie. Which images there are and what
// their tags mean is not its matter; it keeps what it is told to keep.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/result.h"

namespace berth::world {

struct RegistryInfo {
  bool running = false;
  std::string problem;  // why it is not, and what to do; else empty
};

// Digests of manifests, by repository.
using RegistryContents = std::map<std::string, std::set<std::string>>;

struct RegistryManifest {
  std::string repository;
  std::string digest;
  std::string media_type;
  std::string text;
};

class Registry {
 public:
  virtual ~Registry() = default;

  // From now on it runs and is kept running.
  virtual void run() = 0;

  // Keeps a manifest, and with it the layers that it names.
  virtual void put(RegistryManifest manifest, std::function<void(Result<>)> done) = 0;

  // Removes every repository and manifest that `kept` does not name, and layers that nothing needs. False: an
  // image is being pushed, so it has to be tried again.
  virtual void collect(RegistryContents kept, std::function<void(Result<bool>)> done) = 0;
};

}  // namespace berth::world
