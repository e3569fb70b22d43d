#include "base/checksum.h"

#include <openssl/evp.h>

#include <array>
#include <boost/crc.hpp>
#include <variant>

#include "base/check.h"

namespace berth {
namespace {

using Crc32 = boost::crc_optimal<32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;
using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;
using Crc64Nvme = boost::crc_optimal<64, 0xAD93D23594C93659, ~0ull, ~0ull, true, true>;
using Digest = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

// As it divides bytes whose lowest bit comes first.
std::uint64_t reversed_polynomial(ChecksumKind kind) {
  if (kind == ChecksumKind::crc32) return 0xEDB88320;
  if (kind == ChecksumKind::crc32c) return 0x82F63B78;
  return 0x9A6C9329AC4BC9B5;
}

std::size_t width_of(ChecksumKind kind) {
  return kind == ChecksumKind::crc64nvme ? 64 : 32;
}

Digest start_digest(const EVP_MD* algorithm) {
  Digest digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  BERTH_CHECK(digest && EVP_DigestInit_ex(digest.get(), algorithm, nullptr) == 1);
  return digest;
}

std::string bytes_of(std::uint64_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t shift = width; shift > 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> (shift - 8)));
  }
  return bytes;
}

std::uint64_t value_of(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// What a run of zeros makes of a CRC is linear in its bits: a matrix, one column for each.
using Matrix = std::array<std::uint64_t, 64>;

std::uint64_t times(const Matrix& matrix, std::uint64_t vector) {
  std::uint64_t sum = 0;
  for (std::size_t bit = 0; vector != 0; ++bit, vector >>= 1) {
    if (vector & 1) sum ^= matrix[bit];
  }
  return sum;
}

Matrix squared(const Matrix& matrix, std::size_t width) {
  Matrix square{};
  for (std::size_t bit = 0; bit < width; ++bit) square[bit] = times(matrix, matrix[bit]);
  return square;
}

Matrix one_zero_bit(ChecksumKind kind) {
  Matrix matrix{};
  matrix[0] = reversed_polynomial(kind);
  for (std::size_t bit = 1; bit < width_of(kind); ++bit) matrix[bit] = std::uint64_t{1} << (bit - 1);
  return matrix;
}

}  // namespace

struct Checksum::State {
  std::variant<Crc32, Crc32c, Crc64Nvme, Digest> running;

  static std::unique_ptr<State> start(ChecksumKind kind) {
    switch (kind) {
      case ChecksumKind::crc32:
        return std::unique_ptr<State>(new State{Crc32()});
      case ChecksumKind::crc32c:
        return std::unique_ptr<State>(new State{Crc32c()});
      case ChecksumKind::crc64nvme:
        return std::unique_ptr<State>(new State{Crc64Nvme()});
      case ChecksumKind::md5:
        return std::unique_ptr<State>(new State{start_digest(EVP_md5())});
      case ChecksumKind::sha1:
        return std::unique_ptr<State>(new State{start_digest(EVP_sha1())});
      case ChecksumKind::sha256:
        break;
    }
    return std::unique_ptr<State>(new State{start_digest(EVP_sha256())});
  }
};

Checksum::Checksum(ChecksumKind kind) : state_(State::start(kind)) {}
Checksum::~Checksum() = default;
Checksum::Checksum(Checksum&&) noexcept = default;
Checksum& Checksum::operator=(Checksum&&) noexcept = default;

void Checksum::add(std::string_view bytes) {
  if (auto* digest = std::get_if<Digest>(&state_->running)) {
    BERTH_CHECK(EVP_DigestUpdate(digest->get(), bytes.data(), bytes.size()) == 1);
  } else if (auto* crc = std::get_if<Crc32>(&state_->running)) {
    crc->process_bytes(bytes.data(), bytes.size());
  } else if (auto* castagnoli = std::get_if<Crc32c>(&state_->running)) {
    castagnoli->process_bytes(bytes.data(), bytes.size());
  } else {
    std::get<Crc64Nvme>(state_->running).process_bytes(bytes.data(), bytes.size());
  }
}

std::string Checksum::finish() {
  if (const auto* crc = std::get_if<Crc32>(&state_->running)) return bytes_of(crc->checksum(), 32);
  if (const auto* crc = std::get_if<Crc32c>(&state_->running)) return bytes_of(crc->checksum(), 32);
  if (const auto* crc = std::get_if<Crc64Nvme>(&state_->running)) return bytes_of(crc->checksum(), 64);
  std::string bytes(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  BERTH_CHECK(EVP_DigestFinal_ex(std::get<Digest>(state_->running).get(),
                                 reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1);
  bytes.resize(size);
  return bytes;
}

std::optional<ChecksumKind> checksum_kind(std::string_view name) {
  if (name == "MD5") return ChecksumKind::md5;
  if (name == "SHA1") return ChecksumKind::sha1;
  if (name == "SHA256") return ChecksumKind::sha256;
  if (name == "CRC32") return ChecksumKind::crc32;
  if (name == "CRC32C") return ChecksumKind::crc32c;
  if (name == "CRC64NVME") return ChecksumKind::crc64nvme;
  return std::nullopt;
}

bool is_crc(ChecksumKind kind) {
  return kind == ChecksumKind::crc32 || kind == ChecksumKind::crc32c || kind == ChecksumKind::crc64nvme;
}

std::string checksum_of(ChecksumKind kind, std::string_view bytes) {
  Checksum checksum(kind);
  checksum.add(bytes);
  return checksum.finish();
}

std::string combine_crcs(ChecksumKind kind, std::string_view first, std::string_view second,
                         std::uint64_t second_bytes) {
  const std::size_t width = width_of(kind);
  std::uint64_t crc = value_of(first);
  Matrix zeros = one_zero_bit(kind);
  for (int doubling = 0; doubling < 3; ++doubling) zeros = squared(zeros, width);  // a zero byte
  for (; second_bytes != 0; second_bytes >>= 1) {
    if (second_bytes & 1) crc = times(zeros, crc);
    zeros = squared(zeros, width);
  }
  return bytes_of(crc ^ value_of(second), width);
}

}  // namespace berth
