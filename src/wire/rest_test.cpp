#include <gtest/gtest.h>

#include "model/s3.h"
#include "wire/wire.h"

namespace berth::wire {
namespace {

std::string operation_of(const char* method, const char* target,
                         std::vector<std::pair<std::string, std::string>> headers = {}) {
  return read_call(&s3::service(), {method, target, std::move(headers), {}}).operation;
}

template <class In>
Result<In> decoded(const char* method, const char* target, std::string body,
                   std::vector<std::pair<std::string, std::string>> headers = {}) {
  const Request request{method, target, std::move(headers), std::move(body)};
  const Call call = read_call(&s3::service(), request);
  const auto operation = find_operation(s3::service(), call);
  if (!operation) return operation.error();
  auto input = decode(s3::service(), **operation, call, request);
  if (!input) return input.error();
  return *static_cast<const In*>(input->get());
}

TEST(Rest, MethodPathQueryAndHeadersNameTheOperation) {
  EXPECT_EQ(operation_of("GET", "/"), "ListBuckets");
  EXPECT_EQ(operation_of("PUT", "/bucket"), "CreateBucket");
  EXPECT_EQ(operation_of("PUT", "/bucket/"), "CreateBucket");
  EXPECT_EQ(operation_of("GET", "/bucket?list-type=2&prefix=a"), "ListObjectsV2");
  EXPECT_EQ(operation_of("GET", "/bucket?prefix=a"), "ListObjects");
  EXPECT_EQ(operation_of("GET", "/bucket?location"), "GetBucketLocation");
  EXPECT_EQ(operation_of("PUT", "/bucket?lifecycle"), "PutBucketLifecycleConfiguration");
  EXPECT_EQ(operation_of("POST", "/bucket?delete"), "DeleteObjects");
  EXPECT_EQ(operation_of("PUT", "/bucket/key"), "PutObject");
  EXPECT_EQ(operation_of("PUT", "/bucket/key", {{"x-amz-copy-source", "/a/b"}}), "CopyObject");
  EXPECT_EQ(operation_of("PUT", "/bucket/key?partNumber=1&uploadId=u"), "UploadPart");
  EXPECT_EQ(operation_of("PUT", "/bucket/key?partNumber=1&uploadId=u", {{"x-amz-copy-source", "/a/b"}}),
            "UploadPartCopy");
  EXPECT_EQ(operation_of("POST", "/bucket/key?uploads"), "CreateMultipartUpload");
  EXPECT_EQ(operation_of("POST", "/bucket/key?uploadId=u"), "CompleteMultipartUpload");
  EXPECT_EQ(operation_of("GET", "/bucket/key?uploadId=u"), "ListParts");
  EXPECT_EQ(operation_of("HEAD", "/bucket/key"), "HeadObject");
  EXPECT_EQ(operation_of("GET", "/key", {{"host", "bucket.s3.localhost:4566"}}), "GetObject");
  EXPECT_EQ(operation_of("GET", "/", {{"host", "bucket.localhost:4566"}}), "ListObjects");
  EXPECT_EQ(operation_of("GET", "/", {{"host", "s3.localhost:4566"}}), "ListBuckets");
  EXPECT_EQ(operation_of("PATCH", "/bucket"), "");
}

TEST(Rest, MembersComeFromPathQueryAndHeaders) {
  const auto input = decoded<s3::PutObjectRequest>(
      "PUT", "/bucket/a%20b//c", "ignored",
      {{"content-type", "text/plain"}, {"x-amz-meta-color", "blue"}, {"x-amz-tagging", "a=b"}});
  ASSERT_TRUE(input);
  EXPECT_EQ(input->bucket, "bucket");
  EXPECT_EQ(input->key, "a b//c");
  EXPECT_EQ(input->content_type, "text/plain");
  EXPECT_EQ(input->metadata->at("color"), "blue");
  const auto list = decoded<s3::ListObjectsV2Request>("GET", "/b?list-type=2&max-keys=7&prefix=a%2Fb+c", "");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->max_keys, 7);
  EXPECT_EQ(list->prefix, "a/b c");
  EXPECT_EQ(decoded<s3::ListObjectsV2Request>("GET", "/b?list-type=2&max-keys=x", "").error().code,
            "InvalidArgument");
}

TEST(Rest, BodiesAreXml) {
  const auto input = decoded<s3::DeleteObjectsRequest>(
      "POST", "/b?delete",
      "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&amp;b</Key></Object>"
      "<Object><Key>c</Key><Unknown><Deep/></Unknown></Object><Quiet>true</Quiet></Delete>");
  ASSERT_TRUE(input);
  ASSERT_EQ(input->delete_->objects->size(), 2u);
  EXPECT_EQ(input->delete_->objects->at(0).key, "a&b");
  EXPECT_EQ(input->delete_->quiet, true);
  for (const char* body :
       {"", "<Delete>", "<Other/>", "<Delete><Object><Key>a</Key></Object><Quiet>maybe</Quiet></Delete>",
        "<!DOCTYPE x [<!ENTITY e \"e\">]><Delete><Object><Key>&e;</Key></Object></Delete>",
        "<Delete><Object/></Delete>"}) {
    EXPECT_EQ(decoded<s3::DeleteObjectsRequest>("POST", "/b?delete", body).error().code, "MalformedXML")
        << body;
  }
}

TEST(Rest, AnswersHaveHeadersAndXml) {
  const auto encoded = [](const char* name, const void* output) {
    return encode(s3::service(), *s3::service().find_operation(name), {.protocol = Protocol::rest_xml},
                  output, "id");
  };
  s3::ListObjectsV2Output list;
  list.name = "b";
  list.is_truncated = false;
  list.contents.emplace();
  list.contents->push_back({});
  list.contents->back().key = "a<b";
  EXPECT_EQ(encoded("ListObjectsV2", &list).body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
            "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated><Contents>"
            "<Key>a&lt;b</Key></Contents><Name>b</Name></ListBucketResult>");
  s3::GetBucketLocationOutput location;
  location.location_constraint = "eu-west-1";
  EXPECT_NE(encoded("GetBucketLocation", &location).body.find("01/\">eu-west-1</LocationConstraint>"),
            std::string::npos);
  s3::HeadObjectOutput head;
  head.e_tag = "\"x\"";
  head.content_length = 3;
  head.metadata.emplace()["color"] = "blue\nX-Evil: 1";
  const auto response = encoded("HeadObject", &head);
  EXPECT_EQ(response.body, "");
  bool has_etag = false, has_length = false;
  for (const auto& [name, value] : response.headers) {
    has_etag = has_etag || (name == "etag" && value == "\"x\"");
    has_length = has_length || name == "content-length";
    EXPECT_EQ(value.find('\n'), std::string::npos);
  }
  EXPECT_TRUE(has_etag);
  EXPECT_FALSE(has_length);
  const s3::DeleteObjectOutput deleted;
  EXPECT_EQ(encoded("DeleteObject", &deleted).status, 204);
}

}  // namespace
}  // namespace berth::wire
