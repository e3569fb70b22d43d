#include "host/image_finder.h"

namespace berth::host {

void ImageFinder::find(const std::string& image, Engine::Done<FoundImage> done) {
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

void ImageFinder::pull(const std::string& image, int retries_left, Engine::Done<FoundImage> done) {
  engine_.pull(image, [this, image, retries_left, done = std::move(done)](Result<> pulled) {
    if (!pulled && retries_left > 0) return pull(image, retries_left - 1, done);
    if (!pulled) {
      return done(Error{"CannotPullContainerError",
                        "pull image manifest has been retried 1 time(s): failed to resolve "
                        "ref " +
                            full_image_name(image) + ": " + pulled.error().message});
    }
    engine_.image(image, [image, done](Result<EngineImage> found) {
      if (!found) return done(Error{"CannotPullContainerError", found.error().message});
      done(FoundImage{image, found->digest});
    });
  });
}

}  // namespace berth::host
