// What the gateway must know of an access key. Where keys are kept is not its business.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "loop/time.h"
#include "services/context.h"

namespace berth::gateway {

struct Credential {
  std::string secret_access_key;
  std::string session_token;       // empty: a lasting key
  std::optional<Time> expires_at;  // by the real clock
  Principal principal;
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  virtual std::optional<Credential> find(std::string_view access_key_id) const = 0;
};

enum class AuthMode {
  signed_only,  // a valid signature with a key of berth's
  test,         // also the key `test` with the secret `test`
  any,          // whatever is sent, or nothing: the caller is the account's root
};

}  // namespace berth::gateway
