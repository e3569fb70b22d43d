// Hashes and text encodings of bytes (OpenSSL): SHA-256, HMAC, hex, base64, percent-encoding.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

std::string hex(std::string_view bytes);
inline std::string hex(const Sha256& digest) {
  return hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}
inline std::string_view as_bytes(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// RFC 3986: everything but unreserved characters is escaped; `/` too unless `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash = false);
// `plus_is_space`: as in application/x-www-form-urlencoded. Malformed escapes yield nullopt.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Takes the same time whatever the contents.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace berth
