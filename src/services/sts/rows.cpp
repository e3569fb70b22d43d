#include "services/sts/rows.h"

#include <fmt/format.h>

#include "base/arn.h"
#include "base/digest.h"
#include "loop/rng.h"

namespace berth::sts {
namespace {

std::string random_secret(Rng& rng, std::size_t bytes) {
  std::string raw;
  while (raw.size() < bytes) raw.push_back(static_cast<char>(rng.below(256)));
  return base64(raw);
}

}  // namespace

void add_tables(Store& store) { store.add<CredentialRow>(); }

CredentialRow issue_role_credentials(Store& store, Rng& rng, const std::string& role_arn,
                                     const std::string& role_id, const std::string& session_name,
                                     Time expires_at) {
  const auto arn = parse_arn(role_arn);
  CredentialRow row;
  row.access_key_id = "ASIA" + random_alphanumeric(rng, 16);
  row.secret_access_key = random_secret(rng, 30);
  row.session_token = random_secret(rng, 192);
  row.role_arn = role_arn;
  row.principal_arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", arn ? arn->account : "",
                                  last_part(role_arn), session_name);
  row.user_id = role_id + ":" + session_name;
  row.expires_at = expires_at;
  store.put(row);
  return row;
}

void erase_expired(Store& store, Time real_now) {
  std::vector<std::string> expired;
  for (const auto& [key, row] : store.all<CredentialRow>()) {
    if (row.expires_at && *row.expires_at < real_now) expired.push_back(key);
  }
  for (const auto& key : expired) store.erase<CredentialRow>(key);
}

}  // namespace berth::sts
