// AWS's own managed policies, as far as roles of container services use them: their documents as AWS
// publishes them, less what concerns services that berth does not have. Others grant nothing here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::iam {

bool is_aws_policy(std::string_view arn);
// The document, or nullopt: not known.
std::optional<std::string> aws_policy_document(std::string_view arn);

}  // namespace berth::iam
