#include "wire/aws_chunked.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace berth::wire {
namespace {

constexpr std::size_t chunk_line_bytes_max = 4096;
constexpr std::size_t size_digits_max = 15;

}  // namespace

void AwsChunkedReader::read(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::malformed) {
    if (state_ == State::complete) {
      state_ = State::malformed;
    } else if (state_ == State::bytes) {
      read_bytes(bytes);
    } else if (take_line(bytes)) {
      on_line();
      line_.clear();
    }
  }
}

void AwsChunkedReader::read_bytes(std::string_view& bytes) {
  const auto piece = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
  listener_.on_bytes(piece);
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
  if (left_ == 0) state_ = State::bytes_end;
}

// True when line_ is a whole line, without its end.
bool AwsChunkedReader::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  const auto part = bytes.substr(0, end);
  if (line_.size() + part.size() > chunk_line_bytes_max) {
    state_ = State::malformed;
    return false;
  }
  line_ += part;
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (end == std::string_view::npos) return false;
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

void AwsChunkedReader::on_line() {
  if (state_ == State::size) return on_size();
  if (state_ == State::trailer) return on_trailer_line();
  if (!line_.empty()) {  // behind a chunk's bytes
    state_ = State::malformed;
    return;
  }
  listener_.on_chunk_end();
  state_ = State::size;
}

// `400;chunk-signature=...`, in hexadecimal.
void AwsChunkedReader::on_size() {
  const std::string_view line = line_;
  const auto digits = line.substr(0, line.find(';'));
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  if (!whole || digits.size() > size_digits_max) {
    state_ = State::malformed;
    return;
  }
  constexpr std::string_view name = ";chunk-signature=";
  const auto rest = line.substr(digits.size());
  if (!rest.empty() && !rest.starts_with(name)) {
    state_ = State::malformed;
    return;
  }
  listener_.on_chunk(rest.empty() ? rest : trim(rest.substr(name.size())));
  state_ = left_ > 0 ? State::bytes : State::trailer;
  if (left_ == 0) listener_.on_chunk_end();
}

void AwsChunkedReader::on_trailer_line() {
  if (line_.empty()) {
    state_ = State::complete;
    return;
  }
  const auto colon = line_.find(':');
  if (colon == std::string::npos) {
    state_ = State::malformed;
    return;
  }
  listener_.on_trailer(lower(trim(std::string_view(line_).substr(0, colon))),
                       trim(std::string_view(line_).substr(colon + 1)));
}

}  // namespace berth::wire
