#include "wire/aws_chunked.h"

#include <gtest/gtest.h>

#include <vector>

namespace berth::wire {
namespace {

struct Heard final : AwsChunkedListener {
  std::string bytes;
  std::vector<std::string> signatures;
  std::string trailers;
  int ended = 0;

  void on_chunk(std::string_view signature) override { signatures.emplace_back(signature); }
  void on_bytes(std::string_view piece) override { bytes += piece; }
  void on_chunk_end() override { ++ended; }
  void on_trailer(std::string_view name, std::string_view value) override {
    trailers += std::string(name) + "=" + std::string(value) + ";";
  }
};

constexpr std::string_view body =
    "5;chunk-signature=aa\r\nhello\r\nA;chunk-signature=bb\r\n, worldly \r\n0;chunk-signature=cc\r\n"
    "X-Amz-Checksum-CRC32:AAAAAA==\r\n\r\n";

TEST(AwsChunked, ReadsChunksAndTrailersHoweverTheyArrive) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, body.size()}) {
    Heard heard;
    AwsChunkedReader reader(heard);
    for (std::size_t at = 0; at < body.size(); at += piece) {
      EXPECT_FALSE(reader.is_complete());
      reader.read(body.substr(at, piece));
    }
    EXPECT_TRUE(reader.is_complete());
    EXPECT_EQ(heard.bytes, "hello, worldly ");
    EXPECT_EQ(heard.signatures, (std::vector<std::string>{"aa", "bb", "cc"}));
    EXPECT_EQ(heard.ended, 3);
    EXPECT_EQ(heard.trailers, "x-amz-checksum-crc32=AAAAAA==;");
  }
}

TEST(AwsChunked, UnsignedChunksHaveNoSignature) {
  Heard heard;
  AwsChunkedReader reader(heard);
  reader.read("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_TRUE(reader.is_complete());
  EXPECT_EQ(heard.signatures, (std::vector<std::string>{"", ""}));
}

TEST(AwsChunked, WhatDoesNotFitIsMalformed) {
  for (const std::string_view text : {"\r\n", "x\r\n", "3;other=1\r\n", "3\r\nabcd\r\n", "0\r\nnocolon\r\n",
                                      "1000000000000000\r\n", "-1\r\n", "0x3\r\nabc\r\n", "0\r\n\r\nmore"}) {
    Heard heard;
    AwsChunkedReader reader(heard);
    reader.read(text);
    EXPECT_TRUE(reader.is_malformed()) << text;
  }
  Heard heard;
  AwsChunkedReader endless(heard);
  endless.read(std::string(5000, '0'));
  EXPECT_TRUE(endless.is_malformed());
}

}  // namespace
}  // namespace berth::wire
