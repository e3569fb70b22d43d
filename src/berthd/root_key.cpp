#include "berthd/root_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/digest.h"
#include "services/sts/rows.h"

namespace berth {
namespace {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  BERTH_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

RootKey make_key() {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  RootKey key{"AKIA", base64(random_bytes(30))};
  for (const char byte : random_bytes(16))
    key.access_key_id.push_back(alphabet[static_cast<unsigned char>(byte) % 32]);
  return key;
}

}  // namespace

Result<RootKey> read_or_make_root_key(const std::string& data_dir) {
  const std::string path = credentials_path(data_dir);
  if (auto key = read_root_key(data_dir)) return *key;
  const RootKey key = make_key();
  const std::string text = fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                                       key.access_key_id, key.secret_access_key);
  // Written beside and moved, so that a kill leaves either no key or a whole one.
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0)
    return Error{"StoreUnavailable", fmt::format("Cannot write {}: {}", fresh, std::strerror(errno))};
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool kept = written && ::fsync(file) == 0;
  ::close(file);
  if (!kept || ::rename(fresh.c_str(), path.c_str()) != 0) {
    return Error{"StoreUnavailable", fmt::format("Cannot write {}: {}", path, std::strerror(errno))};
  }
  return key;
}

std::optional<gateway::Credential> Credentials::find(std::string_view access_key_id) const {
  if (access_key_id == root_.access_key_id) {
    return gateway::Credential{root_.secret_access_key, {}, {}, root_principal_};
  }
  const auto* row = store_.find<sts::CredentialRow>(access_key_id);
  if (!row) return std::nullopt;
  return gateway::Credential{row->secret_access_key,
                             row->session_token,
                             row->expires_at,
                             {row->principal_arn, row->user_id, row->access_key_id}};
}

}  // namespace berth
