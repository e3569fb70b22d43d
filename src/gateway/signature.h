// What a request says about its own signature (AWS Signature Version 4), in a header or in the query of a
// presigned URL, and the request in the canonical form that was signed. It judges nothing: see
// authenticator.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "wire/wire.h"

namespace berth::gateway {

struct Scope {
  std::string date;  // 20250703
  std::string region;
  std::string service;

  std::string text() const { return date + "/" + region + "/" + service + "/aws4_request"; }
};

struct Signature {
  std::string access_key_id;
  Scope scope;
  std::string signed_headers;  // lower case, `;` between
  std::string signature;       // hex
  std::string date;            // 20250703T083406Z
  std::string session_token;
  bool presigned = false;
  std::optional<long long> expires_s;  // of a presigned URL
};

// nullopt: the request carries none. An error says what its parts lack, in AWS's words.
Result<std::optional<Signature>> read_signature(const wire::Request& request);

// The access key's scope alone, from a signature that may be incomplete.
std::optional<Scope> read_scope(const wire::Request& request);

// S3 takes the path as it is, and the body's hash from a header or not at all.
bool is_for_s3(const Signature& signature);

std::string canonical_request(const wire::Request& request, const Signature& signature);
std::string string_to_sign(const Signature& signature, std::string_view canonical);
// Of one piece of a body in aws-chunked, behind another or the request itself, and of its trailers.
std::string chunk_string_to_sign(const Signature& signature, std::string_view previous,
                                 std::string_view chunk_hash);
std::string trailer_string_to_sign(const Signature& signature, std::string_view previous,
                                   std::string_view trailers);
Sha256 signing_key(std::string_view secret_access_key, const Scope& scope);

}  // namespace berth::gateway
