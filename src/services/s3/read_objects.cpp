// S3: reading an object, all of it, a range or one of its parts, or only what is known of it.
#include <fmt/format.h>

#include <algorithm>

#include "handlers/s3.h"
#include "services/s3/buckets.h"
#include "services/s3/errors.h"
#include "services/s3/object_checks.h"

namespace berth::s3 {
namespace {

struct ByteRange {
  std::int64_t first = 0;
  std::int64_t size = 0;
};

// "bytes=0-9", "bytes=10-", "bytes=-5". nullopt: not such a range, and HTTP wants it ignored.
Result<std::optional<ByteRange>> read_range(const std::string& text, std::int64_t size) {
  constexpr std::string_view unit = "bytes=";
  const auto dash = text.find('-');
  if (!text.starts_with(unit) || dash == std::string::npos) return std::optional<ByteRange>();
  const auto first = parse_integer(text.substr(unit.size(), dash - unit.size()));
  const auto last = parse_integer(text.substr(dash + 1));
  const bool first_is_open = dash == unit.size(), last_is_open = dash + 1 == text.size();
  if ((!first && !first_is_open) || (!last && !last_is_open) || (!first && !last)) {
    return std::optional<ByteRange>();
  }
  if (first && last && *last < *first) return std::optional<ByteRange>();
  const std::int64_t begin = first ? *first : std::max<std::int64_t>(0, size - *last);
  const std::int64_t end = first && last ? std::min<std::int64_t>(*last, size - 1) : size - 1;
  if (begin >= size || begin > end) {
    return berth::Error{"InvalidRange",
                        "The requested range is not satisfiable",
                        416,
                        {{"RangeRequested", text}, {"ActualObjectSize", std::to_string(size)}}};
  }
  return std::optional(ByteRange{begin, end - begin + 1});
}

// Parts lie one behind the other, each of one slice or more; which slices are whose is known of uploads in
// parts of one slice each.
Result<std::optional<ByteRange>> range_of_part(std::int64_t number, const ObjectRow& row) {
  if (row.parts == 0 && number == 1) return std::optional<ByteRange>();
  if (number < 1 || number > row.parts) {
    return berth::Error{"InvalidPartNumber", "The requested partnumber is not satisfiable", 416};
  }
  if (static_cast<std::int64_t>(row.slices.size()) != row.parts) {
    return not_implemented("partNumber of an object that was copied in parts");
  }
  ByteRange range;
  for (std::int64_t i = 0; i + 1 < number; ++i) {
    range.first += row.slices[static_cast<std::size_t>(i)].size_bytes;
  }
  range.size = row.slices[static_cast<std::size_t>(number - 1)].size_bytes;
  return std::optional(range);
}

void set_if(std::optional<std::string>& member, const std::string& text) {
  if (!text.empty()) member = text;
}

template <class Output>
void set_properties(const ObjectProperties& properties, Output& output) {
  set_if(output.content_type, properties.content_type);
  set_if(output.cache_control, properties.cache_control);
  set_if(output.content_disposition, properties.content_disposition);
  set_if(output.content_encoding, properties.content_encoding);
  set_if(output.content_language, properties.content_language);
  set_if(output.website_redirect_location, properties.redirect_location);
  output.expires = properties.expires;
  if (!properties.metadata.empty()) output.metadata = properties.metadata;
  if (!properties.tags.empty()) output.tag_count = static_cast<std::int64_t>(properties.tags.size());
  if (properties.storage_class != "STANDARD") output.storage_class = properties.storage_class;
}

// What a link may set on the answer.
template <class Request, class Output>
void set_wishes(const Request& input, Output& output) {
  const auto set = [](std::optional<std::string>& member, const std::optional<std::string>& wish) {
    if (wish) member = wish;
  };
  set(output.content_type, input.response_content_type);
  set(output.cache_control, input.response_cache_control);
  set(output.content_disposition, input.response_content_disposition);
  set(output.content_encoding, input.response_content_encoding);
  set(output.content_language, input.response_content_language);
  if (input.response_expires) output.expires = input.response_expires;
}

template <class Output, class Request>
Result<Output> read_object(Context& context, const Request& input) {
  if (const auto bucket = find_bucket(context, input.bucket); !bucket) return bucket.error();
  if (input.version_id.value_or("null") != "null") return not_implemented("versions of objects");
  const auto* row = find_object(context.store, *input.bucket, *input.key);
  if (!row) return no_such_key(*input.key);
  auto held = check_read(
      {input.if_match, input.if_none_match, input.if_modified_since, input.if_unmodified_since}, *row);
  if (!held) return held.error();
  auto range = input.part_number ? range_of_part(*input.part_number, *row)
                                 : read_range(input.range.value_or(""), row->size_bytes);
  if (!range) return range.error();
  Output output;
  output.accept_ranges = "bytes";
  output.last_modified = row->modified_at;
  output.e_tag = quoted(row->etag);
  set_properties(row->properties, output);
  set_wishes(input, output);
  if (input.part_number && row->parts > 0) output.parts_count = row->parts;
  const bool is_whole = !*range;
  const ByteRange sent = is_whole ? ByteRange{0, row->size_bytes} : **range;
  output.content_length = sent.size;
  if (!is_whole) {
    output.content_range =
        fmt::format("bytes {}-{}/{}", sent.first, sent.first + sent.size - 1, row->size_bytes);
  }
  // A client would hold it against the part that it gets.
  if (is_whole && input.checksum_mode.value_or("") == "ENABLED" && !row->checksums.empty()) {
    set_checksums(row->checksums, output);
    const bool is_composite = row->checksums.begin()->second.find('-') != std::string::npos;
    output.checksum_type = is_composite ? "COMPOSITE" : "FULL_OBJECT";
  }
  if (context.sending) *context.sending = part_of(row->slices, sent.first, sent.size);
  return output;
}

}  // namespace

Result<GetObjectOutput> get_object(Context& context, const GetObjectRequest& input) {
  return read_object<GetObjectOutput>(context, input);
}

Result<HeadObjectOutput> head_object(Context& context, const HeadObjectRequest& input) {
  return read_object<HeadObjectOutput>(context, input);
}

}  // namespace berth::s3
