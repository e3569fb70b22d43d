// ImageFinder: from the image that a task definition names to one that the engine has: in berth's own
// registry, by that name, by the name that the settings give for it, or by a pull; and to the very image that
// a digest stands for, whatever the name stands for by now.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/engine.h"

namespace berth::host {

// What an image of berth's own registry stands for at this moment.
struct RegistryImage {
  std::string name;    // that the engine can pull, by digest
  std::string digest;  // empty: there is no such image
  RegistryLogin login;
};
// nullopt: the image is not of that registry.
using RegistryLookup = std::function<std::optional<RegistryImage>(const std::string& image)>;

struct FoundImage {
  std::string name;  // as the engine knows it
  std::string digest;
};

class ImageFinder {
 public:
  ImageFinder(Engine& engine, std::map<std::string, std::string> names, RegistryLookup registry = {})
      : engine_(engine), names_(std::move(names)), registry_(std::move(registry)) {}

  // The error is CannotPullContainerError in AWS's words.
  void find(const std::string& image, Engine::Done<FoundImage> done);
  void find_digest(const std::string& image, const std::string& digest, Engine::Done<FoundImage> done);

 private:
  // The first of `names` that the engine has; else a pull of `image`.
  void find_first(std::vector<std::string> names, const std::string& image, const std::string& digest,
                  Engine::Done<FoundImage> done);
  std::optional<RegistryImage> look_up(const std::string& image) const;
  void find_in_registry(const RegistryImage& wanted, const std::string& image, int retries_left,
                        Engine::Done<FoundImage> done);
  void pull(const std::string& image, int retries_left, Engine::Done<FoundImage> done);

  Engine& engine_;
  std::map<std::string, std::string> names_;
  RegistryLookup registry_;
};

}  // namespace berth::host
