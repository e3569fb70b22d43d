// TableWatch: runs a reconciler's step soon after a commit that changed one of its tables. Many commits in a
// row become one step; a step may also be asked for by hand.
#pragma once

#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "loop/loop.h"
#include "store/store.h"

namespace berth::reconcile {

class TableWatch {
 public:
  TableWatch(Store& store, Loop& loop, std::set<std::string_view> tables, Callback step);
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
  std::set<std::string_view> tables_;
  Callback step_;
  int watch_ = 0;
  bool posted_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace berth::reconcile
