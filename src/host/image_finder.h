// ImageFinder: from the image that a task definition names to one that the engine has: by that name, by the
// name that the settings give for it, or by a pull; and to the very image that a digest stands for, whatever
// the name stands for by now.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/engine.h"

namespace berth::host {

struct FoundImage {
  std::string name;  // as the engine knows it
  std::string digest;
};

class ImageFinder {
 public:
  ImageFinder(Engine& engine, std::map<std::string, std::string> names)
      : engine_(engine), names_(std::move(names)) {}

  // The error is CannotPullContainerError in AWS's words.
  void find(const std::string& image, Engine::Done<FoundImage> done);
  void find_digest(const std::string& image, const std::string& digest, Engine::Done<FoundImage> done);

 private:
  // The first of `names` that the engine has; else a pull of `image`.
  void find_first(std::vector<std::string> names, const std::string& image, const std::string& digest,
                  Engine::Done<FoundImage> done);
  void pull(const std::string& image, int retries_left, Engine::Done<FoundImage> done);

  Engine& engine_;
  std::map<std::string, std::string> names_;
};

}  // namespace berth::host
