// Amazon Resource Names: arn:<partition>:<service>:<region>:<account>:<resource>.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth {

struct Arn {
  std::string partition = "aws";
  std::string service;
  std::string region;
  std::string account;
  std::string resource;  // everything behind the fifth colon

  std::string text() const;
};

std::optional<Arn> parse_arn(std::string_view text);

// What stands behind the last `/` of an ARN or path; the whole text when there is none.
std::string_view last_part(std::string_view text);

}  // namespace berth
