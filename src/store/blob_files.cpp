#include "store/blob_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/check.h"
#include "base/log.h"

namespace berth {
namespace {

constexpr const char* draft_suffix = ".new";

Error blob_unavailable(const std::string& what) {
  return {"StoreUnavailable", what};
}

std::string failure_of(const std::string& path) {
  return fmt::format("Cannot write {}: {}", path, std::strerror(errno));
}

bool sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  return synced;
}

}  // namespace

void hold_blob(Store& store, const std::string& name, std::int64_t size_bytes) {
  if (auto* row = store.edit<BlobRow>(name)) {
    ++row->holders;
  } else {
    store.put(BlobRow{name, size_bytes, 1});
  }
}

void release_blob(Store& store, const std::string& name) {
  auto* row = store.edit<BlobRow>(name);
  BERTH_CHECK(row != nullptr);
  if (--row->holders == 0) store.erase<BlobRow>(name);
}

BlobWriter::BlobWriter(std::string name, std::string draft, std::string path)
    : name_(std::move(name)), draft_(std::move(draft)), path_(std::move(path)) {
  file_ = ::open(draft_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file_ < 0) failure_ = failure_of(draft_);
}

BlobWriter::~BlobWriter() {
  if (file_ >= 0) ::close(file_);
  if (kept_) return;
  ::unlink(draft_.c_str());
  ::unlink(path_.c_str());
}

void BlobWriter::write(std::string_view bytes) {
  while (!bytes.empty() && failure_.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      failure_ = failure_of(draft_);
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_bytes_ += written;
  }
}

Result<> BlobWriter::sync() {
  if (failure_.empty() && ::fsync(file_) != 0) failure_ = failure_of(draft_);
  if (failure_.empty() && ::rename(draft_.c_str(), path_.c_str()) != 0) failure_ = failure_of(path_);
  if (failure_.empty() && !sync_folder_of(path_)) failure_ = failure_of(path_);
  if (!failure_.empty()) return blob_unavailable(failure_);
  return {};
}

BlobReader::BlobReader(BlobFiles& files, std::vector<BlobSlice> slices)
    : files_(files), slices_(std::move(slices)) {
  for (const auto& slice : slices_) {
    files_.pin(slice.blob);
    size_bytes_ += slice.size_bytes;
  }
}

BlobReader::~BlobReader() {
  if (file_ >= 0) ::close(file_);
  for (const auto& slice : slices_) files_.unpin(slice.blob);
}

bool BlobReader::open_next() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  if (next_ == slices_.size()) return false;
  const BlobSlice& slice = slices_[next_++];
  file_ = ::open(files_.path_of(slice.blob).c_str(), O_RDONLY | O_CLOEXEC);
  at_ = slice.offset;
  left_ = slice.size_bytes;
  if (file_ < 0) log::error("Cannot read {}: {}", files_.path_of(slice.blob), std::strerror(errno));
  return file_ >= 0;
}

std::string BlobReader::read(std::size_t bytes_max) {
  while (left_ == 0) {
    if (!open_next()) return {};
  }
  std::string piece(std::min(bytes_max, static_cast<std::size_t>(left_)), '\0');
  const ssize_t got = ::pread(file_, piece.data(), piece.size(), at_);
  piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  at_ += static_cast<std::int64_t>(piece.size());
  left_ -= static_cast<std::int64_t>(piece.size());
  return piece;
}

BlobFiles::BlobFiles(Store& store, const std::string& data_dir)
    : store_(store),
      folder_(data_dir + "/blobs"),
      watch_(store.watch([this](const Changes& changes) { on_changes(changes); })) {}

BlobFiles::~BlobFiles() {
  store_.stop_watching(watch_);
}

Result<> BlobFiles::collect() {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return blob_unavailable(fmt::format("Cannot make {}: {}", folder_, error.message()));
  fs::permissions(folder_, fs::perms::owner_all, error);
  std::vector<fs::path> left;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    if (!store_.find<BlobRow>(at->path().filename().string())) left.push_back(at->path());
  }
  for (const auto& path : left) fs::remove(path, error);
  if (!left.empty()) log::info("{} files of unfinished uploads removed", left.size());
  return {};
}

std::shared_ptr<BlobWriter> BlobFiles::write(const std::string& name) {
  return std::shared_ptr<BlobWriter>(new BlobWriter(name, path_of(name) + draft_suffix, path_of(name)));
}

std::shared_ptr<BlobReader> BlobFiles::read(std::vector<BlobSlice> slices) {
  return std::shared_ptr<BlobReader>(new BlobReader(*this, std::move(slices)));
}

Result<std::string> BlobFiles::read_text(const std::vector<BlobSlice>& slices) {
  const auto reader = read(slices);
  const auto size = static_cast<std::size_t>(reader->size_bytes());
  std::string text;
  while (text.size() < size) {
    const std::string piece = reader->read(size - text.size());
    if (piece.empty()) return blob_unavailable("A stored object cannot be read");
    text += piece;
  }
  return text;
}

void BlobFiles::on_changes(const Changes& changes) {
  for (const auto& [name, before] : changes.rows<BlobRow>()) {
    if (store_.find<BlobRow>(name)) continue;
    if (pins_.contains(name)) {
      doomed_.insert(name);
    } else {
      ::unlink(path_of(name).c_str());
    }
  }
}

void BlobFiles::pin(const std::string& name) {
  ++pins_[name];
}

void BlobFiles::unpin(const std::string& name) {
  const auto found = pins_.find(name);
  if (--found->second > 0) return;
  pins_.erase(found);
  if (doomed_.erase(name) > 0) ::unlink(path_of(name).c_str());
}

}  // namespace berth
