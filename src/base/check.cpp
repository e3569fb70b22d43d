#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace berth {

void fail_check(const char* what, const char* file, int line) {
  std::fprintf(stderr, "berth: broken invariant: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace berth
