// Signature Version 4 of one request to `/` without a query, which is all that an AWS JSON call needs.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "http_message.h"

namespace learner {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty for long-term keys
};

// Returns `headers` with x-amz-date, x-amz-security-token and authorization added. They and `host` are
// signed.
Headers sign(const Credentials& credentials, std::string_view region, std::string_view service,
             std::string_view host, Headers headers, std::string_view body, std::time_t now);

}  // namespace learner
