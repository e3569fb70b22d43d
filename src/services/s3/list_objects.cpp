// S3: what is in a bucket, page by page, with what a delimiter makes of it.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "handlers/s3.h"
#include "services/s3/buckets.h"
#include "services/s3/errors.h"
#include "services/s3/object_checks.h"

namespace berth::s3 {
namespace {

constexpr std::int64_t keys_per_page_max = 1000;

struct Listing {
  std::vector<const ObjectRow*> objects;
  std::vector<std::string> prefixes;
  std::string last;  // key or prefix of the page's end
  bool is_truncated = false;
};

struct Wanted {
  std::string prefix;
  std::string delimiter;
  std::string after;  // keys behind it, and no prefix that equals it
  std::int64_t keys_max = keys_per_page_max;
};

// What the key is listed as: the part up to the delimiter behind the prefix, or empty for itself.
std::string prefix_of(const std::string& key, const Wanted& wanted) {
  if (wanted.delimiter.empty()) return {};
  const auto at = key.find(wanted.delimiter, wanted.prefix.size());
  return at == std::string::npos ? std::string() : key.substr(0, at + wanted.delimiter.size());
}

Listing list(const Store& store, const std::string& bucket, const Wanted& wanted) {
  const auto& rows = store.rows_of<ObjectRow>(bucket);
  const std::string from = ObjectRow::key_of(bucket, std::max(wanted.prefix, wanted.after));
  auto at = std::lower_bound(rows.begin(), rows.end(), from,
                             [](const auto* entry, const std::string& key) { return entry->first < key; });
  Listing listing;
  std::int64_t found = 0;
  for (; at != rows.end(); ++at) {
    const ObjectRow& row = (*at)->second;
    if (!row.name.starts_with(wanted.prefix)) break;
    if (!wanted.after.empty() && row.name <= wanted.after) continue;
    const std::string prefix = prefix_of(row.name, wanted);
    const bool is_listed = !prefix.empty() && !listing.prefixes.empty() && listing.prefixes.back() == prefix;
    if (is_listed || (!prefix.empty() && prefix == wanted.after)) continue;
    if (found == wanted.keys_max) {
      listing.is_truncated = wanted.keys_max > 0;
      break;
    }
    ++found;
    listing.last = prefix.empty() ? row.name : prefix;
    if (prefix.empty()) {
      listing.objects.push_back(&row);
    } else {
      listing.prefixes.push_back(prefix);
    }
  }
  return listing;
}

class Encoding {
 public:
  explicit Encoding(const std::optional<std::string>& type) : is_url_(type.value_or("") == "url") {}
  std::string operator()(const std::string& text) const {
    return is_url_ ? percent_encode(text, true) : text;
  }

 private:
  bool is_url_;
};

template <class Output>
void set_listing(const Listing& listing, const Encoding& encoded, const std::optional<Owner>& owner,
                 Output& output) {
  output.is_truncated = listing.is_truncated;
  for (const auto* row : listing.objects) {
    if (!output.contents) output.contents.emplace();
    Object object;
    object.key = encoded(row->name);
    object.last_modified = row->modified_at;
    object.e_tag = quoted(row->etag);
    object.size = row->size_bytes;
    object.storage_class = row->properties.storage_class;
    object.owner = owner;
    for (const auto& checksum : row->checksums) {
      if (!object.checksum_algorithm) object.checksum_algorithm.emplace();
      object.checksum_algorithm->push_back(checksum.first);
    }
    output.contents->push_back(std::move(object));
  }
  for (const auto& prefix : listing.prefixes) {
    if (!output.common_prefixes) output.common_prefixes.emplace();
    output.common_prefixes->push_back(CommonPrefix{encoded(prefix)});
  }
}

template <class Request>
Result<Wanted> wanted_of(const Request& input) {
  Wanted wanted{input.prefix.value_or(""), input.delimiter.value_or(""), "",
                input.max_keys.value_or(keys_per_page_max)};
  if (wanted.keys_max < 0) {
    return invalid_argument("Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys",
                            std::to_string(wanted.keys_max));
  }
  wanted.keys_max = std::min(wanted.keys_max, keys_per_page_max);
  if (input.encoding_type && *input.encoding_type != "url") {
    return invalid_argument("Invalid Encoding Method specified in Request", "encoding-type",
                            *input.encoding_type);
  }
  return wanted;
}

}  // namespace

Result<ListObjectsOutput> list_objects(Context& context, const ListObjectsRequest& input) {
  const auto bucket = find_bucket(context, input.bucket);
  if (!bucket) return bucket.error();
  auto wanted = wanted_of(input);
  if (!wanted) return wanted.error();
  wanted->after = input.marker.value_or("");
  const Listing listing = list(context.store, (*bucket)->name, *wanted);
  const Encoding encoded(input.encoding_type);
  ListObjectsOutput output;
  output.name = (*bucket)->name;
  output.prefix = encoded(wanted->prefix);
  output.marker = encoded(wanted->after);
  output.max_keys = wanted->keys_max;
  output.encoding_type = input.encoding_type;
  if (input.delimiter) output.delimiter = encoded(wanted->delimiter);
  set_listing(listing, encoded, Owner{{}, hex(sha256(context.settings.account))}, output);
  // Without a delimiter the last key says it.
  if (listing.is_truncated && !wanted->delimiter.empty()) output.next_marker = encoded(listing.last);
  return output;
}

Result<ListObjectsV2Output> list_objects_v2(Context& context, const ListObjectsV2Request& input) {
  const auto bucket = find_bucket(context, input.bucket);
  if (!bucket) return bucket.error();
  auto wanted = wanted_of(input);
  if (!wanted) return wanted.error();
  wanted->after = input.start_after.value_or("");
  if (input.continuation_token) {
    const auto last = from_base64(*input.continuation_token);
    if (!last || last->empty()) {
      return invalid_argument("The continuation token provided is incorrect", "continuation-token",
                              *input.continuation_token);
    }
    wanted->after = *last;
  }
  const Listing listing = list(context.store, (*bucket)->name, *wanted);
  const Encoding encoded(input.encoding_type);
  ListObjectsV2Output output;
  output.name = (*bucket)->name;
  output.prefix = encoded(wanted->prefix);
  output.max_keys = wanted->keys_max;
  output.encoding_type = input.encoding_type;
  if (input.delimiter) output.delimiter = encoded(wanted->delimiter);
  if (input.start_after) output.start_after = encoded(*input.start_after);
  output.key_count = static_cast<std::int64_t>(listing.objects.size() + listing.prefixes.size());
  output.continuation_token = input.continuation_token;
  if (listing.is_truncated) output.next_continuation_token = base64(listing.last);
  std::optional<Owner> owner;
  if (input.fetch_owner.value_or(false)) owner = Owner{{}, hex(sha256(context.settings.account))};
  set_listing(listing, encoded, owner, output);
  return output;
}

}  // namespace berth::s3
