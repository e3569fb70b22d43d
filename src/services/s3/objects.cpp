// S3: putting, copying and deleting objects, and their tags.
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

constexpr std::size_t deleted_at_once_max = 1000;
constexpr std::int64_t copied_bytes_max = std::int64_t{5} << 30;

Result<ObjectRow*> edit_object(Context& context, const std::optional<std::string>& bucket,
                               const std::optional<std::string>& key) {
  if (const auto found = find_bucket(context, bucket); !found) return found.error();
  auto* row = context.store.edit<ObjectRow>(ObjectRow::key_of(*bucket, key.value_or("")));
  if (!row) return no_such_key(key.value_or(""));
  return row;
}

Result<> check_version(const std::optional<std::string>& version) {
  if (version.value_or("null") == "null") return {};
  return not_implemented("versions of objects");
}

void erase_if_there(Store& store, const std::string& bucket, const std::string& key) {
  if (const auto* row = find_object(store, bucket, key)) erase_object_row(store, ObjectRow(*row));
}

// What a copy says of itself: the source's own properties unless the request replaces them.
Result<ObjectProperties> copied_properties(const CopyObjectRequest& input, const ObjectRow& source) {
  ObjectProperties properties = source.properties;
  const std::string metadata = input.metadata_directive.value_or("COPY");
  const std::string tagging = input.tagging_directive.value_or("COPY");
  for (const auto& directive : {metadata, tagging}) {
    if (directive != "COPY" && directive != "REPLACE") {
      return invalid_argument("Unknown metadata directive.", "x-amz-metadata-directive", directive);
    }
  }
  auto wanted = properties_of(input);
  if (!wanted) return wanted.error();
  if (metadata == "REPLACE") {
    const auto tags = properties.tags;
    properties = *wanted;
    properties.tags = tags;
  }
  if (tagging == "REPLACE") properties.tags = wanted->tags;
  properties.storage_class = wanted->storage_class;
  return properties;
}

bool changes_nothing(const CopyObjectRequest& input, const ObjectRow& source) {
  return source.bucket == *input.bucket && source.name == *input.key &&
         input.metadata_directive.value_or("COPY") == "COPY" &&
         input.tagging_directive.value_or("COPY") == "COPY" && !input.storage_class &&
         !input.website_redirect_location && !input.server_side_encryption;
}

}  // namespace

Result<PutObjectOutput> put_object(Context& context, const PutObjectRequest& input) {
  if (const auto bucket = find_bucket(context, input.bucket); !bucket) return bucket.error();
  if (auto checked = check_key(input.key); !checked) return checked.error();
  if (input.write_offset_bytes) return not_implemented("appending to objects");
  if (!context.received) return not_implemented("objects without a disk");
  const auto* before = find_object(context.store, *input.bucket, *input.key);
  auto writable = check_write(input.if_match, input.if_none_match, *input.key, before);
  if (!writable) return writable.error();
  auto properties = properties_of(input);
  if (!properties) return properties.error();
  const ReceivedObject& received = *context.received;
  ObjectRow row{.bucket = *input.bucket,
                .name = *input.key,
                .modified_at = context.now(),
                .size_bytes = received.size_bytes,
                .etag = hex(received.md5),
                .slices = {{received.blob, 0, received.size_bytes}},
                .checksums = received.checksums,
                .properties = std::move(*properties)};
  PutObjectOutput output;
  output.e_tag = quoted(row.etag);
  set_checksums(row.checksums, output);
  if (!row.checksums.empty()) output.checksum_type = "FULL_OBJECT";
  put_object_row(context.store, std::move(row));
  return output;
}

Result<CopyObjectOutput> copy_object(Context& context, const CopyObjectRequest& input) {
  if (const auto bucket = find_bucket(context, input.bucket); !bucket) return bucket.error();
  if (auto checked = check_key(input.key); !checked) return checked.error();
  const auto source = find_copy_source(context, input);
  if (!source) return source.error();
  if (changes_nothing(input, **source)) {
    return invalid_request(
        "This copy request is illegal because it is trying to copy an object to itself without "
        "changing the object's metadata, storage class, website redirect location or encryption "
        "attributes.");
  }
  if ((*source)->size_bytes > copied_bytes_max) {
    return invalid_request(
        "The specified copy source is larger than the maximum allowable size for a copy "
        "source: 5368709120");
  }
  const auto* before = find_object(context.store, *input.bucket, *input.key);
  auto writable = check_write(input.if_match, input.if_none_match, *input.key, before);
  if (!writable) return writable.error();
  auto properties = copied_properties(input, **source);
  if (!properties) return properties.error();
  ObjectRow row = **source;  // the same bytes, which both hold from now on
  row.bucket = *input.bucket;
  row.name = *input.key;
  row.modified_at = context.now();
  row.properties = std::move(*properties);
  CopyObjectOutput output;
  auto& result = output.copy_object_result.emplace();
  result.e_tag = quoted(row.etag);
  result.last_modified = row.modified_at;
  set_checksums(row.checksums, result);
  put_object_row(context.store, std::move(row));
  return output;
}

Result<DeleteObjectOutput> delete_object(Context& context, const DeleteObjectRequest& input) {
  if (const auto bucket = find_bucket(context, input.bucket); !bucket) return bucket.error();
  if (auto checked = check_version(input.version_id); !checked) return checked.error();
  const auto* row = find_object(context.store, *input.bucket, *input.key);
  if (input.if_match) {
    auto writable = check_write(input.if_match, {}, *input.key, row);
    if (!writable) return writable.error();
  }
  erase_if_there(context.store, *input.bucket, *input.key);
  return DeleteObjectOutput{};
}

// What is not there is deleted already.
Result<DeleteObjectsOutput> delete_objects(Context& context, const DeleteObjectsRequest& input) {
  if (const auto bucket = find_bucket(context, input.bucket); !bucket) return bucket.error();
  const auto& objects = services::list_of(input.delete_->objects);
  if (objects.empty() || objects.size() > deleted_at_once_max) return malformed_xml();
  DeleteObjectsOutput output;
  for (const auto& object : objects) {
    const std::string key = object.key.value_or("");
    if (auto checked = check_version(object.version_id); !checked) {
      const berth::Error& error = checked.error();
      if (!output.errors) output.errors.emplace();
      output.errors->push_back(
          {.key = key, .version_id = object.version_id, .code = error.code, .message = error.message});
      continue;
    }
    erase_if_there(context.store, *input.bucket, key);
    if (input.delete_->quiet.value_or(false)) continue;
    if (!output.deleted) output.deleted.emplace();
    output.deleted->push_back(
        {.key = key, .version_id = {}, .delete_marker = {}, .delete_marker_version_id = {}});
  }
  return output;
}

Result<GetObjectTaggingOutput> get_object_tagging(Context& context, const GetObjectTaggingRequest& input) {
  if (auto checked = check_version(input.version_id); !checked) return checked.error();
  const auto bucket = find_bucket(context, input.bucket);
  if (!bucket) return bucket.error();
  const auto* row = find_object(context.store, *input.bucket, *input.key);
  if (!row) return no_such_key(*input.key);
  GetObjectTaggingOutput output;
  output.tag_set = row->properties.tags;
  return output;
}

Result<PutObjectTaggingOutput> put_object_tagging(Context& context, const PutObjectTaggingRequest& input) {
  if (auto checked = check_version(input.version_id); !checked) return checked.error();
  const auto row = edit_object(context, input.bucket, input.key);
  if (!row) return row.error();
  const auto& tags = services::list_of(input.tagging->tag_set);
  if (auto checked = check_tags(tags, object_tags_max); !checked) return checked.error();
  (*row)->properties.tags = tags;
  return PutObjectTaggingOutput{};
}

Result<DeleteObjectTaggingOutput> delete_object_tagging(Context& context,
                                                        const DeleteObjectTaggingRequest& input) {
  if (auto checked = check_version(input.version_id); !checked) return checked.error();
  const auto row = edit_object(context, input.bucket, input.key);
  if (!row) return row.error();
  (*row)->properties.tags.clear();
  return DeleteObjectTaggingOutput{};
}

}  // namespace berth::s3
