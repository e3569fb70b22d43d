// Security Token Service: who is calling, and temporary credentials of roles.
#include <fmt/format.h>

#include "handlers/sts.h"
#include "services/iam/authorization.h"
#include "services/sts/rows.h"

namespace berth::sts {
namespace {

constexpr std::int64_t session_duration_default_s = 3600;
constexpr std::int64_t session_duration_min_s = 900;

Time real_expiry(const Context& context, std::int64_t duration_s) {
  return context.loop.real_now() + Duration{duration_s * us_per_second};
}

// The role's trust policy must let the caller, and so must the caller's own policies, unless the trust policy
// names the caller itself. The account's root may all.
bool may_assume(const Context& context, const iam::RoleRow& role) {
  const Principal& caller = context.principal;
  if (caller.role_arn.empty()) return true;
  const control::PolicyPrincipal principal{context.settings.account, {caller.arn, caller.role_arn}, ""};
  if (!iam::trusts_principal(role, principal, false)) return false;
  if (iam::trusts_principal(role, principal, true)) return true;
  return iam::check_allowed(context.store, caller.role_arn, caller.arn, {"sts:AssumeRole", role.arn})
      .has_value();
}

Credentials describe(const CredentialRow& row) {
  Credentials credentials;
  credentials.access_key_id = row.access_key_id;
  credentials.secret_access_key = row.secret_access_key;
  credentials.session_token = row.session_token;
  credentials.expiration = row.expires_at;
  return credentials;
}

}  // namespace

Result<GetCallerIdentityResponse> get_caller_identity(Context& context, const GetCallerIdentityRequest&) {
  GetCallerIdentityResponse response;
  response.user_id = context.principal.user_id;
  response.account = context.settings.account;
  response.arn = context.principal.arn;
  return response;
}

Result<GetSessionTokenResponse> get_session_token(Context& context, const GetSessionTokenRequest& input) {
  if (!context.principal.role_arn.empty()) {
    return Error{"AccessDenied", "Cannot call GetSessionToken with session credentials", 403};
  }
  CredentialRow row = issue_role_credentials(
      context.store, context.ids(), context.principal.arn, context.principal.user_id, "session",
      real_expiry(context, input.duration_seconds.value_or(12 * session_duration_default_s)));
  row.principal_arn = context.principal.arn;
  row.user_id = context.principal.user_id;
  row.role_arn.clear();
  context.store.put(row);
  GetSessionTokenResponse response;
  response.credentials = describe(row);
  return response;
}

Result<AssumeRoleResponse> assume_role(Context& context, const AssumeRoleRequest& input) {
  const std::string role_arn = input.role_arn.value_or("");
  const auto* role = iam::find_role(context.store, role_arn);
  if (!role || role->arn != role_arn || !may_assume(context, *role)) {
    return Error{"AccessDenied",
                 fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                             context.principal.arn, role_arn),
                 403};
  }
  const std::int64_t duration_s = input.duration_seconds.value_or(session_duration_default_s);
  if (duration_s < session_duration_min_s || duration_s > role->max_session_duration_s) {
    return Error{"ValidationError",
                 "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."};
  }
  const std::string session = input.role_session_name.value_or("");
  const CredentialRow row = issue_role_credentials(context.store, context.ids(), role->arn, role->id, session,
                                                   real_expiry(context, duration_s));
  AssumeRoleResponse response;
  response.credentials = describe(row);
  response.assumed_role_user.emplace();
  response.assumed_role_user->arn = row.principal_arn;
  response.assumed_role_user->assumed_role_id = row.user_id;
  return response;
}

}  // namespace berth::sts
