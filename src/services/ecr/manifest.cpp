#include "services/ecr/manifest.h"

#include <algorithm>
#include <cctype>

#include "base/digest.h"
#include "base/json.h"

namespace berth::ecr {
namespace {

constexpr const char* docker_image = "application/vnd.docker.distribution.manifest.v2+json";
constexpr const char* docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr const char* oci_image = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* oci_index = "application/vnd.oci.image.index.v1+json";
constexpr std::size_t tag_characters_max = 300;  // of ECR; Docker's own limit is 128

Error invalid_manifest(const std::string& why) {
  return {"MANIFEST_INVALID", "manifest invalid: " + why, 400};
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

std::string media_type_of(const json::value& document, std::string_view given) {
  if (!given.empty()) return std::string(given.substr(0, given.find(';')));
  const std::string own = string_or(document, "mediaType");
  if (!own.empty()) return own;
  return find(document, "manifests") ? oci_index : oci_image;
}

Result<Manifest::Blob> read_blob(const json::value& entry) {
  const json::value* size = find(entry, "size");
  Manifest::Blob blob{string_or(entry, "digest"), 0};
  if (!is_digest(blob.digest)) return invalid_manifest("a descriptor without a digest");
  if (size == nullptr || !size->is_int64() || size->as_int64() < 0) {
    return invalid_manifest("a descriptor without a size");
  }
  blob.size_bytes = size->as_int64();
  return blob;
}

Result<> read_children(const json::value& document, Manifest& manifest) {
  const json::value* entries = find(document, "manifests");
  if (entries == nullptr || !entries->is_array()) return invalid_manifest("a list without manifests");
  for (const auto& entry : entries->as_array()) {
    const auto child = read_blob(entry);
    if (!child) return child.error();
    manifest.children.push_back(child->digest);
  }
  return {};
}

Result<> read_blobs(const json::value& document, Manifest& manifest) {
  const json::value* config = find(document, "config");
  const json::value* layers = find(document, "layers");
  if (config == nullptr || layers == nullptr || !layers->is_array()) {
    return invalid_manifest("an image needs config and layers");
  }
  const auto configuration = read_blob(*config);
  if (!configuration) return configuration.error();
  manifest.artifact_type = string_or(*config, "mediaType");
  manifest.blobs.push_back(*configuration);
  for (const auto& entry : layers->as_array()) {
    const auto layer = read_blob(entry);
    if (!layer) return layer.error();
    manifest.blobs.push_back(*layer);
  }
  return {};
}

}  // namespace

bool is_list_type(std::string_view media_type) {
  return media_type == docker_list || media_type == oci_index;
}

std::int64_t Manifest::size_bytes() const {
  std::int64_t sum = 0;
  for (const auto& blob : blobs) sum += blob.size_bytes;
  return sum;
}

Result<Manifest> read_manifest(std::string_view text, std::string_view media_type) {
  json::value document;
  JsonError problem;
  if (!parse_json(text, document, problem) || !document.is_object()) {
    return invalid_manifest("it is no JSON object");
  }
  Manifest manifest;
  manifest.digest = digest_of(text);
  manifest.media_type = media_type_of(document, media_type);
  const bool image = manifest.media_type == docker_image || manifest.media_type == oci_image;
  if (!image && !is_list_type(manifest.media_type)) {
    return invalid_manifest("the media type '" + manifest.media_type + "' is not supported");
  }
  auto read = image ? read_blobs(document, manifest) : read_children(document, manifest);
  if (!read) return read.error();
  return manifest;
}

std::string digest_of(std::string_view text) {
  return "sha256:" + hex(sha256(text));
}

bool is_digest(std::string_view text) {
  constexpr std::string_view algorithm = "sha256:";
  return text.size() == algorithm.size() + 64 && text.starts_with(algorithm) &&
         std::all_of(text.begin() + algorithm.size(), text.end(), is_hex);
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > tag_characters_max || text.front() == '.' || text.front() == '-')
    return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) || c == '.' || c == '_' || c == '-');
  });
}

}  // namespace berth::ecr
