#include "cloudformation/template/list_functions.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/text.h"
#include "cloudformation/template/functions.h"
#include "cloudformation/template/template_error.h"

namespace berth::cfn {
namespace {

constexpr int cidr_blocks_max = 256;
constexpr std::size_t item_bytes = sizeof(json::value);

Error too_large() {
  return template_error("the evaluated value exceeds {} bytes", evaluated_bytes_max);
}

// The argument's items when it is a list of that many.
const json::array* list_of(const json::value& argument, std::size_t size) {
  const auto* list = argument.if_array();
  return list && list->size() == size ? list : nullptr;
}

using Bytes = boost::asio::ip::address_v6::bytes_type;

struct CidrBlock {
  Bytes bytes{};  // an IPv4 address in the first four
  int prefix = 0;
  int bits = 32;  // of an address

  std::string text() const {
    namespace ip = boost::asio::ip;
    if (bits == 128) return ip::address_v6(bytes).to_string();
    return ip::address_v4({bytes[0], bytes[1], bytes[2], bytes[3]}).to_string();
  }
};

std::optional<CidrBlock> parse_block(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  boost::system::error_code code;
  const auto address = boost::asio::ip::make_address(std::string(text.substr(0, slash)), code);
  const auto prefix = parse_integer(text.substr(slash + 1));
  if (code || !prefix || *prefix < 0 || *prefix > (address.is_v4() ? 32 : 128)) return std::nullopt;
  CidrBlock block{{}, static_cast<int>(*prefix), address.is_v4() ? 32 : 128};
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), block.bytes.begin());
  } else {
    block.bytes = address.to_v6().to_bytes();
  }
  return block;
}

// The address of block number `index` of size /`prefix` within `block`.
CidrBlock nth_block(const CidrBlock& block, int prefix, unsigned index) {
  CidrBlock out = block;
  for (int bit = block.prefix; bit < block.bits; ++bit) {
    const int from_end = prefix - 1 - bit;  // of the index, 0 is its lowest bit
    const bool one = from_end >= 0 && from_end < 32 && ((index >> from_end) & 1u) != 0;
    auto& byte = out.bytes[static_cast<std::size_t>(bit / 8)];
    const auto mask = static_cast<unsigned char>(0x80u >> (bit % 8));
    byte = static_cast<unsigned char>(one ? byte | mask : byte & ~mask);
  }
  return out;
}

std::optional<long long> integer_of(const json::value& value) {
  const auto* text = value.if_string();
  return text ? parse_integer(std::string_view(*text)) : std::nullopt;
}

}  // namespace

Result<json::value> join_items(const json::value& argument) {
  const auto* parts = list_of(argument, 2);
  const bool usable = parts && (*parts)[0].is_string() && (*parts)[1].is_array();
  const auto malformed = [] {
    return template_error(
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to "
        "be joined "
        "or a function that returns a list of strings (such as Fn::GetAZs) to be joined.");
  };
  if (!usable) return malformed();
  std::string out;
  for (const auto& item : (*parts)[1].get_array()) {
    if (!item.is_string()) return malformed();
    if (&item != &(*parts)[1].get_array().front()) out += (*parts)[0].get_string();
    out += item.get_string();
    if (out.size() > evaluated_bytes_max) return too_large();
  }
  return json::value(json::string(out));
}

Result<json::value> split_text(const json::value& argument) {
  const auto* parts = list_of(argument, 2);
  const bool usable =
      parts && (*parts)[0].is_string() && (*parts)[1].is_string() && !(*parts)[0].get_string().empty();
  if (!usable) {
    return template_error(
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to "
        "be split or a function that returns a string to be split.");
  }
  const std::string_view delimiter = (*parts)[0].get_string();
  std::string_view rest = (*parts)[1].get_string();
  json::array out;
  for (;;) {
    const auto end = rest.find(delimiter);
    out.emplace_back(rest.substr(0, end));
    if (out.size() * item_bytes > evaluated_bytes_max) return too_large();
    if (end == std::string_view::npos) return json::value(std::move(out));
    rest.remove_prefix(end + delimiter.size());
  }
}

Result<json::value> select_item(const json::value& argument) {
  const auto* parts = list_of(argument, 2);
  const auto index = parts ? integer_of((*parts)[0]) : std::nullopt;
  if (!index || !(*parts)[1].is_array()) {
    return template_error(
        "Fn::Select requires a list argument with two elements: an integer index and a list");
  }
  const auto& list = (*parts)[1].get_array();
  if (*index < 0 || static_cast<unsigned long long>(*index) >= list.size()) {
    return template_error("Fn::Select cannot select nonexistent value at index {}", *index);
  }
  return list[static_cast<std::size_t>(*index)];
}

Result<json::value> encode_base64(const json::value& argument) {
  const auto* text = argument.if_string();
  if (!text) return template_error("every Fn::Base64 object must have a String-typed value.");
  return json::value(json::string(base64(*text)));
}

Result<json::value> cidr_blocks(const json::value& argument) {
  const auto* parts = argument.if_array();
  if (!parts || parts->size() < 2 || parts->size() > 3 || !(*parts)[0].is_string()) {
    return template_error(
        "every Fn::Cidr object requires two or three parameters: an IP block, a count and the CIDR "
        "bits");
  }
  const std::string_view text = (*parts)[0].get_string();
  const auto block = parse_block(text);
  if (!block) return template_error("Fn::Cidr ipBlock {} is not a valid CIDR block", text);
  const auto count = integer_of((*parts)[1]);
  const auto host_bits = parts->size() == 3 ? integer_of((*parts)[2]) : block->bits == 32 ? 8 : 64;
  if (!count || *count < 1 || *count > cidr_blocks_max || !host_bits || *host_bits < 0) {
    return template_error("Fn::Cidr count must be between 1 and {} and cidrBits must be an integer",
                          cidr_blocks_max);
  }
  const long long room_bits = block->bits - *host_bits - block->prefix;
  if (room_bits < 0 || (room_bits < 9 && *count > (1LL << room_bits))) {
    return template_error("Fn::Cidr cannot fit {} blocks with {} CIDR bits in {}", *count, *host_bits, text);
  }
  const int prefix = block->bits - static_cast<int>(*host_bits);
  json::array out;
  for (unsigned i = 0; i < static_cast<unsigned>(*count); ++i) {
    out.emplace_back(nth_block(*block, prefix, i).text() + "/" + std::to_string(prefix));
  }
  return json::value(std::move(out));
}

Result<json::value> length_of(const json::value& argument) {
  const auto* list = argument.if_array();
  if (!list) return template_error("every Fn::Length object requires a list");
  return json::value(json::string(std::to_string(list->size())));
}

Result<json::value> to_json_string(const json::value& argument) {
  if (!argument.is_object() && !argument.is_array()) {
    return template_error("every Fn::ToJsonString object requires an object or a list");
  }
  return json::value(json::string(json::serialize(argument)));
}

}  // namespace berth::cfn
