// What the CBOR reader and writer share: the first byte of an item is its major type (3 bits) and an
// argument.
#pragma once

#include <cstdint>

namespace berth::wire::cbor {

enum class Major : std::uint8_t { unsigned_, negative, bytes, text, array, map, tag, simple };

inline constexpr std::uint8_t indefinite = 31;  // as the argument of bytes, text, array, map
inline constexpr std::uint8_t break_byte = 0xff;
inline constexpr std::uint8_t simple_false = 20;
inline constexpr std::uint8_t simple_true = 21;
inline constexpr std::uint8_t simple_null = 22;
inline constexpr std::uint8_t simple_undefined = 23;
inline constexpr std::uint8_t half_float = 25;
inline constexpr std::uint8_t single_float = 26;
inline constexpr std::uint8_t double_float = 27;
inline constexpr std::uint64_t tag_epoch_time = 1;

}  // namespace berth::wire::cbor
