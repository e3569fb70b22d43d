// Bytes of the operating system's entropy: for keys, and for the seed of everything else that is random.
#pragma once

#include <cstddef>
#include <string>

namespace berth {

std::string random_bytes(std::size_t count);

}  // namespace berth
