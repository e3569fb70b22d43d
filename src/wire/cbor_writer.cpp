#include <bit>
#include <limits>

#include "wire/cbor.h"
#include "wire/cbor_format.h"

namespace berth::wire {
namespace {

using cbor::Major;
using model::Kind;
using model::Shape;

void write_byte(Major major, std::uint8_t argument, std::string& out) {
  out.push_back(static_cast<char>((static_cast<unsigned>(major) << 5) | argument));
}

void write_big_endian(std::uint64_t value, int bytes, std::string& out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void write_head(Major major, std::uint64_t argument, std::string& out) {
  if (argument < 24) return write_byte(major, static_cast<std::uint8_t>(argument), out);
  const int size = argument <= 0xff ? 0 : argument <= 0xffff ? 1 : argument <= 0xffffffff ? 2 : 3;
  write_byte(major, static_cast<std::uint8_t>(24 + size), out);
  write_big_endian(argument, 1 << size, out);
}

void write_text(std::string_view text, std::string& out) {
  write_head(Major::text, text.size(), out);
  out += text;
}

void write_integer(std::int64_t value, std::string& out) {
  if (value >= 0) return write_head(Major::unsigned_, static_cast<std::uint64_t>(value), out);
  write_head(Major::negative, static_cast<std::uint64_t>(-1 - value), out);
}

void write_double(double value, std::string& out) {
  write_byte(Major::simple, cbor::double_float, out);
  write_big_endian(std::bit_cast<std::uint64_t>(value), 8, out);
}

void write_simple(std::uint8_t value, std::string& out) {
  write_byte(Major::simple, value, out);
}

void write_time(Time time, std::string& out) {
  write_head(Major::tag, cbor::tag_epoch_time, out);
  write_double(static_cast<double>(unix_ms(time)) / 1000, out);
}

void write_list(const Shape& shape, const void* list, std::string& out) {
  const std::size_t size = shape.list->size(list);
  write_head(Major::array, size, out);
  for (std::size_t i = 0; i < size; ++i) write_cbor(*shape.element, shape.list->at(list, i), out);
}

void write_map(const Shape& shape, const void* map, std::string& out) {
  write_byte(Major::map, cbor::indefinite, out);
  shape.map->each(map, [&](const std::string& key, const void* value) {
    write_text(key, out);
    write_cbor(*shape.element, value, out);
  });
  out.push_back(static_cast<char>(cbor::break_byte));
}

void write_structure(const Shape& shape, const void* object, std::string& out) {
  write_byte(Major::map, cbor::indefinite, out);
  for (const model::Member& member : shape.members) {
    const void* value = member.get(object);
    if (!value) continue;
    write_text(member.name, out);
    write_cbor(*member.shape, value, out);
  }
  out.push_back(static_cast<char>(cbor::break_byte));
}

}  // namespace

void write_cbor(const Shape& shape, const void* object, std::string& out) {
  switch (shape.kind) {
    case Kind::boolean:
      write_simple(*static_cast<const bool*>(object) ? cbor::simple_true : cbor::simple_false, out);
      break;
    case Kind::integer:
      write_integer(*static_cast<const std::int64_t*>(object), out);
      break;
    case Kind::number:
      write_double(*static_cast<const double*>(object), out);
      break;
    case Kind::string:
      write_text(*static_cast<const std::string*>(object), out);
      break;
    case Kind::timestamp:
      write_time(*static_cast<const Time*>(object), out);
      break;
    case Kind::blob: {
      const auto& bytes = *static_cast<const std::string*>(object);
      write_head(Major::bytes, bytes.size(), out);
      out += bytes;
      break;
    }
    case Kind::document:
      write_cbor_json(*static_cast<const json::value*>(object), out);
      break;
    case Kind::list:
      write_list(shape, object, out);
      break;
    case Kind::map:
      write_map(shape, object, out);
      break;
    case Kind::structure:
      write_structure(shape, object, out);
      break;
  }
}

void write_cbor_json(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::null:
      write_simple(cbor::simple_null, out);
      break;
    case json::kind::bool_:
      write_simple(value.get_bool() ? cbor::simple_true : cbor::simple_false, out);
      break;
    case json::kind::int64:
      write_integer(value.get_int64(), out);
      break;
    case json::kind::uint64:
      write_head(Major::unsigned_, value.get_uint64(), out);
      break;
    case json::kind::double_:
      write_double(value.get_double(), out);
      break;
    case json::kind::string:
      write_text(value.get_string(), out);
      break;
    case json::kind::array:
      write_head(Major::array, value.get_array().size(), out);
      for (const json::value& element : value.get_array()) write_cbor_json(element, out);
      break;
    case json::kind::object:
      write_head(Major::map, value.get_object().size(), out);
      for (const auto& member : value.get_object()) {
        write_text(member.key(), out);
        write_cbor_json(member.value(), out);
      }
      break;
  }
}

}  // namespace berth::wire
