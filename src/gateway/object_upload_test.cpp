#include "gateway/object_upload.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/digest.h"

namespace berth::gateway {
namespace {

constexpr const char* secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

class ObjectUploadTest : public testing::Test {
 protected:
  ObjectUploadTest() {
    char pattern[] = "/tmp/berth-upload-XXXXXX";
    folder = mkdtemp(pattern);
    store.add<BlobRow>();
    blobs = std::make_unique<BlobFiles>(store, folder);
    EXPECT_TRUE(blobs->collect());
  }
  ~ObjectUploadTest() override { std::filesystem::remove_all(folder); }

  using Headers = std::vector<std::pair<std::string, std::string>>;

  // The error's code, or an empty text.
  std::string upload(const Headers& headers, std::string_view body,
                     std::optional<Authenticator::SigningKey> key = {}) {
    ObjectUpload sink({"PUT", "/examplebucket/chunkObject.txt", headers, {}}, blobs->write("blob"),
                      std::move(key));
    for (std::size_t at = 0; at < body.size(); at += 1000) sink.write(body.substr(at, 1000));
    const auto checked = sink.check();
    received = sink.received();
    return checked ? "" : checked.error().code;
  }

  std::string folder;
  Store store;
  std::unique_ptr<BlobFiles> blobs;
  s3::ReceivedObject received;
};

// The example of AWS's page on signing chunked uploads.
TEST_F(ObjectUploadTest, ChunksAreSignedAsAwsDocuments) {
  const Headers headers{
      {"host", "s3.amazonaws.com"},
      {"x-amz-date", "20130524T000000Z"},
      {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
      {"authorization",
       "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
       "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
       "x-amz-decoded-content-length;x-amz-storage-class,"
       "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"},
      {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
      {"content-encoding", "aws-chunked"},
      {"x-amz-decoded-content-length", "66560"},
      {"content-length", "66824"}};
  const wire::Request head{"PUT", "/examplebucket/chunkObject.txt", headers, {}};
  const auto signature = read_signature(head);
  ASSERT_TRUE(signature && *signature);
  const auto key = signing_key(secret, (*signature)->scope);
  EXPECT_EQ(
      hex(hmac_sha256(as_bytes(key), string_to_sign(**signature, canonical_request(head, **signature)))),
      (*signature)->signature);
  const auto chunk = [](const char* size, std::size_t bytes, const char* signed_as) {
    return std::string(size) + ";chunk-signature=" + signed_as + "\r\n" + std::string(bytes, 'a') + "\r\n";
  };
  const std::string body =
      chunk("10000", 65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
      chunk("400", 1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
      chunk("0", 0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
  EXPECT_EQ(upload(headers, body, Authenticator::SigningKey{**signature, key}), "");
  EXPECT_EQ(received.size_bytes, 66560);
  std::string forged = body;
  forged[body.find("\r\na") + 2] = 'b';
  EXPECT_EQ(upload(headers, forged, Authenticator::SigningKey{**signature, key}), "SignatureDoesNotMatch");
  EXPECT_EQ(upload(headers, body.substr(0, 60000), Authenticator::SigningKey{**signature, key}),
            "IncompleteBody");
}

TEST_F(ObjectUploadTest, ADigestThatIsNotTheBodysIsRefused) {
  EXPECT_EQ(upload({{"content-md5", base64(checksum_of(ChecksumKind::md5, "text"))}}, "text"), "");
  EXPECT_EQ(received.md5, checksum_of(ChecksumKind::md5, "text"));
  EXPECT_EQ(upload({{"content-md5", base64(checksum_of(ChecksumKind::md5, "other"))}}, "text"), "BadDigest");
  EXPECT_EQ(upload({{"content-md5", "nonsense"}}, "text"), "InvalidDigest");
  EXPECT_EQ(upload({{"x-amz-content-sha256", hex(sha256("text"))}}, "text"), "");
  EXPECT_EQ(upload({{"x-amz-content-sha256", hex(sha256("other"))}}, "text"), "XAmzContentSHA256Mismatch");
  EXPECT_EQ(upload({{"x-amz-checksum-crc32", base64(checksum_of(ChecksumKind::crc32, "text"))}}, "text"), "");
  EXPECT_EQ(received.checksums.at("CRC32"), base64(checksum_of(ChecksumKind::crc32, "text")));
  EXPECT_EQ(upload({{"x-amz-checksum-crc32", "AAAAAA=="}}, "text"), "BadDigest");
  EXPECT_EQ(upload({{"x-amz-checksum-xxhash64", "AAAAAA=="}}, "text"), "InvalidRequest");
}

TEST_F(ObjectUploadTest, TrailersBringTheChecksum) {
  const Headers headers{{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
                        {"x-amz-trailer", "x-amz-checksum-crc32"},
                        {"x-amz-decoded-content-length", "4"}};
  const std::string right = base64(checksum_of(ChecksumKind::crc32, "text"));
  EXPECT_EQ(upload(headers, "4\r\ntext\r\n0\r\nx-amz-checksum-crc32:" + right + "\r\n\r\n"), "");
  EXPECT_EQ(received.size_bytes, 4);
  EXPECT_EQ(upload(headers, "4\r\ntext\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"), "BadDigest");
  EXPECT_EQ(upload(headers, "4\r\ntext\r\n0\r\nx-amz-checksum-sha1:AAAAAA==\r\n\r\n"), "InvalidRequest");
  EXPECT_EQ(upload(headers, "3\r\ntex\r\n0\r\n\r\n"), "IncompleteBody");
}

}  // namespace
}  // namespace berth::gateway
