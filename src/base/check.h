// CHECK(condition): an invariant of our own code. It stays on in release builds and aborts with a message; it
// never judges input from outside.
#pragma once

namespace berth {

[[noreturn]] void fail_check(const char* what, const char* file, int line);

}  // namespace berth

#define BERTH_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::berth::fail_check(#condition, __FILE__, __LINE__))
