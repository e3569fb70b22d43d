// ObjectUpload: an object's bytes on their way into a blob, from the first to the last. It takes them out of
// aws-chunked, computes their digests, and says at the end whether they are what the request promised.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/checksum.h"
#include "base/result.h"
#include "gateway/authenticator.h"
#include "services/s3/received_object.h"
#include "store/blob_files.h"
#include "wire/aws_chunked.h"
#include "wire/wire.h"

namespace berth::gateway {

// Whether the operation's body is an object.
bool takes_object(std::string_view operation);

class ObjectUpload final : public wire::BodySink, private wire::AwsChunkedListener {
 public:
  // `key`: what signed the request; nullopt: pieces' signatures are not looked at.
  ObjectUpload(const wire::Request& head, std::shared_ptr<BlobWriter> blob,
               std::optional<Authenticator::SigningKey> key);

  std::size_t bytes_max() const override;
  void write(std::string_view bytes) override;

  // After the last byte: whether all is as promised, in S3's words.
  Result<> check();
  // Onto the disk; any thread.
  Result<> sync() { return blob_->sync(); }
  // Its row is committed.
  void keep() { blob_->keep(); }

  const s3::ReceivedObject& received() const { return received_; }

 private:
  void on_chunk(std::string_view signature) override;
  void on_bytes(std::string_view bytes) override;
  void on_chunk_end() override;
  void on_trailer(std::string_view name, std::string_view value) override;

  void expect_checksums(const wire::Request& head);
  void expect_signature(const std::string& text, std::string_view given);
  Result<> check_form() const;
  Result<> check_digests();
  Result<> check_checksums();

  std::shared_ptr<BlobWriter> blob_;
  std::optional<Authenticator::SigningKey> key_;
  std::string content_sha256_;  // as the header has it
  std::string content_md5_;
  std::optional<long long> decoded_length_;
  bool is_chunked_ = false;
  bool is_signed_ = false;
  wire::AwsChunkedReader chunks_{*this};
  std::optional<Checksum> chunk_sha256_;
  std::string chunk_signature_;
  std::string previous_signature_;
  std::string trailers_;
  bool signatures_good_ = true;
  Checksum md5_{ChecksumKind::md5};
  std::optional<Checksum> sha256_;
  std::map<std::string, Checksum> running_;      // by S3's name of the algorithm
  std::map<std::string, std::string> promised_;  // likewise, base64
  bool unknown_checksum_ = false;
  s3::ReceivedObject received_;
};

}  // namespace berth::gateway
