// What the operations on objects share: properties from requests, conditions, checksums of shapes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "services/s3/rows.h"

namespace berth::s3 {

inline constexpr std::size_t object_tags_max = 10;

Result<> check_key(const std::optional<std::string>& key);

// `name=value&...`, as x-amz-tagging has it.
Result<std::vector<Tag>> read_tagging(const std::optional<std::string>& header);

// What berth does not do of what a request for a new object may ask for.
template <class Request>
Result<> check_wishes(const Request& input);

template <class Request>
Result<ObjectProperties> properties_of(const Request& input);

// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in HTTP's order.
struct Conditions {
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<Time> if_modified_since;
  std::optional<Time> if_unmodified_since;
};
Result<> check_read(const Conditions& conditions, const ObjectRow& row);
// `row`: what would be replaced, or null.
Result<> check_write(const std::optional<std::string>& if_match,
                     const std::optional<std::string>& if_none_match, const std::string& key,
                     const ObjectRow* row);

std::string unquoted(std::string_view etag);
inline std::string quoted(const std::string& etag) {
  return '"' + etag + '"';
}

// Puts what is known where an answer has it.
template <class Shape>
void set_checksums(const std::map<std::string, std::string>& checksums, Shape& shape) {
  const auto set = [&](const char* name, std::optional<std::string>& member) {
    const auto found = checksums.find(name);
    if (found != checksums.end()) member = found->second;
  };
  set("CRC32", shape.checksum_crc32);
  set("CRC32C", shape.checksum_crc32_c);
  set("CRC64NVME", shape.checksum_crc64_nvme);
  set("SHA1", shape.checksum_sha1);
  set("SHA256", shape.checksum_sha256);
}

template <class Shape>
std::map<std::string, std::string> checksums_in(const Shape& shape) {
  std::map<std::string, std::string> found;
  if (shape.checksum_crc32) found["CRC32"] = *shape.checksum_crc32;
  if (shape.checksum_crc32_c) found["CRC32C"] = *shape.checksum_crc32_c;
  if (shape.checksum_crc64_nvme) found["CRC64NVME"] = *shape.checksum_crc64_nvme;
  if (shape.checksum_sha1) found["SHA1"] = *shape.checksum_sha1;
  if (shape.checksum_sha256) found["SHA256"] = *shape.checksum_sha256;
  return found;
}

Result<> check_encryption_wish(const std::optional<std::string>& algorithm,
                               const std::optional<std::string>& customer_algorithm);
Result<> check_acl(const std::optional<std::string>& acl);
Result<> check_metadata(const std::map<std::string, std::string>& metadata);

template <class Request>
Result<> check_wishes(const Request& input) {
  auto encryption = check_encryption_wish(input.server_side_encryption, input.sse_customer_algorithm);
  if (!encryption) return encryption;
  if (input.object_lock_mode || input.object_lock_retain_until_date) {
    return berth::Error{"InvalidRequest", "Bucket is missing Object Lock Configuration", 400};
  }
  return check_acl(input.acl);
}

template <class Request>
Result<ObjectProperties> properties_of(const Request& input) {
  if (auto checked = check_wishes(input); !checked) return checked.error();
  ObjectProperties properties;
  properties.content_type = input.content_type.value_or("binary/octet-stream");
  properties.cache_control = input.cache_control.value_or("");
  properties.content_disposition = input.content_disposition.value_or("");
  for (const auto& encoding : split(input.content_encoding.value_or(""), ',')) {
    const auto name = trim(encoding);  // aws-chunked is how it travelled, not what it is
    if (name.empty() || name == "aws-chunked") continue;
    properties.content_encoding += (properties.content_encoding.empty() ? "" : ",") + std::string(name);
  }
  properties.content_language = input.content_language.value_or("");
  properties.expires = input.expires;
  properties.redirect_location = input.website_redirect_location.value_or("");
  properties.storage_class = input.storage_class.value_or("STANDARD");
  if (input.metadata) properties.metadata = *input.metadata;
  if (auto checked = check_metadata(properties.metadata); !checked) return checked.error();
  auto tags = read_tagging(input.tagging);
  if (!tags) return tags.error();
  properties.tags = std::move(*tags);
  return properties;
}

}  // namespace berth::s3
