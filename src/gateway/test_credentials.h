// Keys that the tests of this folder sign with.
#pragma once

#include "gateway/credentials.h"
#include "gateway/signature.h"

namespace berth::gateway {

class TestCredentials final : public CredentialSource {
 public:
  std::optional<Credential> find(std::string_view access_key_id) const override {
    if (access_key_id == "AKIDEXAMPLE") {
      return Credential{"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                        {},
                        {},
                        {"arn:aws:iam::123456789012:root", "123456789012", {}}};
    }
    if (access_key_id == "ASIAEXAMPLE") {
      return Credential{"secret2",
                        "the/session+token==",
                        expires_at,
                        {"arn:aws:sts::123456789012:assumed-role/r/s", "AROA:s", {}}};
    }
    return std::nullopt;
  }

  std::optional<Time> expires_at{};
};

// Signs as a client does. The request has its Host already.
inline void sign(wire::Request& request, const std::string& service, Time at) {
  Signature signature;
  signature.access_key_id = "AKIDEXAMPLE";
  signature.date = format_utc(at, "%Y%m%dT%H%M%SZ");
  signature.scope = {signature.date.substr(0, 8), "us-east-1", service};
  signature.signed_headers = "host;x-amz-date";
  request.headers.emplace_back("x-amz-date", signature.date);
  const auto secret = TestCredentials().find(signature.access_key_id)->secret_access_key;
  const std::string text = string_to_sign(signature, canonical_request(request, signature));
  const std::string digest = hex(hmac_sha256(as_bytes(signing_key(secret, signature.scope)), text));
  request.headers.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + signature.access_key_id +
                                                    "/" + signature.scope.text() + ", SignedHeaders=" +
                                                    signature.signed_headers + ", Signature=" + digest);
}

}  // namespace berth::gateway
