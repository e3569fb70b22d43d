// Credentials that berth has given out: the root key of the account and temporary ones of roles.
#pragma once

#include <optional>
#include <string>

#include "loop/rng.h"
#include "store/store.h"

namespace berth::sts {

struct CredentialRow {
  static constexpr const char* table = "sts.credentials";
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;       // empty: a lasting key
  std::string principal_arn;       // arn:aws:sts::123456789012:assumed-role/<role>/<session>
  std::string user_id;
  std::string role_arn;            // of the assumed role; empty for the root key
  std::optional<Time> expires_at;  // by the real clock, which clients compare it with

  std::string key() const { return access_key_id; }
};
BOOST_DESCRIBE_STRUCT(CredentialRow, (),
                      (access_key_id, secret_access_key, session_token, principal_arn, user_id, role_arn,
                       expires_at))

void add_tables(Store& store);

// New temporary credentials of a role, kept in the store. Inside a transaction.
CredentialRow issue_role_credentials(Store& store, Rng& rng, const std::string& role_arn,
                                     const std::string& role_id, const std::string& session_name,
                                     Time expires_at);

// Erases credentials that expired before `real_now`. Inside a transaction.
void erase_expired(Store& store, Time real_now);

}  // namespace berth::sts
