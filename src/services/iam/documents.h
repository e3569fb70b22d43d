// Policy documents: checked as JSON when they come in, percent-encoded when they go out, as IAM does.
#pragma once

#include <string>

#include "base/result.h"
#include "services/paging.h"
#include "store/store.h"

namespace berth::iam {

// MalformedPolicyDocument unless `text` is a JSON object with a Statement.
Result<> check_policy_document(const std::string& text);

Error no_such_role(const std::string& name);
Error no_such_policy(const std::string& arn);
// Whether a role may name the policy: one of the store's, or one of AWS's own, whose documents berth does not
// carry.
bool is_policy(const Store& store, const std::string& arn);

// What CreateX calls accept as a page size, and how a list says that there is more.
inline constexpr std::int64_t page_items_default = 100;
inline constexpr services::BadToken bad_marker{"ValidationError", "Invalid Marker."};

}  // namespace berth::iam
