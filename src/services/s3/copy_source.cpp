#include "services/s3/copy_source.h"

#include "base/digest.h"
#include "services/s3/buckets.h"
#include "services/s3/errors.h"

namespace berth::s3 {

// "/bucket/key?versionId=..." or without the first slash, percent-encoded.
Result<const ObjectRow*> find_source(const Context& context, const std::string& source) {
  std::string_view path = source;
  const auto version = path.find("?versionId=");
  if (version != path.npos && path.substr(version) != "?versionId=null") {
    return not_implemented("versions of objects");
  }
  path = path.substr(0, version);
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::string decoded = percent_decode(path).value_or("");
  const auto slash = decoded.find('/');
  if (slash == std::string::npos || slash + 1 == decoded.size()) {
    return invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                            "x-amz-copy-source", source);
  }
  const std::string bucket = decoded.substr(0, slash), key = decoded.substr(slash + 1);
  if (const auto found = find_bucket(context, bucket); !found) return found.error();
  const auto* row = find_object(context.store, bucket, key);
  if (!row) return no_such_key(key);
  return row;
}

// A copy has no "not modified": whatever does not hold is a failed precondition.
Result<> check_copy(const Conditions& conditions, const ObjectRow& row) {
  auto checked = check_read(conditions, row);
  if (!checked && checked.error().code == "NotModified") return precondition_failed("x-amz-copy-source-If-");
  return checked;
}

}  // namespace berth::s3
