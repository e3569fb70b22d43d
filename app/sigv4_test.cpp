#include "sigv4.h"

#include <gtest/gtest.h>

#include "sha256.h"

namespace learner {
namespace {

TEST(Sha256, MatchesPublishedVectors) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, HmacMatchesRfc4231) {
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// The expected values are botocore's for the same request.
class SigV4 : public testing::Test {
 protected:
  Headers signed_by(std::string token) {
    Credentials credentials = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", std::move(token)};
    Headers headers = {{"content-type", "application/x-amz-json-1.1"},
                       {"x-amz-target", "AmazonEC2ContainerServiceV20141113.DescribeServices"}};
    return sign(credentials, "eu-central-1", "ecs", "169.254.170.2:4566", headers,
                R"({"cluster":"learner-cluster"})", 1764007023);
  }
};

TEST_F(SigV4, SignsWithSessionToken) {
  Headers headers = signed_by("tok/en==");
  EXPECT_EQ(*find_header(headers, "x-amz-date"), "20251124T175703Z");
  EXPECT_EQ(*find_header(headers, "x-amz-security-token"), "tok/en==");
  EXPECT_EQ(*find_header(headers, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251124/eu-central-1/ecs/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
            "Signature=741c41e5ce8e944fdebd1ac8ab5db62afb9af3653002539515d719c20968cffa");
}

TEST_F(SigV4, SignsWithLongTermKey) {
  Headers headers = signed_by("");
  EXPECT_EQ(find_header(headers, "x-amz-security-token"), nullptr);
  EXPECT_TRUE(find_header(headers, "authorization")
                  ->ends_with("SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
                              "Signature=746b5b2daf57c12d2e487286568ab1e3e11087c47bd4e46b2792d4ae313471cb"));
}

}  // namespace
}  // namespace learner
