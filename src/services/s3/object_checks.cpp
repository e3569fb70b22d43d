#include "services/s3/object_checks.h"

#include "base/digest.h"
#include "services/s3/buckets.h"
#include "services/s3/errors.h"

namespace berth::s3 {
namespace {

constexpr std::size_t key_bytes_max = 1024;
constexpr std::size_t metadata_bytes_max = 2048;

bool etag_fits(const std::string& wanted, const ObjectRow& row) {
  for (const auto& part : split(wanted, ',')) {
    const auto text = trim(part);
    if (text == "*" || unquoted(text) == row.etag) return true;
  }
  return false;
}

// HTTP's dates have no fractions.
bool is_modified_since(const ObjectRow& row, Time since) {
  return unix_seconds(row.modified_at) > unix_seconds(since);
}

berth::Error not_modified() {
  return {"NotModified", "Not Modified", 304};
}

}  // namespace

std::string unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

Result<> check_key(const std::optional<std::string>& key) {
  if (key.value_or("").size() > key_bytes_max) {
    return berth::Error{"KeyTooLongError", "Your key is too long", 400};
  }
  if (!is_utf8(key.value_or(""))) return berth::Error{"InvalidURI", "Couldn't parse the specified URI.", 400};
  return {};
}

Result<std::vector<Tag>> read_tagging(const std::optional<std::string>& header) {
  std::vector<Tag> tags;
  for (const auto& part : split(header.value_or(""), '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    const auto key = percent_decode(part.substr(0, equals), true);
    const auto text = percent_decode(value, true);
    if (!key || !text) {
      return invalid_argument(
          "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
          "parameters without tag name duplicates.",
          "x-amz-tagging", *header);
    }
    tags.push_back(Tag{*key, *text});
  }
  if (auto checked = check_tags(tags, object_tags_max); !checked) return checked.error();
  return tags;
}

Result<> check_read(const Conditions& conditions, const ObjectRow& row) {
  if (conditions.if_match) {
    if (!etag_fits(*conditions.if_match, row)) return precondition_failed("If-Match");
  } else if (conditions.if_unmodified_since && is_modified_since(row, *conditions.if_unmodified_since)) {
    return precondition_failed("If-Unmodified-Since");
  }
  if (conditions.if_none_match) {
    if (etag_fits(*conditions.if_none_match, row)) return not_modified();
  } else if (conditions.if_modified_since && !is_modified_since(row, *conditions.if_modified_since)) {
    return not_modified();
  }
  return {};
}

Result<> check_write(const std::optional<std::string>& if_match,
                     const std::optional<std::string>& if_none_match, const std::string& key,
                     const ObjectRow* row) {
  if (if_none_match && *if_none_match != "*")
    return not_implemented("If-None-Match with a value other than *");
  if (if_none_match && row) return precondition_failed("If-None-Match");
  if (if_match && !row) return no_such_key(key);
  if (if_match && !etag_fits(*if_match, *row)) return precondition_failed("If-Match");
  return {};
}

Result<> check_encryption_wish(const std::optional<std::string>& algorithm,
                               const std::optional<std::string>& customer_algorithm) {
  if (customer_algorithm) return not_implemented("encryption with keys of the customer");
  if (algorithm.value_or("AES256") != "AES256") return not_implemented("encryption with KMS");
  return {};
}

Result<> check_acl(const std::optional<std::string>& acl) {
  const std::string wanted = acl.value_or("private");
  if (wanted == "private" || wanted == "bucket-owner-full-control") return {};
  return berth::Error{"AccessControlListNotSupported", "The bucket does not allow ACLs", 400};
}

Result<> check_metadata(const std::map<std::string, std::string>& metadata) {
  std::size_t size = 0;
  for (const auto& [name, value] : metadata) size += name.size() + value.size();
  if (size <= metadata_bytes_max) return {};
  return berth::Error{
      "MetadataTooLarge",
      "Your metadata headers exceed the maximum allowed metadata size",
      400,
      {{"Size", std::to_string(size)}, {"MaxSizeAllowed", std::to_string(metadata_bytes_max)}}};
}

}  // namespace berth::s3
