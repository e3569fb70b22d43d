// The registry's password: a JSON Web Token signed with the registry's key, which names who asked for it and
// ends after twelve hours, as ECR's do. It is not kept anywhere; whoever has the key can check it, the
// registry's front too.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "loop/time.h"

namespace berth::ecr {

inline constexpr const char* registry_user = "AWS";
inline constexpr Duration password_life = Duration::minutes(12 * 60);

// `expires_at` by the real clock, which clients compare it with.
std::string make_password(std::string_view key, std::string_view principal_arn, Time expires_at);

// The principal that it was given to. The error is the registry's: UNAUTHORIZED (401) or, expired, DENIED
// (403).
Result<std::string> check_password(std::string_view key, std::string_view password, Time real_now);

// The same for the value of an Authorization header.
Result<std::string> check_authorization(std::string_view key, std::string_view header, Time real_now);

}  // namespace berth::ecr
