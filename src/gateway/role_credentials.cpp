#include "gateway/role_credentials.h"

#include "services/sts/rows.h"

namespace berth::gateway {
namespace {

// AWS: credentials of a task's role last six hours and are renewed before that.
constexpr Duration credentials_last = Duration::minutes(6 * 60);
constexpr Duration renewed_before_end = Duration::minutes(60);

}  // namespace

wire::Response json_response(int status, const json::value& body) {
  return {status, {{"Content-Type", "application/json"}}, json::serialize(body)};
}

wire::Response credentials_refusal(int status, std::string_view code, std::string_view message) {
  return json_response(status, json::object{{"code", code}, {"message", message}, {"HTTPErrorCode", status}});
}

wire::Response role_credentials(Store& store, Loop& loop, const iam::RoleRow& role,
                                const std::string& session) {
  const Time real_now = loop.real_now();
  sts::CredentialRow row;
  for (const auto& [key, credential] : store.all<sts::CredentialRow>()) {
    const bool of_session = credential.role_arn == role.arn && credential.user_id == role.id + ":" + session;
    if (of_session && *credential.expires_at - real_now > renewed_before_end) row = credential;
  }
  if (row.access_key_id.empty()) {
    const auto issued = store.transact([&]() -> Result<> {
      sts::erase_expired(store, real_now);
      row = sts::issue_role_credentials(store, loop.rng("secrets"), role.arn, role.id, session,
                                        real_now + credentials_last);
      return {};
    });
    if (!issued) return credentials_refusal(500, "InternalServerError", issued.error().message);
  }
  return json_response(200, json::object{{"RoleArn", row.role_arn},
                                         {"AccessKeyId", row.access_key_id},
                                         {"SecretAccessKey", row.secret_access_key},
                                         {"Token", row.session_token},
                                         {"Expiration", iso_s(*row.expires_at)}});
}

}  // namespace berth::gateway
