#include "berthd/root_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/check.h"
#include "base/digest.h"
#include "base/text.h"
#include "services/sts/rows.h"

namespace berth {
namespace {

std::string credentials_path(const std::string& data_dir) { return data_dir + "/credentials"; }

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  BERTH_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

std::optional<RootKey> read_key(const std::string& path) {
  std::ifstream file(path);
  RootKey key;
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    const auto name = trim(std::string_view(line).substr(0, equals));
    const auto value = trim(std::string_view(line).substr(equals + 1));
    if (name == "aws_access_key_id") key.access_key_id = value;
    if (name == "aws_secret_access_key") key.secret_access_key = value;
  }
  if (key.access_key_id.empty() || key.secret_access_key.empty()) return std::nullopt;
  return key;
}

RootKey make_key() {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  RootKey key{"AKIA", base64(random_bytes(30))};
  for (const char byte : random_bytes(16)) key.access_key_id.push_back(alphabet[static_cast<unsigned char>(byte) % 32]);
  return key;
}

}  // namespace

Result<RootKey> read_or_make_root_key(const std::string& data_dir) {
  const std::string path = credentials_path(data_dir);
  if (auto key = read_key(path)) return *key;
  const RootKey key = make_key();
  const std::string text = fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                                       key.access_key_id, key.secret_access_key);
  // Written beside and moved, so that a kill leaves either no key or a whole one.
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Error{"StoreUnavailable", fmt::format("Cannot write {}: {}", fresh, std::strerror(errno))};
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
  return gateway::Credential{row->secret_access_key, row->session_token, row->expires_at,
                             {row->principal_arn, row->user_id, row->access_key_id}};
}

}  // namespace berth
