// Says who sent a request: checks its signature against the keys that berth knows. Refusals are in AWS's
// words; their codes are Query's, and auth_error() spells them for the other protocols.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "gateway/credentials.h"
#include "gateway/signature.h"
#include "loop/loop.h"
#include "services/context.h"

namespace berth::gateway {

class Authenticator {
 public:
  Authenticator(const Loop& loop, const Settings& settings, const CredentialSource& credentials,
                AuthMode mode)
      : loop_(loop), settings_(settings), credentials_(credentials), mode_(mode) {}

  // `service` must have the scope's service among its signing names.
  Result<Principal> authenticate(const wire::Request& request, const model::Service& service);

  // The account itself.
  Principal root() const;

  // What the pieces of the body are signed with, of a request whose signature is good; nullopt where nothing
  // is checked.
  struct SigningKey {
    Signature signature;
    Sha256 key;
  };
  std::optional<SigningKey> key_of(const wire::Request& request);

 private:
  Result<> check_scope(const Signature& signature, const model::Service& service) const;
  Result<> check_time(const Signature& signature) const;
  Result<Credential> find_credential(const Signature& signature) const;
  Result<> check_signature(const wire::Request& request, const Signature& signature,
                           const std::string& secret);
  static Result<> check_body(const wire::Request& request, const Signature& signature);
  const Sha256& key_for(const Signature& signature, const std::string& secret);

  struct CachedKey {
    std::string secret;
    Sha256 key;
  };

  const Loop& loop_;
  const Settings& settings_;
  const CredentialSource& credentials_;
  AuthMode mode_;
  std::map<std::string, CachedKey, std::less<>> keys_;  // by key id and scope
};

// The refusal as the protocol of the call names it.
Error auth_error(const Error& error, wire::Protocol protocol);

}  // namespace berth::gateway
