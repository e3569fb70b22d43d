// BlobFiles: bytes that are too large for rows, as files of the data folder that are written once and never
// changed. A row names each (a blob's row holds it, see BlobRow): a file without one is what a killed daemon
// left, and collect() takes it away.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace berth {

// As long as the row is there, so is the file. `holders`: how many rows of services are made of it.
struct BlobRow {
  static constexpr const char* table = "store.blobs";
  std::string name;
  std::int64_t size_bytes = 0;
  std::int64_t holders = 0;

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(BlobRow, (), (name, size_bytes, holders))

// In a transaction: one row more, or one fewer, is made of the blob.
void hold_blob(Store& store, const std::string& name, std::int64_t size_bytes);
void release_blob(Store& store, const std::string& name);

// A part of a blob.
struct BlobSlice {
  std::string blob;
  std::int64_t offset = 0;
  std::int64_t size_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(BlobSlice, (), (blob, offset, size_bytes))

class BlobFiles;

// A file that becomes a blob. Destroyed before keep(), it leaves nothing.
class BlobWriter {
 public:
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  // Once something has failed, the rest is thrown away.
  void write(std::string_view bytes);
  // Puts the bytes on the disk, under the blob's name; any thread. StoreUnavailable: they are not there.
  Result<> sync();
  // Its row is committed: the file stays.
  void keep() { kept_ = true; }

  const std::string& name() const { return name_; }
  std::int64_t size_bytes() const { return size_bytes_; }

 private:
  friend class BlobFiles;
  BlobWriter(std::string name, std::string draft, std::string path);

  std::string name_;
  std::string draft_;
  std::string path_;
  int file_ = -1;
  std::int64_t size_bytes_ = 0;
  std::string failure_;
  bool kept_ = false;
};

// Reads slices one after another.
class BlobReader {
 public:
  ~BlobReader();
  BlobReader(const BlobReader&) = delete;
  BlobReader& operator=(const BlobReader&) = delete;

  std::int64_t size_bytes() const { return size_bytes_; }
  // The next bytes, at most `bytes_max`; empty at the end, or where the disk fails.
  std::string read(std::size_t bytes_max);

 private:
  friend class BlobFiles;
  BlobReader(BlobFiles& files, std::vector<BlobSlice> slices);
  bool open_next();

  BlobFiles& files_;
  std::vector<BlobSlice> slices_;
  std::size_t next_ = 0;
  int file_ = -1;
  std::int64_t at_ = 0;
  std::int64_t left_ = 0;  // of the open slice
  std::int64_t size_bytes_ = 0;
};

class BlobFiles {
 public:
  // Files go when their rows do. The store outlives it, and it every reader.
  BlobFiles(Store& store, const std::string& data_dir);
  ~BlobFiles();
  BlobFiles(const BlobFiles&) = delete;
  BlobFiles& operator=(const BlobFiles&) = delete;

  // Once, when the store is loaded and before the first writer: removes what no row names.
  Result<> collect();

  // `name` is a fresh one, of letters, digits and `-`.
  std::shared_ptr<BlobWriter> write(const std::string& name);
  // What it reads stays until it is gone, even when the rows go meanwhile.
  std::shared_ptr<BlobReader> read(std::vector<BlobSlice> slices);
  // All of it, or StoreUnavailable.
  Result<std::string> read_text(const std::vector<BlobSlice>& slices);

 private:
  friend class BlobReader;
  std::string path_of(const std::string& name) const { return folder_ + "/" + name; }
  void on_changes(const Changes& changes);
  void pin(const std::string& name);
  void unpin(const std::string& name);

  Store& store_;
  std::string folder_;
  int watch_;
  std::map<std::string, int> pins_;  // by readers
  std::set<std::string> doomed_;     // their rows are gone, readers are not
};

}  // namespace berth
