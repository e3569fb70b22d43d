// IPv4 addresses and CIDR blocks: text <-> numbers. It knows nothing of VPCs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::ec2 {

std::optional<std::uint32_t> parse_ipv4(std::string_view text);
std::string ipv4_text(std::uint32_t address);

struct Cidr {
  std::uint32_t base = 0;  // canonical: no host bits
  int bits = 0;

  std::uint32_t mask() const { return bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits); }
  std::uint64_t size() const { return std::uint64_t{1} << (32 - bits); }
  std::uint32_t last() const { return base | ~mask(); }
  bool contains(std::uint32_t address) const { return (address & mask()) == base; }
  bool contains(const Cidr& other) const { return other.bits >= bits && contains(other.base); }
  bool overlaps(const Cidr& other) const { return contains(other.base) || other.contains(base); }
  std::string text() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;
};

// Host bits are cleared, as AWS does: 100.68.0.18/18 is 100.68.0.0/18.
std::optional<Cidr> parse_cidr(std::string_view text);

}  // namespace berth::ec2
