#include "gateway/object_upload.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace berth::gateway {
namespace {

constexpr std::size_t object_bytes_max = std::size_t{5} << 30;  // of one PutObject or UploadPart
constexpr std::size_t chunk_overhead_max = std::size_t{64} << 20;
constexpr std::string_view checksum_header = "x-amz-checksum-";

Error bad_request(const char* code, std::string message) {
  return {code, std::move(message), 400};
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

// "x-amz-checksum-crc32" -> "CRC32"; empty for other headers, those of the same prefix among them.
std::string algorithm_of(std::string_view header) {
  if (!header.starts_with(checksum_header)) return {};
  const std::string name = upper(std::string(header.substr(checksum_header.size())));
  return name == "TYPE" || name == "ALGORITHM" || name == "MODE" ? "" : name;
}

}  // namespace

bool takes_object(std::string_view operation) {
  return operation == "PutObject" || operation == "UploadPart";
}

ObjectUpload::ObjectUpload(const wire::Request& head, std::shared_ptr<BlobWriter> blob,
                           std::optional<Authenticator::SigningKey> key)
    : blob_(std::move(blob)),
      key_(std::move(key)),
      content_sha256_(head.header("x-amz-content-sha256")),
      content_md5_(head.header("content-md5")),
      decoded_length_(parse_integer(head.header("x-amz-decoded-content-length"))) {
  is_chunked_ = content_sha256_.starts_with("STREAMING-");
  is_signed_ = content_sha256_.starts_with("STREAMING-AWS4-");
  if (key_) previous_signature_ = key_->signature.signature;
  if (!is_chunked_ && content_sha256_.size() == 64) sha256_.emplace(ChecksumKind::sha256);
  received_.blob = blob_->name();
  expect_checksums(head);
}

void ObjectUpload::expect_checksums(const wire::Request& head) {
  const auto expect = [&](const std::string& algorithm) {
    if (algorithm.empty() || running_.contains(algorithm)) return;
    const auto kind = checksum_kind(algorithm);
    unknown_checksum_ = unknown_checksum_ || !kind;
    if (kind) running_.emplace(algorithm, Checksum(*kind));
  };
  for (const auto& [name, value] : head.headers) {
    const std::string algorithm = algorithm_of(name);
    expect(algorithm);
    if (!algorithm.empty()) promised_[algorithm] = value;
  }
  for (const auto& name : split(head.header("x-amz-trailer"), ',')) expect(algorithm_of(lower(trim(name))));
  expect(upper(std::string(head.header("x-amz-sdk-checksum-algorithm"))));
}

std::size_t ObjectUpload::bytes_max() const {
  return object_bytes_max + (is_chunked_ ? chunk_overhead_max : 0);
}

void ObjectUpload::write(std::string_view bytes) {
  if (is_chunked_) {
    chunks_.read(bytes);
  } else {
    on_bytes(bytes);
  }
}

void ObjectUpload::on_chunk(std::string_view signature) {
  chunk_signature_ = signature;
  if (is_signed_) chunk_sha256_.emplace(ChecksumKind::sha256);
}

void ObjectUpload::on_bytes(std::string_view bytes) {
  blob_->write(bytes);
  md5_.add(bytes);
  if (sha256_) sha256_->add(bytes);
  if (chunk_sha256_) chunk_sha256_->add(bytes);
  for (auto& [name, checksum] : running_) checksum.add(bytes);
}

void ObjectUpload::on_chunk_end() {
  if (!is_signed_ || !key_) return;
  expect_signature(chunk_string_to_sign(key_->signature, previous_signature_, hex(chunk_sha256_->finish())),
                   chunk_signature_);
}

void ObjectUpload::on_trailer(std::string_view name, std::string_view value) {
  if (name == "x-amz-trailer-signature") {
    if (is_signed_ && key_) {
      expect_signature(trailer_string_to_sign(key_->signature, previous_signature_, trailers_), value);
    }
    trailers_.clear();
    return;
  }
  trailers_ += fmt::format("{}:{}\n", name, value);
  const std::string algorithm = algorithm_of(name);
  if (!algorithm.empty()) promised_[algorithm] = value;
}

void ObjectUpload::expect_signature(const std::string& text, std::string_view given) {
  const std::string expected = hex(hmac_sha256(as_bytes(key_->key), text));
  if (!equal_in_constant_time(expected, given)) signatures_good_ = false;
  previous_signature_ = given;
}

Result<> ObjectUpload::check() {
  received_.size_bytes = blob_->size_bytes();
  if (auto form = check_form(); !form) return form;
  if (auto digests = check_digests(); !digests) return digests;
  return check_checksums();
}

Result<> ObjectUpload::check_form() const {
  if (unknown_checksum_) {
    return bad_request("InvalidRequest",
                       "Checksum algorithm provided is unsupported. Please try again with any "
                       "of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  if (!is_chunked_) return {};
  const bool all_signed = !content_sha256_.ends_with("-TRAILER") || !is_signed_ || trailers_.empty() || !key_;
  if (!signatures_good_ || !all_signed) {
    return Error{
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key "
        "and signing method.",
        403};
  }
  const bool has_length = !decoded_length_ || *decoded_length_ == received_.size_bytes;
  if (!chunks_.is_complete() || !has_length) {
    return bad_request("IncompleteBody",
                       "You did not provide the number of bytes specified by the Content-Length HTTP header");
  }
  return {};
}

Result<> ObjectUpload::check_digests() {
  received_.md5 = md5_.finish();
  if (!content_md5_.empty()) {
    const auto wanted = from_base64(content_md5_);
    if (!wanted || wanted->size() != received_.md5.size()) {
      return bad_request("InvalidDigest", "The Content-MD5 you specified was invalid.");
    }
    if (*wanted != received_.md5) {
      return bad_request("BadDigest", "The Content-MD5 you specified did not match what we received.");
    }
  }
  if (sha256_ && hex(sha256_->finish()) != content_sha256_) {
    return bad_request("XAmzContentSHA256Mismatch",
                       "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return {};
}

Result<> ObjectUpload::check_checksums() {
  for (auto& [name, checksum] : running_) received_.checksums[name] = base64(checksum.finish());
  for (const auto& [name, value] : promised_) {
    const auto computed = received_.checksums.find(name);
    if (computed == received_.checksums.end()) {
      return bad_request("InvalidRequest", "A trailer was not announced in x-amz-trailer");
    }
    if (computed->second == value) continue;
    return bad_request("BadDigest",
                       fmt::format("The {} you specified did not match the calculated checksum.", name));
  }
  return {};
}

}  // namespace berth::gateway
