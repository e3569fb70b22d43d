// Alive: a member of an object whose callbacks wait in the loop, in timers and in offloaded work. What
// guard() wraps does nothing once the object is gone. It belongs to the loop's thread, as the objects do.
#pragma once

#include <memory>
#include <utility>

namespace berth::host {

class Alive {
 public:
  Alive() = default;
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

  template <class Function>
  auto guard(Function function) const {
    return [token = std::weak_ptr<const bool>(token_),
            function = std::move(function)](auto&&... arguments) mutable {
      if (!token.expired()) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }

 private:
  std::shared_ptr<const bool> token_ = std::make_shared<const bool>(true);
};

}  // namespace berth::host
