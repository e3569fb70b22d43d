// S3's errors that several operations have, in its words. (S3 has a shape named Error, so that ours needs its
// namespace here.)
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/result.h"

namespace berth::s3 {

inline berth::Error invalid_argument(const std::string& message, const std::string& name,
                                     const std::string& value) {
  return {"InvalidArgument", message, 400, {{"ArgumentName", name}, {"ArgumentValue", value}}};
}

inline berth::Error invalid_request(const std::string& message) {
  return {"InvalidRequest", message, 400};
}

inline berth::Error no_such_bucket(const std::string& name) {
  return {"NoSuchBucket", "The specified bucket does not exist", 404, {{"BucketName", name}}};
}

inline berth::Error no_such_key(const std::string& key) {
  return {"NoSuchKey", "The specified key does not exist.", 404, {{"Key", key}}};
}

inline berth::Error no_such_upload(const std::string& id) {
  return {"NoSuchUpload",
          "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
          "aborted "
          "or completed.",
          404,
          {{"UploadId", id}}};
}

inline berth::Error precondition_failed(const std::string& condition) {
  return {"PreconditionFailed",
          "At least one of the pre-conditions you specified did not hold",
          412,
          {{"Condition", condition}}};
}

inline berth::Error not_implemented(const std::string& what) {
  return {"NotImplemented",
          fmt::format("A header you provided implies functionality that is not implemented: {}", what), 501};
}

inline berth::Error malformed_xml() {
  return {"MalformedXML",
          "The XML you provided was not well-formed or did not validate against our published schema", 400};
}

}  // namespace berth::s3
