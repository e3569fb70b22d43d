#include "services/s3/rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::s3 {
namespace {

void hold(Store& store, const std::vector<BlobSlice>& slices) {
  for (const auto& slice : slices) hold_blob(store, slice.blob, slice.offset + slice.size_bytes);
}

void release(Store& store, const std::vector<BlobSlice>& slices) {
  for (const auto& slice : slices) release_blob(store, slice.blob);
}

// The new bytes are held before the old ones go: they may be the same.
template <class Row>
void replace_row(Store& store, Row row) {
  hold(store, row.slices);
  if (const auto* before = store.find<Row>(row.key())) release(store, std::vector(before->slices));
  store.put(std::move(row));
}

}  // namespace

std::string ObjectRow::key_of(std::string_view bucket, std::string_view name) {
  return fmt::format("{}/{}", bucket, name);
}

std::string PartRow::key_of(std::string_view upload, std::int64_t number) {
  return fmt::format("{}/{:05}", upload, number);
}

void add_tables(Store& store) {
  store.add<BlobRow>();
  store.add<BucketRow>();
  store.add<ObjectRow>();
  store.add<UploadRow>();
  store.add<PartRow>();
}

std::string bucket_arn(std::string_view bucket) {
  return fmt::format("arn:aws:s3:::{}", bucket);
}

const ObjectRow* find_object(const Store& store, std::string_view bucket, std::string_view name) {
  return store.find<ObjectRow>(ObjectRow::key_of(bucket, name));
}

void put_object_row(Store& store, ObjectRow row) {
  replace_row(store, std::move(row));
}

void erase_object_row(Store& store, const ObjectRow& row) {
  release(store, std::vector(row.slices));
  store.erase<ObjectRow>(row.key());
}

void put_part_row(Store& store, PartRow row) {
  replace_row(store, std::move(row));
}

void erase_upload(Store& store, const std::string& id) {
  std::vector<std::string> parts;
  for (const auto* entry : store.rows_of<PartRow>(id)) parts.push_back(entry->first);
  for (const auto& key : parts) {
    release(store, std::vector(store.find<PartRow>(key)->slices));
    store.erase<PartRow>(key);
  }
  store.erase<UploadRow>(id);
}

std::vector<BlobSlice> part_of(const std::vector<BlobSlice>& slices, std::int64_t offset,
                               std::int64_t size_bytes) {
  std::vector<BlobSlice> part;
  for (const auto& slice : slices) {
    if (size_bytes == 0) break;
    if (offset >= slice.size_bytes) {
      offset -= slice.size_bytes;
      continue;
    }
    const std::int64_t taken = std::min(slice.size_bytes - offset, size_bytes);
    part.push_back({slice.blob, slice.offset + offset, taken});
    size_bytes -= taken;
    offset = 0;
  }
  return part;
}

}  // namespace berth::s3
