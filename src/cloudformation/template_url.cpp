#include "cloudformation/template_url.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/text.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/template/template_reader.h"
#include "services/s3/rows.h"

namespace berth::cloudformation {
namespace {

Error not_supported_url() {
  return validation_error("TemplateURL must be a supported URL.");
}

Error s3_error(const std::string& message) {
  return validation_error(
      fmt::format("S3 error: {}\nFor more information check "
                  "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
                  message));
}

// "bucket." before "s3.amazonaws.com", "s3.eu-west-1.amazonaws.com" and "s3-eu-west-1.amazonaws.com";
// nullopt: no host of S3.
std::optional<std::string> bucket_of_host(const std::string& host) {
  constexpr std::string_view domain = ".amazonaws.com";
  if (!host.ends_with(domain)) return std::nullopt;
  const std::string name = "." + host.substr(0, host.size() - domain.size());
  const auto dotted = name.rfind(".s3."), dashed = name.rfind(".s3-");
  std::size_t at = name.ends_with(".s3") ? name.size() - 3 : dotted;
  if (at == std::string::npos) at = dashed;
  if (at == std::string::npos) return std::nullopt;
  return at == 0 ? std::string() : name.substr(1, at - 1);
}

bool is_own(const Settings& settings, const std::string& origin) {
  return origin == settings.endpoint || origin == container_endpoint || origin == tasks_api_endpoint;
}

// http://localhost:4566 is http://127.0.0.1:4566, which a client may have been given.
std::string with_address(const std::string& origin) {
  return replace_all(origin, "//localhost:", "//127.0.0.1:");
}

}  // namespace

Result<ObjectPlace> object_of_url(const Settings& settings, const std::string& url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return not_supported_url();
  const std::string scheme = url.substr(0, scheme_end);
  if (scheme != "https" && scheme != "http") return not_supported_url();
  const std::string rest = url.substr(scheme_end + 3);
  const auto slash = rest.find('/');
  const std::string host = rest.substr(0, slash);
  std::string path = slash == std::string::npos ? "" : rest.substr(slash + 1);
  path = percent_decode(path.substr(0, path.find('?'))).value_or("");
  std::string bucket;
  if (!is_own(settings, with_address(scheme + "://" + host))) {
    const auto named = bucket_of_host(lower(host));
    if (!named)
      return validation_error(fmt::format("Domain name specified in {} is not a valid S3 domain", host));
    if (scheme != "https") return not_supported_url();
    bucket = *named;
  }
  if (bucket.empty()) {
    const auto end = path.find('/');
    bucket = path.substr(0, end);
    path = end == std::string::npos ? "" : path.substr(end + 1);
  }
  if (bucket.empty() || path.empty()) return not_supported_url();
  return ObjectPlace{bucket, path};
}

Result<std::string> template_at(const Context& context, const std::string& url) {
  const auto place = object_of_url(context.settings, url);
  if (!place) return place.error();
  if (!context.store.find<s3::BucketRow>(place->bucket))
    return s3_error("The specified bucket does not exist");
  const auto* object = s3::find_object(context.store, place->bucket, place->key);
  if (!object || !context.blobs) return s3_error("The specified key does not exist.");
  if (object->size_bytes > static_cast<std::int64_t>(cfn::template_url_bytes_max)) {
    return validation_error(
        fmt::format("Template may not exceed {} bytes in size.", cfn::template_url_bytes_max));
  }
  auto text = context.blobs->read_text(object->slices);
  if (!text) return s3_error(text.error().message);
  return text;
}

}  // namespace berth::cloudformation
