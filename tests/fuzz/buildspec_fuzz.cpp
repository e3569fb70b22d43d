// Arbitrary bytes as a buildspec: it is read, or refused with a reason. Nothing may crash, hang or throw.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "control/buildspec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto spec = berth::control::parse_buildspec(text);
  if (!spec && spec.error().message.empty()) __builtin_trap();
  return 0;
}
