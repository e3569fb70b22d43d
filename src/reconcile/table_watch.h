// TableWatch: runs a reconciler's step soon after a commit that concerns it. Many commits in a row become one
// step; a step may also be asked for by hand.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "loop/loop.h"
#include "store/store.h"

namespace berth::reconcile {

class TableWatch {
 public:
  // Whether a commit concerns the reconciler, which may note here what changed.
  using Concerns = std::function<bool(const Changes& changes)>;

  TableWatch(Store& store, Loop& loop, Concerns concerns, Callback step);
  ~TableWatch();
  TableWatch(const TableWatch&) = delete;
  TableWatch& operator=(const TableWatch&) = delete;

  void start();
  // One step soon.
  void wake();

  // What it wraps does nothing once the watch, and with it its owner, is gone.
  template <class Function>
  auto guard(Function function) const {
    return [token = std::weak_ptr<const bool>(alive_), function = std::move(function)](auto&&... arguments) {
      if (!token.expired()) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }

 private:
  Store& store_;
  Loop& loop_;
  Concerns concerns_;
  Callback step_;
  int watch_ = 0;
  bool posted_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

// Every change of these tables.
template <class... Row>
bool any_of(const Changes& changes) {
  return changes.touched<Row...>();
}

}  // namespace berth::reconcile
