#include "sigv4.h"

#include <algorithm>

#include "sha256.h"

namespace learner {
namespace {

std::string timestamp(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc)};
}

std::string signed_names(const Headers& sorted) {
  std::string names;
  for (const Header& header : sorted) names += (names.empty() ? "" : ";") + header.name;
  return names;
}

std::string canonical_request(const Headers& sorted, std::string_view body) {
  std::string text = "POST\n/\n\n";
  for (const Header& header : sorted) text += header.name + ":" + header.value + "\n";
  return text + "\n" + signed_names(sorted) + "\n" + hex(sha256(body));
}

Digest signing_key(const Credentials& credentials, std::string_view date, std::string_view region,
                   std::string_view service) {
  Digest key = hmac_sha256("AWS4" + credentials.secret_access_key, date);
  for (std::string_view part : {region, service, std::string_view("aws4_request")}) {
    key = hmac_sha256(as_bytes(key), part);
  }
  return key;
}

}  // namespace

Headers sign(const Credentials& credentials, std::string_view region, std::string_view service,
             std::string_view host, Headers headers, std::string_view body, std::time_t now) {
  std::string time = timestamp(now);
  std::string date = time.substr(0, 8);
  headers.push_back({"x-amz-date", time});
  if (!credentials.session_token.empty())
    headers.push_back({"x-amz-security-token", credentials.session_token});

  Headers sorted = headers;
  sorted.push_back({"host", std::string(host)});
  std::sort(sorted.begin(), sorted.end(), [](const Header& a, const Header& b) { return a.name < b.name; });

  std::string scope = date;
  scope.append("/").append(region).append("/").append(service).append("/aws4_request");
  std::string to_sign =
      "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + hex(sha256(canonical_request(sorted, body)));
  Digest signature = hmac_sha256(as_bytes(signing_key(credentials, date, region, service)), to_sign);
  headers.push_back({"authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key_id + "/" +
                                          scope + ", SignedHeaders=" + signed_names(sorted) +
                                          ", Signature=" + hex(signature)});
  return headers;
}

}  // namespace learner
