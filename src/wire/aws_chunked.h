// The content encoding aws-chunked, as SDKs send bodies whose checksum they know only at the end: pieces with
// their sizes, signed or not, then trailers. It reads the form alone; signatures are its listener's to judge.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace berth::wire {

class AwsChunkedListener {
 public:
  virtual ~AwsChunkedListener() = default;
  virtual void on_chunk(std::string_view signature) = 0;  // empty: unsigned
  virtual void on_bytes(std::string_view bytes) = 0;
  virtual void on_chunk_end() = 0;  // of the last one too, which has no bytes
  virtual void on_trailer(std::string_view lower_case_name, std::string_view value) = 0;
};

class AwsChunkedReader {
 public:
  explicit AwsChunkedReader(AwsChunkedListener& listener) : listener_(listener) {}

  // Reads on; after the first thing that does not fit the form it only throws away.
  void read(std::string_view bytes);
  bool is_malformed() const { return state_ == State::malformed; }
  // Whether the last chunk and its trailers have been read, and nothing behind them.
  bool is_complete() const { return state_ == State::complete; }

 private:
  enum class State { size, bytes, bytes_end, trailer, complete, malformed };

  bool take_line(std::string_view& bytes);
  void read_bytes(std::string_view& bytes);
  void on_line();
  void on_size();
  void on_trailer_line();

  AwsChunkedListener& listener_;
  State state_ = State::size;
  std::string line_;
  std::uint64_t left_ = 0;  // of the chunk
};

}  // namespace berth::wire
