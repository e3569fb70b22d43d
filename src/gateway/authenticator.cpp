#include "gateway/authenticator.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace berth::gateway {
namespace {

constexpr Duration skew_max = Duration::minutes(5);
constexpr long long presigned_expires_s_max = 604800;
constexpr std::size_t cached_keys_max = 256;

Error refused(const char* code, std::string message, int status = 403) {
  return {code, std::move(message), status};
}

Error invalid_token() {
  return refused("InvalidClientTokenId", "The security token included in the request is invalid.");
}

std::string basic_iso(Time time) {
  return format_utc(time, "%Y%m%dT%H%M%SZ");
}

// 20250703T083406Z
std::optional<Time> parse_basic_iso(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t size) { return std::string(text.substr(at, size)); };
  return parse_iso(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" + part(9, 2) + ":" + part(11, 2) +
                   ":" + part(13, 2) + "Z");
}

Error wrong_region(const std::string& region, const std::string& expected) {
  return {"AuthorizationHeaderMalformed",
          fmt::format("The authorization header is malformed; the region '{}' is wrong; expecting '{}'",
                      region, expected),
          400,
          {{"Region", expected}}};
}

bool names_header(std::string_view signed_headers, std::string_view name) {
  const auto names = split(signed_headers, ';');
  return std::find(names.begin(), names.end(), name) != names.end();
}

// These two are one for the whole world and sign for us-east-1 whatever region the client is set to.
bool is_global(const model::Service& service) {
  return service.name == std::string_view("iam") || service.name == std::string_view("sts");
}

}  // namespace

Principal Authenticator::root() const {
  return {settings_.global_arn("iam", "root"), settings_.account, {}};
}

Result<Principal> Authenticator::authenticate(const wire::Request& request, const model::Service& service) {
  const auto found = read_signature(request);
  if (mode_ == AuthMode::any) {
    Principal caller = root();
    if (found && *found) caller.access_key_id = (*found)->access_key_id;
    return caller;
  }
  if (!found) return refused(found.error().code.c_str(), found.error().message, 400);
  if (!*found) return refused("MissingAuthenticationToken", "Request is missing Authentication Token");
  const Signature& signature = **found;
  if (auto fits = check_scope(signature, service); !fits) return fits.error();
  const auto credential = find_credential(signature);
  if (!credential) return credential.error();
  if (auto timely = check_time(signature); !timely) return timely.error();
  if (auto right = check_signature(request, signature, credential->secret_access_key); !right)
    return right.error();
  // Said last, so that only who holds the secret learns it.
  if (credential->expires_at && *credential->expires_at <= loop_.real_now()) {
    return refused("ExpiredToken", "The security token included in the request is expired");
  }
  Principal caller = credential->principal;
  caller.access_key_id = signature.access_key_id;
  return caller;
}

Result<> Authenticator::check_scope(const Signature& signature, const model::Service& service) const {
  const Scope& scope = signature.scope;
  if (scope.region != settings_.region && !is_global(service)) {
    if (is_for_s3(signature)) return wrong_region(scope.region, settings_.region);
    return refused("SignatureDoesNotMatch",
                   fmt::format("Credential should be scoped to a valid region, not '{}'. This berth is '{}'.",
                               scope.region, settings_.region));
  }
  if (!signature.date.starts_with(scope.date)) {
    return refused(
        "SignatureDoesNotMatch",
        fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                    "HTTP: '{}' != '{}', from '{}'.",
                    scope.date, signature.date.substr(0, 8), signature.date));
  }
  return {};
}

Result<Credential> Authenticator::find_credential(const Signature& signature) const {
  if (mode_ == AuthMode::test && signature.access_key_id == "test") return Credential{"test", {}, {}, root()};
  auto credential = credentials_.find(signature.access_key_id);
  if (!credential) return invalid_token();
  if (!equal_in_constant_time(credential->session_token, signature.session_token)) return invalid_token();
  return std::move(*credential);
}

Result<> Authenticator::check_time(const Signature& signature) const {
  const auto signed_at = parse_basic_iso(signature.date);
  if (!signed_at) {
    return refused("IncompleteSignature",
                   fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                               "http://en.wikipedia.org/wiki/ISO_8601",
                               signature.date),
                   400);
  }
  const Time now = loop_.real_now();
  const Duration good_for =
      signature.presigned
          ? Duration{std::clamp(signature.expires_s.value_or(0), 0ll, presigned_expires_s_max) *
                     us_per_second}
          : skew_max;
  if (*signed_at + good_for < now) {
    return refused("SignatureDoesNotMatch",
                   fmt::format("Signature expired: {} is now earlier than {} ({} - {} min.)", signature.date,
                               basic_iso(now - good_for), basic_iso(now), good_for.us / us_per_minute));
  }
  if (*signed_at > now + skew_max) {
    return refused("SignatureDoesNotMatch",
                   fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)",
                               signature.date, basic_iso(now + skew_max), basic_iso(now)));
  }
  return {};
}

Result<> Authenticator::check_signature(const wire::Request& request, const Signature& signature,
                                        const std::string& secret) {
  if (!names_header(signature.signed_headers, "host")) {
    return refused("SignatureDoesNotMatch",
                   "'Host' or ':authority' must be a 'SignedHeader' in the AWS "
                   "Authorization.");
  }
  const std::string text = string_to_sign(signature, canonical_request(request, signature));
  const std::string expected = hex(hmac_sha256(as_bytes(key_for(signature, secret)), text));
  if (equal_in_constant_time(expected, signature.signature)) return check_body(request, signature);
  return refused(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your AWS "
      "Secret Access Key and signing method. Consult the service documentation for details.");
}

// The signature holds for the hash that S3's requests bring; whether that is the body's is another question.
// What goes into a sink is hashed there.
Result<> Authenticator::check_body(const wire::Request& request, const Signature& signature) {
  if (!is_for_s3(signature)) return {};
  const auto given = request.header("x-amz-content-sha256");
  if (given.empty() && !signature.presigned) {
    return refused("InvalidRequest", "Missing required header for this request: x-amz-content-sha256", 400);
  }
  if (given.empty() || given == "UNSIGNED-PAYLOAD" || given.starts_with("STREAMING-")) return {};
  if (request.body.empty() || hex(sha256(request.body)) == given) return {};
  return refused("XAmzContentSHA256Mismatch",
                 "The provided 'x-amz-content-sha256' header does not match what was computed.", 400);
}

std::optional<Authenticator::SigningKey> Authenticator::key_of(const wire::Request& request) {
  const auto found = read_signature(request);
  if (mode_ == AuthMode::any || !found || !*found) return std::nullopt;
  const auto credential = find_credential(**found);
  if (!credential) return std::nullopt;
  return SigningKey{**found, key_for(**found, credential->secret_access_key)};
}

const Sha256& Authenticator::key_for(const Signature& signature, const std::string& secret) {
  const std::string name = signature.access_key_id + "/" + signature.scope.text();
  const auto found = keys_.find(name);
  if (found != keys_.end() && equal_in_constant_time(found->second.secret, secret)) return found->second.key;
  if (keys_.size() >= cached_keys_max) keys_.clear();
  CachedKey& cached = keys_[name];
  cached = {secret, signing_key(secret, signature.scope)};
  return cached.key;
}

namespace {

Error s3_auth_error(const Error& error) {
  if (error.code == "MissingAuthenticationToken") return refused("AccessDenied", "Access Denied");
  if (error.code == "IncompleteSignature") {
    return refused("AuthorizationHeaderMalformed", "The authorization header is malformed; " + error.message,
                   400);
  }
  if (error.code == "InvalidClientTokenId") {
    return refused("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.");
  }
  if (error.code == "ExpiredToken") return refused("ExpiredToken", "The provided token has expired.", 400);
  if (error.code != "SignatureDoesNotMatch") return error;
  if (error.message.starts_with("Signature expired") || error.message.starts_with("Signature not yet")) {
    return refused("RequestTimeTooSkewed",
                   "The difference between the request time and the current time is too large.");
  }
  return refused(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key "
      "and signing method.");
}

}  // namespace

Error auth_error(const Error& error, wire::Protocol protocol) {
  struct Spelling {
    const char* query;
    const char* json;
    const char* ec2;
  };
  static constexpr Spelling spellings[] = {
      {"MissingAuthenticationToken", "MissingAuthenticationTokenException", "MissingAuthenticationToken"},
      {"IncompleteSignature", "IncompleteSignatureException", "IncompleteSignature"},
      {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"},
      {"SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch"},
      {"ExpiredToken", "ExpiredTokenException", "RequestExpired"},
  };
  Error spelled = error;
  if (protocol == wire::Protocol::query) return spelled;
  if (protocol == wire::Protocol::rest_xml) return s3_auth_error(error);
  for (const Spelling& spelling : spellings) {
    if (error.code != spelling.query) continue;
    spelled.code = protocol == wire::Protocol::ec2 ? spelling.ec2 : spelling.json;
  }
  if (spelled.code == "AuthFailure") {
    spelled.message = "AWS was not able to validate the provided access credentials";
    spelled.status = 401;
  }
  return spelled;
}

}  // namespace berth::gateway
