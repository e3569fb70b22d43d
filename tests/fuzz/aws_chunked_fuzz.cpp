// Arbitrary bytes as an aws-chunked body. They must be read in the same way however they arrive.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/aws_chunked.h"

namespace {

using namespace berth::wire;

struct Heard final : AwsChunkedListener {
  std::string bytes, signatures, trailers;
  int chunks = 0, ended = 0;

  void on_chunk(std::string_view signature) override {
    ++chunks;
    signatures += std::string(signature) + ";";
  }
  void on_bytes(std::string_view piece) override { bytes += piece; }
  void on_chunk_end() override { ++ended; }
  void on_trailer(std::string_view name, std::string_view value) override {
    trailers += std::string(name) + ":" + std::string(value) + ";";
  }

  bool operator==(const Heard& other) const {
    return bytes == other.bytes && signatures == other.signatures && trailers == other.trailers &&
           chunks == other.chunks && ended == other.ended;
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] % 16 + 1u;
  Heard whole, pieces;
  AwsChunkedReader at_once(whole), in_pieces(pieces);
  at_once.read(text);
  for (std::size_t at = 0; at < text.size(); at += piece) in_pieces.read(text.substr(at, piece));
  require(at_once.is_malformed() == in_pieces.is_malformed());
  require(at_once.is_complete() == in_pieces.is_complete());
  require(whole == pieces);
  require(whole.bytes.size() <= text.size());
  if (at_once.is_complete()) require(whole.chunks == whole.ended);
  return 0;
}
