// The checksums that S3 knows, over bytes that come piece by piece (OpenSSL, Boost.CRC).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

enum class ChecksumKind { md5, sha1, sha256, crc32, crc32c, crc64nvme };

// "CRC32" and so on, as S3 names them; nullopt for others.
std::optional<ChecksumKind> checksum_kind(std::string_view name);
bool is_crc(ChecksumKind kind);

class Checksum {
 public:
  explicit Checksum(ChecksumKind kind);
  ~Checksum();
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;

  void add(std::string_view bytes);
  // The digest's bytes, of a CRC the highest first. Nothing is added afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string checksum_of(ChecksumKind kind, std::string_view bytes);

// The CRC of two pieces one behind the other, from the CRCs of both and the second's size.
std::string combine_crcs(ChecksumKind kind, std::string_view first, std::string_view second,
                         std::uint64_t second_bytes);

}  // namespace berth
