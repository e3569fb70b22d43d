#include "services/ec2/cidr.h"

#include "base/text.h"

namespace berth::ec2 {
namespace {

// Digits only and no leading zero: "1", not "+1" or "01".
std::optional<std::uint32_t> parse_part(std::string_view text, long long max) {
  if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != text.npos)
    return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  const auto value = parse_integer(text);
  if (!value || *value > max) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

}  // namespace

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  std::uint32_t address = 0;
  for (const auto& part : parts) {
    const auto byte = parse_part(part, 255);
    if (!byte) return std::nullopt;
    address = address << 8 | *byte;
  }
  return address;
}

std::string ipv4_text(std::uint32_t address) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (!out.empty()) out += '.';
    out += std::to_string(address >> shift & 255);
  }
  return out;
}

std::string Cidr::text() const {
  return ipv4_text(base) + "/" + std::to_string(bits);
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto address = parse_ipv4(text.substr(0, slash));
  const auto bits = parse_part(text.substr(slash + 1), 32);
  if (!address || !bits) return std::nullopt;
  Cidr cidr{*address, static_cast<int>(*bits)};
  cidr.base &= cidr.mask();
  return cidr;
}

}  // namespace berth::ec2
