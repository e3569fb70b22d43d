#include "cloudformation/template_url.h"

#include <gtest/gtest.h>

namespace berth::cloudformation {
namespace {

std::string place(const std::string& url) {
  const auto found = object_of_url(Settings{}, url);
  return found ? found->bucket + " " + found->key : found.error().message;
}

TEST(TemplateUrl, EveryNameOfAnObject) {
  for (const char* url :
       {"https://s3.amazonaws.com/bucket/a/b.yaml", "https://bucket.s3.amazonaws.com/a/b.yaml",
        "https://s3.us-east-1.amazonaws.com/bucket/a/b.yaml",
        "https://s3-eu-west-1.amazonaws.com/bucket/a/b.yaml",
        "https://bucket.s3.us-east-1.amazonaws.com/a/b.yaml?versionId=null",
        "https://bucket.s3-us-west-2.amazonaws.com/a%2Fb.yaml", "http://127.0.0.1:4566/bucket/a/b.yaml",
        "http://localhost:4566/bucket/a/b.yaml"}) {
    EXPECT_EQ(place(url), "bucket a/b.yaml") << url;
  }
  EXPECT_EQ(place("https://a.s3.b.s3.amazonaws.com/key"), "a.s3.b key");
}

TEST(TemplateUrl, WhatIsNone) {
  for (const char* url : {"template.yaml", "ftp://s3.amazonaws.com/b/k", "https://s3.amazonaws.com/bucket",
                          "https://s3.amazonaws.com/", "http://s3.amazonaws.com/b/k"}) {
    EXPECT_EQ(place(url), "TemplateURL must be a supported URL.") << url;
  }
  EXPECT_EQ(place("https://example.com/b/k"),
            "Domain name specified in example.com is not a valid S3 domain");
  EXPECT_EQ(place("https://xs3.amazonaws.com/b/k"),
            "Domain name specified in xs3.amazonaws.com is not a valid S3 domain");
}

}  // namespace
}  // namespace berth::cloudformation
