// SHA-256 and HMAC for the busy threads and for signing one call. The application does not link OpenSSL: its
// static libcrypto would make the image several times as large, and the load only has to be hashing, not fast
// hashing.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace learner {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view bytes);
std::string hex(const Digest& digest);
inline std::string_view as_bytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace learner
