#include "gateway/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace berth::gateway {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

// `Credential=...` of the header `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`.
std::string_view header_part(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const auto part = trim(header.substr(0, header.find(',')));
    header.remove_prefix(std::min(
        header.size(), header.find(',') == std::string_view::npos ? header.size() : header.find(',') + 1));
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') {
      return part.substr(name.size() + 1);
    }
  }
  return {};
}

// `AKID/20250703/us-east-1/ecs/aws4_request`
bool split_credential(std::string_view credential, std::string& access_key_id, Scope& scope) {
  const auto parts = split(credential, '/');
  if (parts.size() != 5 || parts[4] != "aws4_request") return false;
  access_key_id = parts[0];
  scope = {parts[1], parts[2], parts[3]};
  return true;
}

struct QueryParameter {
  std::string name;
  std::string value;
};

std::vector<QueryParameter> query_parameters(std::string_view query) {
  std::vector<QueryParameter> parameters;
  while (!query.empty()) {
    const auto parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view{} : parameter.substr(equals + 1);
    const auto name = parameter.substr(0, equals);
    parameters.push_back({percent_decode(name).value_or(std::string(name)),
                          percent_decode(value).value_or(std::string(value))});
  }
  return parameters;
}

std::string query_parameter(std::string_view query, std::string_view name) {
  for (auto& parameter : query_parameters(query)) {
    if (parameter.name == name) return std::move(parameter.value);
  }
  return {};
}

bool is_presigned(const wire::Request& request) {
  return request.query().find("X-Amz-Algorithm=") != std::string_view::npos;
}

Error incomplete(const std::string& message) {
  return {"IncompleteSignature", message};
}

Result<std::optional<Signature>> read_presigned(const wire::Request& request) {
  const auto query = request.query();
  Signature signature;
  signature.presigned = true;
  signature.signature = query_parameter(query, "X-Amz-Signature");
  signature.signed_headers = query_parameter(query, "X-Amz-SignedHeaders");
  signature.date = query_parameter(query, "X-Amz-Date");
  signature.session_token = query_parameter(query, "X-Amz-Security-Token");
  signature.expires_s = parse_integer(query_parameter(query, "X-Amz-Expires"));
  if (query_parameter(query, "X-Amz-Algorithm") != algorithm) {
    return incomplete(fmt::format("AWS query-string parameters must use X-Amz-Algorithm={}", algorithm));
  }
  const bool whole =
      split_credential(query_parameter(query, "X-Amz-Credential"), signature.access_key_id, signature.scope);
  if (!whole || signature.signature.empty() || signature.signed_headers.empty() || signature.date.empty()) {
    return incomplete(
        "AWS query-string parameters must include 'X-Amz-Credential', 'X-Amz-Signature', "
        "'X-Amz-SignedHeaders' and "
        "'X-Amz-Date'. Re-examine the query-string parameters.");
  }
  return std::optional(std::move(signature));
}

Result<std::optional<Signature>> read_header(const wire::Request& request) {
  const auto header = request.header("authorization");
  if (!header.starts_with(algorithm)) {
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'. Authorization must use {}.",
                                  header.substr(0, header.find(' ')), algorithm));
  }
  const auto parts = header.substr(algorithm.size());
  const auto credential = header_part(parts, "Credential");
  Signature signature;
  signature.signature = header_part(parts, "Signature");
  signature.signed_headers = header_part(parts, "SignedHeaders");
  signature.date = request.header("x-amz-date");
  signature.session_token = request.header("x-amz-security-token");
  std::string lacks;
  if (credential.empty()) lacks += "Authorization header requires 'Credential' parameter. ";
  if (signature.signature.empty()) lacks += "Authorization header requires 'Signature' parameter. ";
  if (signature.signed_headers.empty()) lacks += "Authorization header requires 'SignedHeaders' parameter. ";
  if (signature.date.empty()) {
    lacks += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (!lacks.empty()) return incomplete(lacks + "Authorization=" + std::string(algorithm));
  if (!split_credential(credential, signature.access_key_id, signature.scope)) {
    return incomplete(
        fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                    "keyid/date/region/service/term, got '{}'",
                    credential));
  }
  return std::optional(std::move(signature));
}

// Without `.`, `..` and empty segments. SDKs sign the path as it is on the wire, escaped once more.
std::string canonical_path(std::string_view path) {
  if (path.size() <= 1) return "/";
  std::vector<std::string> kept;
  for (auto& segment : split(path.substr(1), '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(std::move(segment));
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  const bool ends_in_slash = path.ends_with('/') && !kept.empty();
  return percent_encode("/" + join(kept, "/") + (ends_in_slash ? "/" : ""), true);
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query_parameters(query)) {
    if (name != "X-Amz-Signature") encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out.push_back('&');
    out += name;
    out.push_back('=');
    out += value;
  }
  return out;
}

// Trimmed, and runs of spaces made one.
void append_collapsed(std::string_view value, std::string& out) {
  bool space_before = false;
  for (const char c : trim(value)) {
    const bool is_space = c == ' ';
    if (!is_space || !space_before) out.push_back(c);
    space_before = is_space;
  }
}

void append_header(const wire::Request& request, std::string_view name, std::string& out) {
  out += name;
  out.push_back(':');
  bool first = true;
  for (const auto& [header, value] : request.headers) {
    if (header != name) continue;
    if (!first) out.push_back(',');
    first = false;
    append_collapsed(value, out);
  }
  out.push_back('\n');
}

// A key of S3 may have empty segments and dots; what clients escape differs, what they sign does not.
std::string s3_path(std::string_view path) {
  return percent_encode(percent_decode(path).value_or(std::string(path)), true);
}

std::string payload_hash(const wire::Request& request, const Signature& signature) {
  if (!is_for_s3(signature)) return hex(sha256(request.body));
  const auto given = request.header("x-amz-content-sha256");
  return given.empty() ? "UNSIGNED-PAYLOAD" : std::string(given);
}

}  // namespace

bool is_for_s3(const Signature& signature) {
  return signature.scope.service == "s3";
}

Result<std::optional<Signature>> read_signature(const wire::Request& request) {
  if (!request.header("authorization").empty()) return read_header(request);
  if (is_presigned(request)) return read_presigned(request);
  return std::optional<Signature>();
}

std::optional<Scope> read_scope(const wire::Request& request) {
  const auto header = request.header("authorization");
  std::string credential;
  if (header.starts_with(algorithm)) {
    credential = header_part(header.substr(algorithm.size()), "Credential");
  } else if (is_presigned(request)) {
    credential = query_parameter(request.query(), "X-Amz-Credential");
  }
  std::string access_key_id;
  Scope scope;
  if (!split_credential(credential, access_key_id, scope)) return std::nullopt;
  return scope;
}

std::string canonical_request(const wire::Request& request, const Signature& signature) {
  std::string out;
  out.reserve(512);
  out += request.method;
  out.push_back('\n');
  out += is_for_s3(signature) ? s3_path(request.path()) : canonical_path(request.path());
  out.push_back('\n');
  out += canonical_query(request.query());
  out.push_back('\n');
  std::string_view rest = signature.signed_headers;
  while (!rest.empty()) {
    const auto name = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    append_header(request, name, out);
  }
  out.push_back('\n');
  out += signature.signed_headers;
  out.push_back('\n');
  out += payload_hash(request, signature);
  return out;
}

std::string string_to_sign(const Signature& signature, std::string_view canonical) {
  std::string out(algorithm);
  out.push_back('\n');
  out += signature.date;
  out.push_back('\n');
  out += signature.scope.text();
  out.push_back('\n');
  out += hex(sha256(canonical));
  return out;
}

std::string chunk_string_to_sign(const Signature& signature, std::string_view previous,
                                 std::string_view chunk_hash) {
  return fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}", signature.date, signature.scope.text(),
                     previous, hex(sha256("")), chunk_hash);
}

std::string trailer_string_to_sign(const Signature& signature, std::string_view previous,
                                   std::string_view trailers) {
  return fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}", signature.date, signature.scope.text(),
                     previous, hex(sha256(trailers)));
}

Sha256 signing_key(std::string_view secret_access_key, const Scope& scope) {
  const Sha256 date = hmac_sha256("AWS4" + std::string(secret_access_key), scope.date);
  const Sha256 region = hmac_sha256(as_bytes(date), scope.region);
  const Sha256 service = hmac_sha256(as_bytes(region), scope.service);
  return hmac_sha256(as_bytes(service), "aws4_request");
}

}  // namespace berth::gateway
