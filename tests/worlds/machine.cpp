#include "machine.h"

#include <fmt/format.h>

#include <cstdio>

namespace berth::worlds {

Callback Machine::for_process(Callback callback) const {
  return [life = process, callback = std::move(callback)] {
    if (life && life->alive) callback();
  };
}

void Machine::trace(const std::string& text) {
  const std::string line = clock() + "  " + text + "\n";
  for (const char c : line) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  if (tracing) std::fputs(line.c_str(), stdout);
}

std::string Machine::clock() const {
  const std::int64_t ms = (loop.now() - began).us / 1000;
  return fmt::format("{}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

}  // namespace berth::worlds
