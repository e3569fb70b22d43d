#include "base/checksum.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace berth {
namespace {

std::string hex_of(const char* name, std::string_view bytes) {
  return hex(checksum_of(*checksum_kind(name), bytes));
}

TEST(Checksum, IsTheOneThatOthersCompute) {
  EXPECT_EQ(hex_of("CRC32", "123456789"), "cbf43926");
  EXPECT_EQ(hex_of("CRC32C", "123456789"), "e3069283");
  EXPECT_EQ(hex_of("CRC64NVME", "123456789"), "ae8b14860a799888");
  EXPECT_EQ(hex_of("MD5", ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_of("SHA1", "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_of("SHA256", ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(checksum_kind("XXHASH64"), std::nullopt);
}

TEST(Checksum, OfPiecesIsThatOfTheWhole) {
  const std::string whole = "The quick brown fox jumps over the lazy dog";
  for (const char* name : {"CRC32", "CRC32C", "CRC64NVME"}) {
    const auto kind = *checksum_kind(name);
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{17}, whole.size()}) {
      const std::string first = whole.substr(0, at), second = whole.substr(at);
      EXPECT_EQ(combine_crcs(kind, checksum_of(kind, first), checksum_of(kind, second), second.size()),
                checksum_of(kind, whole))
          << name << " at " << at;
    }
  }
}

}  // namespace
}  // namespace berth
