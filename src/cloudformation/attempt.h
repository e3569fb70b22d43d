// One step of the stack engine is one transaction. What the step itself refuses is told apart from a store
// that cannot keep it: the first fails a resource, the second is tried again later.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "base/result.h"
#include "store/store.h"

namespace berth::cloudformation {

struct Attempt {
  std::optional<Error> refused;
  bool stalled = false;  // the store did not take it

  bool done() const { return !refused && !stalled; }
};

// `work` returns a Result<>.
template <class Work>
Attempt attempt(Store& store, Work work) {
  Attempt outcome;
  const auto committed = store.transact([&]() -> Result<> {
    auto result = work();
    if (!result) outcome.refused = result.error();
    return result;
  });
  outcome.stalled = !committed && !outcome.refused;
  return outcome;
}

// What a look at a stack came to.
struct Progress {
  bool stepped = false;
  std::optional<Time> look_again_at;  // apart from changes of the store

  void wait_until(Time when) { look_again_at = look_again_at ? std::min(*look_again_at, when) : when; }
};

}  // namespace berth::cloudformation
