// What berth keeps of S3: buckets with their settings, objects, and uploads in parts. The bytes are blobs
// (store/blob_files.h); rows say which.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/s3.h"
#include "services/context.h"
#include "store/blob_files.h"
#include "store/store.h"

namespace berth::s3 {

struct BucketRow {
  static constexpr const char* table = "s3.buckets";
  std::string name;
  Time created_at{};
  std::vector<Tag> tags;
  std::string versioning;  // Enabled | Suspended; empty: never set
  std::optional<ServerSideEncryptionConfiguration> encryption;
  std::optional<PublicAccessBlockConfiguration> public_access_block;
  std::optional<OwnershipControls> ownership_controls;
  std::string policy;

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(BucketRow, (),
                      (name, created_at, tags, versioning, encryption, public_access_block,
                       ownership_controls, policy))

// What a client says about an object besides its bytes.
struct ObjectProperties {
  std::string content_type;
  std::string cache_control;
  std::string content_disposition;
  std::string content_encoding;
  std::string content_language;
  std::optional<Time> expires;
  std::string redirect_location;
  std::string storage_class = "STANDARD";
  std::map<std::string, std::string> metadata;
  std::vector<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(ObjectProperties, (),
                      (content_type, cache_control, content_disposition, content_encoding, content_language,
                       expires, redirect_location, storage_class, metadata, tags))

struct ObjectRow {
  static constexpr const char* table = "s3.objects";
  std::string bucket;
  std::string name;  // AWS's key
  Time modified_at{};
  std::int64_t size_bytes = 0;
  std::string etag;  // without quotes
  std::vector<BlobSlice> slices;
  std::map<std::string, std::string> checksums;  // "CRC32" -> base64, with "-2" behind it of two parts
  std::int64_t parts = 0;                        // that it was uploaded in; 0: in one piece
  ObjectProperties properties;

  // A bucket's name has no `/`.
  static std::string key_of(std::string_view bucket, std::string_view name);
  std::string key() const { return key_of(bucket, name); }
  const std::string& belongs_to() const { return bucket; }
};
BOOST_DESCRIBE_STRUCT(ObjectRow, (),
                      (bucket, name, modified_at, size_bytes, etag, slices, checksums, parts, properties))

struct UploadRow {
  static constexpr const char* table = "s3.uploads";
  std::string id;
  std::string bucket;
  std::string name;
  Time begun_at{};
  std::string checksum_algorithm;  // empty: none was asked for
  std::string checksum_type;       // COMPOSITE | FULL_OBJECT
  ObjectProperties properties;

  std::string key() const { return id; }
  const std::string& belongs_to() const { return bucket; }
};
BOOST_DESCRIBE_STRUCT(UploadRow, (),
                      (id, bucket, name, begun_at, checksum_algorithm, checksum_type, properties))

struct PartRow {
  static constexpr const char* table = "s3.parts";
  std::string upload;
  std::int64_t number = 0;
  Time modified_at{};
  std::int64_t size_bytes = 0;
  std::string etag;
  std::vector<BlobSlice> slices;
  std::map<std::string, std::string> checksums;

  static std::string key_of(std::string_view upload, std::int64_t number);
  std::string key() const { return key_of(upload, number); }
  const std::string& belongs_to() const { return upload; }
};
BOOST_DESCRIBE_STRUCT(PartRow, (), (upload, number, modified_at, size_bytes, etag, slices, checksums))

void add_tables(Store& store);

std::string bucket_arn(std::string_view bucket);

const ObjectRow* find_object(const Store& store, std::string_view bucket, std::string_view name);

// In a transaction. An object that was there goes, with its bytes.
void put_object_row(Store& store, ObjectRow row);
void erase_object_row(Store& store, const ObjectRow& row);
void put_part_row(Store& store, PartRow row);
void erase_upload(Store& store, const std::string& id);

// `size_bytes` from `offset`, of what the slices are together.
std::vector<BlobSlice> part_of(const std::vector<BlobSlice>& slices, std::int64_t offset,
                               std::int64_t size_bytes);

}  // namespace berth::s3
