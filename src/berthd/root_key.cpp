#include "berthd/root_key.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/replace_file.h"
#include "berthd/random_bytes.h"
#include "services/sts/rows.h"

namespace berth {
namespace {

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
  if (auto written = replace_file(path, text); !written) return written.error();
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
                             {row->principal_arn, row->user_id, row->access_key_id, row->role_arn}};
}

}  // namespace berth
