#include "host/image_finder.h"

namespace berth::host {
namespace {

// "localhost/app:latest" -> "localhost/app@sha256:..."
std::string by_digest(std::string image, const std::string& digest) {
  image = image.substr(0, image.find('@'));
  const auto colon = image.rfind(':');
  if (colon != std::string::npos && image.find('/', colon) == std::string::npos) image.resize(colon);
  return image + "@" + digest;
}

Error cannot_pull(const std::string& image, const std::string& why) {
  return {"CannotPullContainerError",
          "pull image manifest has been retried 1 time(s): failed to resolve ref " + full_image_name(image) +
              ": " + why};
}

}  // namespace

std::optional<RegistryImage> ImageFinder::look_up(const std::string& image) const {
  return registry_ ? registry_(image) : std::nullopt;
}

// What berth's registry has is asked for there each time, as AWS does: the engine may have what the tag meant
// before.
void ImageFinder::find(const std::string& image, Engine::Done<FoundImage> done) {
  const auto wanted = look_up(image);
  if (wanted && !wanted->digest.empty()) return find_in_registry(*wanted, image, 1, std::move(done));
  engine_.image(image, [this, image, done = std::move(done)](Result<EngineImage> found) {
    if (found) return done(FoundImage{image, found->digest});
    if (found.error().code == engine_refused) {  // no name of an image at all
      return done(Error{"CannotPullContainerError", found.error().message});
    }
    if (found.error().code != engine_not_found) return done(found.error());
    const auto other = names_.find(image);
    if (other == names_.end()) return pull(image, 1, done);
    engine_.image(other->second, [this, image, name = other->second, done](Result<EngineImage> local) {
      if (local) return done(FoundImage{name, local->digest});
      pull(image, 1, done);
    });
  });
}

// An image that was built here and never pushed may be known to the engine by its id alone.
void ImageFinder::find_digest(const std::string& image, const std::string& digest,
                              Engine::Done<FoundImage> done) {
  const auto wanted = look_up(by_digest(image, digest));
  if (wanted && !wanted->digest.empty()) return find_in_registry(*wanted, image, 1, std::move(done));
  std::vector<std::string> names{by_digest(image, digest)};
  if (const auto other = names_.find(image); other != names_.end()) {
    names.push_back(by_digest(other->second, digest));
  }
  names.push_back(digest);
  const std::string image_name = names.front();
  find_first(std::move(names), image_name, digest, std::move(done));
}

void ImageFinder::find_first(std::vector<std::string> names, const std::string& image,
                             const std::string& digest, Engine::Done<FoundImage> done) {
  if (names.empty()) return pull(image, 1, std::move(done));
  const std::string name = names.front();
  names.erase(names.begin());
  engine_.image(name, [this, names = std::move(names), image, digest,
                       done = std::move(done)](Result<EngineImage> found) {
    if (found) return done(FoundImage{found->id, digest});
    if (found.error().code != engine_not_found && found.error().code != engine_refused) {
      return done(found.error());
    }
    find_first(names, image, digest, done);
  });
}

void ImageFinder::find_in_registry(const RegistryImage& wanted, const std::string& image, int retries_left,
                                   Engine::Done<FoundImage> done) {
  engine_.image(wanted.name, [this, wanted, image, retries_left,
                              done = std::move(done)](Result<EngineImage> found) {
    if (found) return done(FoundImage{wanted.name, wanted.digest});
    if (found.error().code != engine_not_found) return done(found.error());
    if (retries_left == 0) return done(cannot_pull(image, found.error().message));
    engine_.pull_here(wanted.name, wanted.login, [this, wanted, image, retries_left, done](Result<> pulled) {
      if (!pulled) return done(cannot_pull(image, pulled.error().message));
      find_in_registry(wanted, image, retries_left - 1, done);
    });
  });
}

void ImageFinder::pull(const std::string& image, int retries_left, Engine::Done<FoundImage> done) {
  if (look_up(image)) return done(cannot_pull(image, full_image_name(image) + ": not found"));
  engine_.pull(image, [this, image, retries_left, done = std::move(done)](Result<> pulled) {
    if (!pulled && retries_left > 0) return pull(image, retries_left - 1, done);
    if (!pulled) {
      return done(cannot_pull(image, pulled.error().message));
    }
    engine_.image(image, [image, done](Result<EngineImage> found) {
      if (!found) return done(Error{"CannotPullContainerError", found.error().message});
      done(FoundImage{image, found->digest});
    });
  });
}

}  // namespace berth::host
