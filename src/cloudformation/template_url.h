// Templates that a request names by URL: an object of this berth's S3, by any of AWS's names of it or by our
// own endpoint's.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "services/context.h"

namespace berth::cloudformation {

struct ObjectPlace {
  std::string bucket;
  std::string key;
};
// https://s3.amazonaws.com/bucket/key, https://bucket.s3.us-east-1.amazonaws.com/key,
// http://127.0.0.1:4566/bucket/key; an error for what is none of these.
Result<ObjectPlace> object_of_url(const Settings& settings, const std::string& url);

// The text, at most as long as a template may be.
Result<std::string> template_at(const Context& context, const std::string& url);

}  // namespace berth::cloudformation
