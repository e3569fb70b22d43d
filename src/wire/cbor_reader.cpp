#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/limits.h"
#include "base/text.h"
#include "wire/cbor.h"
#include "wire/cbor_format.h"

namespace berth::wire {
namespace {

using cbor::Major;
using model::Kind;
using model::Member;
using model::Shape;

struct Head {
  Major major = Major::simple;
  std::uint8_t info = 0;  // the argument as the first byte has it: a small value or a size
  std::uint64_t argument = 0;

  bool is_indefinite() const { return info == cbor::indefinite; }
  bool is_null() const {
    return major == Major::simple && (info == cbor::simple_null || info == cbor::simple_undefined);
  }
  bool is_float() const {
    return major == Major::simple && info >= cbor::half_float && info <= cbor::double_float;
  }
};

double from_half(std::uint64_t bits) {
  const int exponent = static_cast<int>((bits >> 10) & 31);
  const auto fraction = static_cast<double>(bits & 0x3ff);
  double value = exponent == 0    ? std::ldexp(fraction, -24)
                 : exponent != 31 ? std::ldexp(fraction + 1024, exponent - 25)
                 : fraction == 0  ? HUGE_VAL
                                  : std::nan("");
  return (bits & 0x8000) ? -value : value;
}

double float_of(const Head& head) {
  if (head.info == cbor::half_float) return from_half(head.argument);
  if (head.info == cbor::single_float) return std::bit_cast<float>(static_cast<std::uint32_t>(head.argument));
  return std::bit_cast<double>(head.argument);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  Result<> read_all(const Shape& shape, void* object) {
    if (auto read = read_item(shape, object); !read) return read;
    if (at_ != bytes_.size()) return malformed("bytes follow the item");
    return {};
  }

 private:
  Result<> read_item(const Shape& shape, void* object) {
    auto head = read_head();
    if (!head) return head.error();
    if (depth_ >= limits::wire_depth_max) return malformed("nested too deeply");
    ++depth_;
    auto read = read_kind(shape, *head, object);
    --depth_;
    return read;
  }

  Result<> read_kind(const Shape& shape, const Head& head, void* object) {
    switch (shape.kind) {
      case Kind::boolean:
        return read_boolean(head, *static_cast<bool*>(object));
      case Kind::integer:
        return read_integer(head, *static_cast<std::int64_t*>(object));
      case Kind::number:
        return read_number(head, *static_cast<double*>(object));
      case Kind::string:
        return read_text(head, *static_cast<std::string*>(object));
      case Kind::blob:
        return read_string(head, Major::bytes, *static_cast<std::string*>(object));
      case Kind::timestamp:
        return read_time(head, *static_cast<Time*>(object));
      case Kind::list:
        return read_list(shape, head, object);
      case Kind::map:
        return read_map(shape, head, object);
      case Kind::structure:
        return read_structure(shape, head, object);
      case Kind::document:
        return mismatch("a document, which CBOR cannot carry");
    }
    return mismatch("a known kind");
  }

  Result<Head> read_head() {
    if (at_ >= bytes_.size()) return malformed("it ends too early");
    const auto first = static_cast<std::uint8_t>(bytes_[at_++]);
    Head head{static_cast<Major>(first >> 5), static_cast<std::uint8_t>(first & 31), 0};
    if (head.info < 24) {
      head.argument = head.info;
      return head;
    }
    if (head.info == cbor::indefinite) {
      const bool can_be = head.major >= Major::bytes && head.major <= Major::map;
      if (!can_be) return malformed("an unexpected break or indefinite length");
      return head;
    }
    if (head.info > 27) return malformed("a reserved argument");
    const std::size_t size = std::size_t{1} << (head.info - 24);
    if (bytes_.size() - at_ < size) return malformed("it ends too early");
    for (std::size_t i = 0; i < size; ++i) {
      head.argument = (head.argument << 8) | static_cast<std::uint8_t>(bytes_[at_++]);
    }
    return head;
  }

  bool take_break() {
    if (at_ >= bytes_.size() || static_cast<std::uint8_t>(bytes_[at_]) != cbor::break_byte) return false;
    ++at_;
    return true;
  }

  // Calls `read_entry` for each element or entry of a list or map.
  template <class ReadEntry>
  Result<> each(const Head& head, ReadEntry read_entry) {
    for (std::uint64_t i = 0; head.is_indefinite() ? !take_break() : i < head.argument; ++i) {
      if (auto read = read_entry(i); !read) return read;
    }
    return {};
  }

  Result<> read_boolean(const Head& head, bool& out) const {
    if (head.major != Major::simple || (head.info != cbor::simple_true && head.info != cbor::simple_false)) {
      return mismatch("a Boolean");
    }
    out = head.info == cbor::simple_true;
    return {};
  }

  Result<> read_integer(const Head& head, std::int64_t& out) const {
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const bool is_integer = head.major == Major::unsigned_ || head.major == Major::negative;
    if (is_integer && head.argument <= max) {
      const auto magnitude = static_cast<std::int64_t>(head.argument);
      out = head.major == Major::unsigned_ ? magnitude : -1 - magnitude;
      return {};
    }
    constexpr double exact_max = 9007199254740992.0;  // 2^53
    if (!head.is_float()) return mismatch("an integer");
    const double value = float_of(head);
    if (!(std::abs(value) <= exact_max) || value != std::floor(value)) return mismatch("an integer");
    out = static_cast<std::int64_t>(value);
    return {};
  }

  Result<> read_number(const Head& head, double& out) const {
    if (head.is_float()) {
      out = float_of(head);
    } else if (head.major == Major::unsigned_) {
      out = static_cast<double>(head.argument);
    } else if (head.major == Major::negative) {
      out = -1 - static_cast<double>(head.argument);
    } else {
      return mismatch("a number");
    }
    return {};
  }

  Result<> read_time(const Head& head, Time& out) {
    constexpr double year_9999_s = 253402300799;
    if (head.major != Major::tag || head.argument != cbor::tag_epoch_time) return mismatch("a timestamp");
    auto inner = read_head();
    if (!inner) return inner.error();
    double seconds = 0;
    if (!read_number(*inner, seconds) || !(std::abs(seconds) <= year_9999_s)) return mismatch("a timestamp");
    out = from_unix_ms(std::llround(seconds * 1000));
    return {};
  }

  Result<> read_text(const Head& head, std::string& out) {
    if (auto read = read_string(head, Major::text, out); !read) return read;
    if (!is_utf8(out)) return mismatch("UTF-8 text");
    return {};
  }

  Result<> read_string(const Head& head, Major major, std::string& out) {
    if (head.major != major) return mismatch(major == Major::text ? "a String" : "a Blob");
    if (!head.is_indefinite()) return take_bytes(head.argument, out);
    while (!take_break()) {
      auto chunk = read_head();
      if (!chunk) return chunk.error();
      if (chunk->major != major || chunk->is_indefinite()) return malformed("a chunk of another kind");
      if (auto taken = take_bytes(chunk->argument, out); !taken) return taken;
    }
    return {};
  }

  Result<> take_bytes(std::uint64_t size, std::string& out) {
    if (size > bytes_.size() - at_) return malformed("it ends too early");
    out.append(bytes_, at_, size);
    at_ += size;
    return {};
  }

  Result<> read_list(const Shape& shape, const Head& head, void* list) {
    if (head.major != Major::array) return mismatch("a list");
    return each(head, [&](std::uint64_t index) -> Result<> {
      const std::size_t outer = path_.size();
      fmt::format_to(std::back_inserter(path_), "[{}]", index);
      if (auto read = read_item(*shape.element, shape.list->append(list)); !read) return read;
      path_.resize(outer);
      return {};
    });
  }

  Result<> read_map(const Shape& shape, const Head& head, void* map) {
    if (head.major != Major::map) return mismatch("a map");
    return each(head, [&](std::uint64_t) -> Result<> {
      std::string key;
      if (auto read = read_key(key); !read) return read;
      const std::size_t outer = enter(key);
      if (auto read = read_item(*shape.element, shape.map->insert(map, key)); !read) return read;
      path_.resize(outer);
      return {};
    });
  }

  Result<> read_structure(const Shape& shape, const Head& head, void* object) {
    if (head.major != Major::map) return mismatch("a structure");
    if (++structures_ > limits::wire_structures_max) return malformed("too many structures");
    return each(head, [&](std::uint64_t) -> Result<> {
      std::string key;
      if (auto read = read_key(key); !read) return read;
      return read_member(shape, key, object);
    });
  }

  Result<> read_member(const Shape& shape, std::string_view name, void* object) {
    const Member* member = nullptr;
    for (const Member& candidate : shape.members) {
      if (name == candidate.name) member = &candidate;
    }
    const std::size_t start = at_;
    auto head = read_head();
    if (!head) return head.error();
    if (head->is_null()) return {};
    at_ = start;
    if (!member) return skip();
    const std::size_t outer = enter(name);
    if (auto read = read_item(*member->shape, member->set(object)); !read) return read;
    path_.resize(outer);
    return {};
  }

  Result<> read_key(std::string& out) {
    auto head = read_head();
    if (!head) return head.error();
    return read_text(*head, out);
  }

  Result<> skip() {
    auto head = read_head();
    if (!head) return head.error();
    if (depth_ >= limits::wire_depth_max) return malformed("nested too deeply");
    ++depth_;
    auto skipped = skip_content(*head);
    --depth_;
    return skipped;
  }

  Result<> skip_content(const Head& head) {
    std::string ignored;
    switch (head.major) {
      case Major::unsigned_:
      case Major::negative:
      case Major::simple:
        return {};
      case Major::bytes:
      case Major::text:
        return read_string(head, head.major, ignored);
      case Major::tag:
        return skip();
      case Major::array:
        return each(head, [&](std::uint64_t) { return skip(); });
      case Major::map:
        return each(head, [&](std::uint64_t) -> Result<> {
          if (auto key = skip(); !key) return key;
          return skip();
        });
    }
    return {};
  }

  std::size_t enter(std::string_view name) {
    const std::size_t outer = path_.size();
    if (!path_.empty()) path_.push_back('.');
    path_.append(name);
    return outer;
  }

  Result<> mismatch(std::string_view expected) const {
    return Error{"SerializationException", path_.empty()
                                               ? fmt::format("The request is not {}", expected)
                                               : fmt::format("The value at '{}' is not {}", path_, expected)};
  }

  Error malformed(std::string_view what) const {
    return {"SerializationException", fmt::format("The CBOR is malformed at byte {}: {}", at_, what)};
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int structures_ = 0;
  std::string path_;
};

}  // namespace

Result<> read_cbor(const Shape& shape, std::string_view bytes, void* object) {
  return Reader(bytes).read_all(shape, object);
}

}  // namespace berth::wire
