#include "base/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace berth {
namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t bytes = ::write(file, text.data(), text.size());
    if (bytes < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(bytes));
  }
  return true;
}

}  // namespace

Result<> replace_file(const std::string& path, std::string_view text) {
  const auto failure = [](const std::string& name) {
    return Error{"StoreUnavailable", fmt::format("Cannot write {}: {}", name, std::strerror(errno))};
  };
  const std::string draft = path + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failure(draft);
  Result<> outcome;
  if (!write_all(file, text) || ::fsync(file) != 0) outcome = failure(draft);
  ::close(file);
  if (!outcome) return outcome;
  if (std::rename(draft.c_str(), path.c_str()) != 0) return failure(path);
  return {};
}

}  // namespace berth
