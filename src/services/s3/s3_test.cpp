#include "handlers/s3.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/checksum.h"
#include "base/digest.h"
#include "services/s3/received_object.h"
#include "services/s3/rows.h"
#include "services/testing.h"

namespace berth::s3 {
namespace {

class S3Test : public testing::Test, public services::HandlerTest {
 protected:
  S3Test() {
    char pattern[] = "/tmp/berth-s3-XXXXXX";
    folder = mkdtemp(pattern);
    add_tables(store);
    blobs = std::make_unique<BlobFiles>(store, folder);
    EXPECT_TRUE(blobs->collect());
    context.blobs = blobs.get();
    context.sending = &sending;
    CreateBucketRequest request;
    request.bucket = "things";
    EXPECT_TRUE(call(create_bucket, request));
  }
  ~S3Test() override { std::filesystem::remove_all(folder); }

  // As the gateway does with what it has received.
  template <class Handler, class Request>
  auto with_bytes(Handler handler, const Request& request, const std::string& text) {
    const auto writer = blobs->write("blob-" + std::to_string(++written));
    writer->write(text);
    EXPECT_TRUE(writer->sync());
    const ReceivedObject received{writer->name(),
                                  writer->size_bytes(),
                                  checksum_of(ChecksumKind::md5, text),
                                  {{"CRC32", base64(checksum_of(ChecksumKind::crc32, text))}}};
    context.received = &received;
    auto output = call(handler, request);
    context.received = nullptr;
    if (output) writer->keep();
    return output;
  }

  Result<PutObjectOutput> put(const std::string& key, const std::string& text,
                              PutObjectRequest request = {}) {
    request.bucket = "things";
    request.key = key;
    return with_bytes(put_object, request, text);
  }

  Result<std::string> get(const std::string& key, GetObjectRequest request = {}) {
    request.bucket = "things";
    request.key = key;
    auto output = call(get_object, request);
    if (!output) return output.error();
    got = *output;
    return *blobs->read_text(sending);
  }

  // "a b/ |next": keys, prefixes, and whether there is more.
  std::string list(ListObjectsV2Request request) {
    request.bucket = "things";
    const auto output = call(list_objects_v2, request);
    if (!output) return output.error().code;
    std::string text;
    if (output->contents) {
      for (const auto& object : *output->contents) text += *object.key + " ";
    }
    if (output->common_prefixes) {
      for (const auto& prefix : *output->common_prefixes) text += "[" + *prefix.prefix + "] ";
    }
    next = output->next_continuation_token;
    return text + (*output->is_truncated ? "+" : "");
  }

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder + "/blobs"),
                                                  std::filesystem::directory_iterator()));
  }

  std::string folder;
  std::unique_ptr<BlobFiles> blobs;
  std::vector<BlobSlice> sending;
  GetObjectOutput got;
  std::optional<std::string> next;
  int written = 0;
};

TEST_F(S3Test, AnObjectIsWhatWasPutLast) {
  PutObjectRequest request;
  request.content_type = "text/plain";
  request.metadata.emplace()["color"] = "blue";
  EXPECT_EQ(put("a", "first")->e_tag, "\"8b04d5e3775d298e78455efc5ca404d5\"");
  ASSERT_TRUE(put("a", "second", request));
  EXPECT_EQ(*get("a"), "second");
  EXPECT_EQ(got.content_type, "text/plain");
  EXPECT_EQ(got.metadata->at("color"), "blue");
  EXPECT_EQ(files(), 1u) << "the first one's bytes are gone";
  EXPECT_EQ(get("none").error().code, "NoSuchKey");
  DeleteObjectRequest gone;
  gone.bucket = "things";
  gone.key = "a";
  EXPECT_TRUE(call(delete_object, gone));
  EXPECT_TRUE(call(delete_object, gone)) << "what is not there is deleted";
  EXPECT_EQ(files(), 0u);
}

TEST_F(S3Test, RangesAndConditions) {
  ASSERT_TRUE(put("a", "0123456789"));
  const auto range = [&](const char* text) {
    GetObjectRequest request;
    request.range = text;
    const auto bytes = get("a", request);
    return bytes ? *bytes + "|" + got.content_range.value_or("") : bytes.error().code;
  };
  EXPECT_EQ(range("bytes=2-4"), "234|bytes 2-4/10");
  EXPECT_EQ(range("bytes=7-"), "789|bytes 7-9/10");
  EXPECT_EQ(range("bytes=-2"), "89|bytes 8-9/10");
  EXPECT_EQ(range("bytes=-20"), "0123456789|bytes 0-9/10");
  EXPECT_EQ(range("bytes=5-100"), "56789|bytes 5-9/10");
  EXPECT_EQ(range("bytes=10-"), "InvalidRange");
  EXPECT_EQ(range("bytes=4-2"), "0123456789|");
  EXPECT_EQ(range("lines=1-2"), "0123456789|");
  GetObjectRequest request;
  request.if_match = "\"other\"";
  EXPECT_EQ(get("a", request).error().status, 412);
  request.if_match.reset();
  request.if_none_match = "*";
  EXPECT_EQ(get("a", request).error().status, 304);
  PutObjectRequest only_new;
  only_new.if_none_match = "*";
  EXPECT_EQ(put("a", "x", only_new).error().code, "PreconditionFailed");
  EXPECT_TRUE(put("b", "x", only_new));
}

TEST_F(S3Test, ListingsHavePrefixesDelimitersAndPages) {
  for (const char* key : {"a", "b/1", "b/2", "b/c/1", "d", "e/1"}) ASSERT_TRUE(put(key, "x"));
  EXPECT_EQ(list({}), "a b/1 b/2 b/c/1 d e/1 ");
  ListObjectsV2Request request;
  request.delimiter = "/";
  EXPECT_EQ(list(request), "a d [b/] [e/] ");
  request.prefix = "b/";
  EXPECT_EQ(list(request), "b/1 b/2 [b/c/] ");
  request.prefix.reset();
  request.max_keys = 2;
  EXPECT_EQ(list(request), "a [b/] +");
  request.continuation_token = next;
  EXPECT_EQ(list(request), "d [e/] ");
  request = {};
  request.start_after = "b/2";
  EXPECT_EQ(list(request), "b/c/1 d e/1 ");
  request.continuation_token = "!";
  EXPECT_EQ(list(request), "InvalidArgument");
}

TEST_F(S3Test, ACopySharesTheBytes) {
  ASSERT_TRUE(put("a", "text"));
  CopyObjectRequest request;
  request.bucket = "things";
  request.key = "b";
  request.copy_source = "/things/a";
  ASSERT_TRUE(call(copy_object, request));
  EXPECT_EQ(files(), 1u);
  DeleteObjectRequest gone;
  gone.bucket = "things";
  gone.key = "a";
  ASSERT_TRUE(call(delete_object, gone));
  EXPECT_EQ(*get("b"), "text");
  request.copy_source = "things/a";
  EXPECT_EQ(code_of(copy_object, request), "NoSuchKey");
  request.copy_source = "things/b";
  EXPECT_EQ(code_of(copy_object, request), "InvalidRequest") << "onto itself";
}

TEST_F(S3Test, PartsBecomeOneObject) {
  CreateMultipartUploadRequest begin;
  begin.bucket = "things";
  begin.key = "big";
  begin.checksum_algorithm = "CRC32";
  begin.checksum_type = "FULL_OBJECT";
  const auto upload = call(create_multipart_upload, begin);
  ASSERT_TRUE(upload);
  const std::string first(5 << 20, 'x'), second = "tail";
  UploadPartRequest part;
  part.bucket = "things";
  part.key = "big";
  part.upload_id = upload->upload_id;
  CompleteMultipartUploadRequest complete;
  complete.bucket = "things";
  complete.key = "big";
  complete.upload_id = upload->upload_id;
  complete.multipart_upload.emplace().parts.emplace();
  for (const auto& [number, text] : {std::pair{1, first}, std::pair{2, second}}) {
    part.part_number = number;
    const auto uploaded = with_bytes(upload_part, part, text);
    ASSERT_TRUE(uploaded);
    CompletedPart listed;
    listed.part_number = number;
    listed.e_tag = uploaded->e_tag;
    complete.multipart_upload->parts->push_back(listed);
  }
  EXPECT_EQ(get("big").error().code, "NoSuchKey") << "not before it is complete";
  auto swapped = complete;
  std::swap(swapped.multipart_upload->parts->at(0), swapped.multipart_upload->parts->at(1));
  EXPECT_EQ(code_of(complete_multipart_upload, swapped), "InvalidPartOrder");
  auto missing = complete;
  missing.multipart_upload->parts->at(1).part_number = 3;
  EXPECT_EQ(code_of(complete_multipart_upload, missing), "InvalidPart");
  const auto completed = call(complete_multipart_upload, complete);
  ASSERT_TRUE(completed);
  const std::string digests = checksum_of(ChecksumKind::md5, first) + checksum_of(ChecksumKind::md5, second);
  EXPECT_EQ(completed->e_tag, '"' + hex(checksum_of(ChecksumKind::md5, digests)) + "-2\"");
  EXPECT_EQ(completed->checksum_crc32, base64(checksum_of(ChecksumKind::crc32, first + second)));
  EXPECT_EQ(*get("big"), first + second);
  EXPECT_TRUE(store.all<UploadRow>().empty());
  EXPECT_TRUE(store.all<PartRow>().empty());
  EXPECT_EQ(code_of(complete_multipart_upload, complete), "NoSuchUpload");
}

TEST_F(S3Test, SmallPartsAreRefusedAndAbortingTakesThemAway) {
  CreateMultipartUploadRequest begin;
  begin.bucket = "things";
  begin.key = "big";
  const auto upload = call(create_multipart_upload, begin);
  CompleteMultipartUploadRequest complete;
  complete.bucket = "things";
  complete.key = "big";
  complete.upload_id = upload->upload_id;
  complete.multipart_upload.emplace().parts.emplace();
  for (const int number : {1, 2}) {
    UploadPartRequest part;
    part.bucket = "things";
    part.key = "big";
    part.upload_id = upload->upload_id;
    part.part_number = number;
    const auto uploaded = with_bytes(upload_part, part, "small");
    ASSERT_TRUE(uploaded);
    CompletedPart listed;
    listed.part_number = number;
    listed.e_tag = uploaded->e_tag;
    complete.multipart_upload->parts->push_back(listed);
  }
  EXPECT_EQ(code_of(complete_multipart_upload, complete), "EntityTooSmall");
  EXPECT_EQ(files(), 2u);
  AbortMultipartUploadRequest abort;
  abort.bucket = "things";
  abort.key = "big";
  abort.upload_id = upload->upload_id;
  EXPECT_TRUE(call(abort_multipart_upload, abort));
  EXPECT_EQ(files(), 0u);
}

TEST_F(S3Test, BucketsHaveNamesAndGoWhenTheyAreEmpty) {
  CreateBucketRequest request;
  for (const char* name : {"Ab", "a", "a..b", "-ab", "192.168.1.1", "a_b", "xn--ab"}) {
    request.bucket = name;
    EXPECT_EQ(code_of(create_bucket, request), "InvalidBucketName") << name;
  }
  request.bucket = "things";
  EXPECT_EQ(code_of(create_bucket, request), "") << "us-east-1 lets one make one's own again";
  settings.region = "eu-west-1";
  EXPECT_EQ(code_of(create_bucket, request), "IllegalLocationConstraintException");
  request.create_bucket_configuration.emplace().location_constraint = "eu-west-1";
  EXPECT_EQ(code_of(create_bucket, request), "BucketAlreadyOwnedByYou");
  ASSERT_TRUE(put("a", "x"));
  DeleteBucketRequest gone;
  gone.bucket = "things";
  EXPECT_EQ(code_of(delete_bucket, gone), "BucketNotEmpty");
  DeleteObjectsRequest all;
  all.bucket = "things";
  all.delete_.emplace().objects.emplace();
  all.delete_->objects->push_back({});
  all.delete_->objects->back().key = "a";
  ASSERT_TRUE(call(delete_objects, all));
  EXPECT_EQ(code_of(delete_bucket, gone), "");
  EXPECT_EQ(code_of(delete_bucket, gone), "NoSuchBucket");
}

}  // namespace
}  // namespace berth::s3
