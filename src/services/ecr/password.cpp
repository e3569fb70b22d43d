#include "services/ecr/password.h"

#include <algorithm>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"

namespace berth::ecr {
namespace {

constexpr const char* token_header = R"({"alg":"HS256","typ":"JWT"})";

std::string base64url(std::string_view bytes) {
  std::string text = base64(bytes);
  text.resize(text.find_last_not_of('=') + 1);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> from_base64url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text.push_back('=');
  return from_base64(text);
}

std::string signature_of(std::string_view key, std::string_view signed_part) {
  return base64url(as_bytes(hmac_sha256(key, signed_part)));
}

Error unauthorized() {
  return {"UNAUTHORIZED", "Not Authorized", 401};
}

}  // namespace

std::string make_password(std::string_view key, std::string_view principal_arn, Time expires_at) {
  const json::object claims{{"sub", principal_arn}, {"exp", unix_seconds(expires_at)}};
  const std::string signed_part = base64url(token_header) + "." + base64url(json::serialize(claims));
  return signed_part + "." + signature_of(key, signed_part);
}

Result<std::string> check_password(std::string_view key, std::string_view password, Time real_now) {
  const auto last_dot = password.rfind('.');
  if (last_dot == std::string_view::npos) return unauthorized();
  const std::string_view signed_part = password.substr(0, last_dot);
  if (!equal_in_constant_time(password.substr(last_dot + 1), signature_of(key, signed_part))) {
    return unauthorized();
  }
  const auto claims_text = from_base64url(std::string(signed_part.substr(signed_part.find('.') + 1)));
  json::value claims;
  JsonError problem;
  if (!claims_text || !parse_json(*claims_text, claims, problem)) return unauthorized();
  const json::value* expires_s = find(claims, "exp");
  if (expires_s == nullptr || !expires_s->is_int64()) return unauthorized();
  if (from_unix_seconds(expires_s->as_int64()) <= real_now) {
    return Error{"DENIED", "Your authorization token has expired. Reauthenticate and try again.", 403};
  }
  return string_or(claims, "sub");
}

Result<std::string> check_authorization(std::string_view key, std::string_view header, Time real_now) {
  constexpr std::string_view scheme = "basic ";
  if (lower(header.substr(0, scheme.size())) != scheme) return unauthorized();
  const auto pair = from_base64(trim(header.substr(scheme.size())));
  if (!pair) return unauthorized();
  const auto colon = pair->find(':');
  if (pair->substr(0, colon) != registry_user || colon == std::string::npos) return unauthorized();
  return check_password(key, std::string_view(*pair).substr(colon + 1), real_now);
}

}  // namespace berth::ecr
