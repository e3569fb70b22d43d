// S3: uploads in parts. A part's bytes are a blob of its own, and the object is all of them: completing an
// upload moves nothing.
#include <fmt/format.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/digest.h"
#include "handlers/s3.h"
#include "services/lists.h"
#include "services/s3/buckets.h"
#include "services/s3/copy_source.h"
#include "services/s3/errors.h"
#include "services/s3/object_checks.h"
#include "services/s3/received_object.h"

namespace berth::s3 {
namespace {

constexpr std::int64_t part_number_max = 10'000;
constexpr std::int64_t part_bytes_min = std::int64_t{5} << 20;  // but for the last one
constexpr std::int64_t listed_max = 1000;

template <class Request>
Result<const UploadRow*> find_upload(const Context& context, const Request& input) {
  if (const auto bucket = find_bucket(context, input.bucket); !bucket) return bucket.error();
  const std::string id = input.upload_id.value_or("");
  const auto* row = context.store.find<UploadRow>(id);
  if (!row || row->bucket != *input.bucket || row->name != input.key.value_or("")) return no_such_upload(id);
  return row;
}

Result<> check_part_number(std::int64_t number) {
  if (number >= 1 && number <= part_number_max) return {};
  return invalid_argument("Part number must be an integer between 1 and 10000, inclusive", "partNumber",
                          std::to_string(number));
}

Result<> set_checksum_choice(const CreateMultipartUploadRequest& input, UploadRow& row) {
  if (!input.checksum_algorithm) return {};
  row.checksum_algorithm = *input.checksum_algorithm;
  const auto kind = checksum_kind(row.checksum_algorithm);
  if (!kind || *kind == ChecksumKind::md5) {
    return invalid_request(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid "
        "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  const bool only_whole = *kind == ChecksumKind::crc64nvme;
  row.checksum_type = input.checksum_type.value_or(only_whole ? "FULL_OBJECT" : "COMPOSITE");
  const bool fits = row.checksum_type == "FULL_OBJECT" ? is_crc(*kind) : !only_whole;
  if (fits) return {};
  return invalid_request(fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.",
                                     row.checksum_type, lower(row.checksum_algorithm)));
}

berth::Error invalid_part(const UploadRow& upload, std::int64_t number) {
  return {
      "InvalidPart",
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
      "specified entity tag may not match the part's entity tag.",
      400,
      {{"UploadId", upload.id}, {"PartNumber", std::to_string(number)}}};
}

// The parts in the order that the client lists, which must be that of their numbers.
Result<std::vector<const PartRow*>> chosen_parts(const Store& store, const UploadRow& upload,
                                                 const std::vector<CompletedPart>& listed) {
  std::vector<const PartRow*> parts;
  if (listed.empty()) return malformed_xml();
  for (const auto& wanted : listed) {
    const std::int64_t number = wanted.part_number.value_or(0);
    if (!parts.empty() && number <= parts.back()->number) {
      return berth::Error{
          "InvalidPartOrder",
          "The list of parts was not in ascending order. Parts must be ordered by part number.", 400};
    }
    const auto* part = store.find<PartRow>(PartRow::key_of(upload.id, number));
    if (!part || unquoted(wanted.e_tag.value_or("")) != part->etag) return invalid_part(upload, number);
    for (const auto& [name, value] : checksums_in(wanted)) {
      const auto known = part->checksums.find(name);
      if (known != part->checksums.end() && known->second != value) return invalid_part(upload, number);
    }
    parts.push_back(part);
  }
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i]->size_bytes >= part_bytes_min) continue;
    return berth::Error{"EntityTooSmall",
                        "Your proposed upload is smaller than the minimum allowed size",
                        400,
                        {{"PartNumber", std::to_string(parts[i]->number)},
                         {"ProposedSize", std::to_string(parts[i]->size_bytes)},
                         {"MinSizeAllowed", std::to_string(part_bytes_min)}}};
  }
  return parts;
}

// That of the whole, or one over those of the parts. Empty when a part has none.
std::string checksum_of_parts(const UploadRow& upload, const std::vector<const PartRow*>& parts) {
  const auto kind = checksum_kind(upload.checksum_algorithm);
  if (!kind) return {};
  std::string joined, whole;
  for (const auto* part : parts) {
    const auto found = part->checksums.find(upload.checksum_algorithm);
    if (found == part->checksums.end()) return {};
    const std::string bytes = from_base64(found->second).value_or("");
    if (upload.checksum_type == "COMPOSITE") {
      joined += bytes;
    } else {
      const auto size = static_cast<std::uint64_t>(part->size_bytes);
      whole = whole.empty() ? bytes : combine_crcs(*kind, whole, bytes, size);
    }
  }
  if (upload.checksum_type != "COMPOSITE") return base64(whole);
  return fmt::format("{}-{}", base64(checksum_of(*kind, joined)), parts.size());
}

ObjectRow whole_of(const UploadRow& upload, const std::vector<const PartRow*>& parts, Time now) {
  ObjectRow row{.bucket = upload.bucket,
                .name = upload.name,
                .modified_at = now,
                .parts = static_cast<std::int64_t>(parts.size()),
                .properties = upload.properties};
  std::string digests;
  for (const auto* part : parts) {
    row.size_bytes += part->size_bytes;
    row.slices.insert(row.slices.end(), part->slices.begin(), part->slices.end());
    for (std::size_t i = 0; i + 1 < part->etag.size(); i += 2) {
      digests.push_back(static_cast<char>(std::stoi(part->etag.substr(i, 2), nullptr, 16)));
    }
  }
  row.etag = fmt::format("{}-{}", hex(checksum_of(ChecksumKind::md5, digests)), parts.size());
  const std::string checksum = checksum_of_parts(upload, parts);
  if (!checksum.empty()) row.checksums[upload.checksum_algorithm] = checksum;
  return row;
}

// "bytes=0-5242879" of the source, which has a copy's own errors.
Result<std::vector<BlobSlice>> copied_slices(const std::optional<std::string>& range,
                                             const ObjectRow& source) {
  if (!range) return source.slices;
  constexpr std::string_view unit = "bytes=";
  const auto dash = range->find('-');
  const auto first = dash == std::string::npos
                         ? std::nullopt
                         : parse_integer(range->substr(0, dash).substr(std::min(unit.size(), dash)));
  const auto last = dash == std::string::npos ? std::nullopt : parse_integer(range->substr(dash + 1));
  if (!range->starts_with(unit) || !first || !last || *last < *first) {
    return invalid_argument(
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
        "and last are the zero-based offsets of the first and last bytes to copy",
        "x-amz-copy-source-range", *range);
  }
  if (*last >= source.size_bytes) {
    return invalid_argument(
        fmt::format("Range specified is not valid for source object of size: {}", source.size_bytes),
        "x-amz-copy-source-range", *range);
  }
  return part_of(source.slices, *first, *last - *first + 1);
}

Result<std::string> md5_of(Context& context, const std::vector<BlobSlice>& slices) {
  const auto reader = context.blobs->read(slices);
  Checksum md5(ChecksumKind::md5);
  std::int64_t read = 0;
  while (read < reader->size_bytes()) {
    const std::string piece = reader->read(1 << 20);
    if (piece.empty())
      return berth::Error{"InternalError", "We encountered an internal error. Please try again.", 500};
    md5.add(piece);
    read += static_cast<std::int64_t>(piece.size());
  }
  return md5.finish();
}

}  // namespace

Result<CreateMultipartUploadOutput> create_multipart_upload(Context& context,
                                                            const CreateMultipartUploadRequest& input) {
  if (const auto bucket = find_bucket(context, input.bucket); !bucket) return bucket.error();
  if (auto checked = check_key(input.key); !checked) return checked.error();
  UploadRow row;
  row.id = replace_all(random_uuid(context.ids()), "-", "");
  row.bucket = *input.bucket;
  row.name = *input.key;
  row.begun_at = context.now();
  if (auto chosen = set_checksum_choice(input, row); !chosen) return chosen.error();
  auto properties = properties_of(input);
  if (!properties) return properties.error();
  row.properties = std::move(*properties);
  CreateMultipartUploadOutput output;
  output.bucket = row.bucket;
  output.key = row.name;
  output.upload_id = row.id;
  if (!row.checksum_algorithm.empty()) {
    output.checksum_algorithm = row.checksum_algorithm;
    output.checksum_type = row.checksum_type;
  }
  context.store.put(std::move(row));
  return output;
}

Result<UploadPartOutput> upload_part(Context& context, const UploadPartRequest& input) {
  const auto upload = find_upload(context, input);
  if (!upload) return upload.error();
  const std::int64_t number = input.part_number.value_or(0);
  if (auto checked = check_part_number(number); !checked) return checked.error();
  if (input.sse_customer_algorithm) return not_implemented("encryption with keys of the customer");
  if (!context.received) return not_implemented("objects without a disk");
  const ReceivedObject& received = *context.received;
  PartRow row{.upload = (*upload)->id,
              .number = number,
              .modified_at = context.now(),
              .size_bytes = received.size_bytes,
              .etag = hex(received.md5),
              .slices = {{received.blob, 0, received.size_bytes}},
              .checksums = received.checksums};
  UploadPartOutput output;
  output.e_tag = quoted(row.etag);
  set_checksums(row.checksums, output);
  put_part_row(context.store, std::move(row));
  return output;
}

Result<UploadPartCopyOutput> upload_part_copy(Context& context, const UploadPartCopyRequest& input) {
  const auto upload = find_upload(context, input);
  if (!upload) return upload.error();
  const std::int64_t number = input.part_number.value_or(0);
  if (auto checked = check_part_number(number); !checked) return checked.error();
  const auto source = find_copy_source(context, input);
  if (!source) return source.error();
  auto slices = copied_slices(input.copy_source_range, **source);
  if (!slices) return slices.error();
  const auto md5 = md5_of(context, *slices);
  if (!md5) return md5.error();
  PartRow row{.upload = (*upload)->id, .number = number, .modified_at = context.now(), .etag = hex(*md5)};
  for (const auto& slice : *slices) row.size_bytes += slice.size_bytes;
  row.slices = std::move(*slices);
  UploadPartCopyOutput output;
  output.copy_part_result.emplace().e_tag = quoted(row.etag);
  output.copy_part_result->last_modified = row.modified_at;
  put_part_row(context.store, std::move(row));
  return output;
}

Result<CompleteMultipartUploadOutput> complete_multipart_upload(Context& context,
                                                                const CompleteMultipartUploadRequest& input) {
  const auto found = find_upload(context, input);
  if (!found) return found.error();
  const UploadRow upload = **found;
  const std::vector<CompletedPart> none;
  const auto& listed = input.multipart_upload ? services::list_of(input.multipart_upload->parts) : none;
  const auto parts = chosen_parts(context.store, upload, listed);
  if (!parts) return parts.error();
  const auto* before = find_object(context.store, upload.bucket, upload.name);
  auto writable = check_write(input.if_match, input.if_none_match, upload.name, before);
  if (!writable) return writable.error();
  ObjectRow row = whole_of(upload, *parts, context.now());
  if (input.mpu_object_size && *input.mpu_object_size != row.size_bytes) {
    return invalid_request(
        fmt::format("The provided 'x-amz-mp-object-size' header value {} does not match what was "
                    "computed: {}",
                    *input.mpu_object_size, row.size_bytes));
  }
  for (const auto& [name, value] : checksums_in(input)) {
    const auto known = row.checksums.find(name);
    if (known != row.checksums.end() &&
        known->second.substr(0, known->second.find('-')) != value.substr(0, value.find('-'))) {
      return berth::Error{
          "BadDigest", fmt::format("The {} you specified did not match the calculated checksum.", name), 400};
    }
  }
  CompleteMultipartUploadOutput output;
  output.location =
      fmt::format("{}/{}/{}", context.settings.endpoint, row.bucket, percent_encode(row.name, true));
  output.bucket = row.bucket;
  output.key = row.name;
  output.e_tag = quoted(row.etag);
  set_checksums(row.checksums, output);
  if (!row.checksums.empty()) output.checksum_type = upload.checksum_type;
  put_object_row(context.store, std::move(row));
  erase_upload(context.store, upload.id);
  return output;
}

Result<AbortMultipartUploadOutput> abort_multipart_upload(Context& context,
                                                          const AbortMultipartUploadRequest& input) {
  const auto upload = find_upload(context, input);
  if (!upload) return upload.error();
  erase_upload(context.store, std::string((*upload)->id));
  return AbortMultipartUploadOutput{};
}

Result<ListPartsOutput> list_parts(Context& context, const ListPartsRequest& input) {
  const auto upload = find_upload(context, input);
  if (!upload) return upload.error();
  const std::int64_t after = parse_integer(input.part_number_marker.value_or("0")).value_or(0);
  const std::int64_t most = std::clamp<std::int64_t>(input.max_parts.value_or(listed_max), 0, listed_max);
  ListPartsOutput output;
  output.bucket = (*upload)->bucket;
  output.key = (*upload)->name;
  output.upload_id = (*upload)->id;
  output.part_number_marker = std::to_string(after);
  output.max_parts = most;
  output.is_truncated = false;
  output.storage_class = (*upload)->properties.storage_class;
  output.owner = Owner{{}, hex(sha256(context.settings.account))};
  output.initiator = Initiator{hex(sha256(context.settings.account)), {}};
  std::vector<Part> parts;
  for (const auto* entry : context.store.rows_of<PartRow>((*upload)->id)) {
    const PartRow& row = entry->second;
    if (row.number <= after) continue;
    if (static_cast<std::int64_t>(parts.size()) == most) {
      output.is_truncated = true;
      break;
    }
    Part part;
    part.part_number = row.number;
    part.last_modified = row.modified_at;
    part.e_tag = quoted(row.etag);
    part.size = row.size_bytes;
    set_checksums(row.checksums, part);
    parts.push_back(std::move(part));
    output.next_part_number_marker = std::to_string(row.number);
  }
  if (!parts.empty()) output.parts = std::move(parts);
  return output;
}

Result<ListMultipartUploadsOutput> list_multipart_uploads(Context& context,
                                                          const ListMultipartUploadsRequest& input) {
  const auto bucket = find_bucket(context, input.bucket);
  if (!bucket) return bucket.error();
  if (input.delimiter) return not_implemented("the delimiter of ListMultipartUploads");
  const std::string prefix = input.prefix.value_or("");
  const std::pair after{input.key_marker.value_or(""), input.upload_id_marker.value_or("")};
  const std::int64_t most = std::clamp<std::int64_t>(input.max_uploads.value_or(listed_max), 0, listed_max);
  std::vector<const UploadRow*> rows;
  for (const auto* entry : context.store.rows_of<UploadRow>((*bucket)->name)) {
    const UploadRow& row = entry->second;
    const bool is_behind = after.second.empty() ? row.name > after.first || after.first.empty()
                                                : std::pair(row.name, row.id) > after;
    if (row.name.starts_with(prefix) && is_behind) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(), [](const UploadRow* a, const UploadRow* b) {
    return std::tie(a->name, a->id) < std::tie(b->name, b->id);
  });
  ListMultipartUploadsOutput output;
  output.bucket = (*bucket)->name;
  output.prefix = prefix;
  output.key_marker = after.first;
  output.upload_id_marker = after.second;
  output.max_uploads = most;
  output.is_truncated = static_cast<std::int64_t>(rows.size()) > most;
  if (*output.is_truncated) rows.resize(static_cast<std::size_t>(most));
  for (const auto* row : rows) {
    if (!output.uploads) output.uploads.emplace();
    MultipartUpload upload;
    upload.upload_id = row->id;
    upload.key = row->name;
    upload.initiated = row->begun_at;
    upload.storage_class = row->properties.storage_class;
    upload.owner = Owner{{}, hex(sha256(context.settings.account))};
    upload.initiator = Initiator{hex(sha256(context.settings.account)), {}};
    output.uploads->push_back(std::move(upload));
  }
  if (*output.is_truncated && !rows.empty()) {
    output.next_key_marker = rows.back()->name;
    output.next_upload_id_marker = rows.back()->id;
  }
  return output;
}

}  // namespace berth::s3
