#include "gateway/authenticator.h"

#include <gtest/gtest.h>

#include "gateway/test_credentials.h"
#include "loop/sim_loop.h"
#include "model/ecs.h"
#include "model/sns.h"
#include "model/sts.h"

namespace berth::gateway {
namespace {

// Signed by botocore 1.43 at 2025-07-03T08:34:06Z.
wire::Request json_request() {
  return {"POST",
          "/",
          {{"host", "127.0.0.1:4566"},
           {"content-type", "application/x-amz-json-1.1"},
           {"x-amz-target", "AmazonEC2ContainerServiceV20141113.ListClusters"},
           {"x-amz-date", "20250703T083406Z"},
           {"authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250703/us-east-1/ecs/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
            "Signature=949851fbeefbab3f140b979224c87956fd68b7de0e41a0f02cb7f369281fe2a0"}},
          "{\"maxResults\": 5}"};
}

wire::Request session_request() {
  return {"GET",
          "/a/../b%20c//d/?Zeta=1&Action=X%20y&Empty=&alpha=%C3%A4%2F~",
          {{"host", "localhost:4566"},
           {"x-amz-odd", "  two   spaces  "},
           {"x-amz-date", "20250703T083406Z"},
           {"x-amz-security-token", "the/session+token=="},
           {"authorization",
            "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20250703/us-east-1/sns/aws4_request, "
            "SignedHeaders=host;x-amz-date;x-amz-odd;x-amz-security-token, "
            "Signature=6d42e21f1e2897f66647f7efd9bec5d546455433b1e33bbe092475104ed991f3"}},
          ""};
}

wire::Request presigned_request() {
  return {
      "GET",
      "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
      "ASIAEXAMPLE%2F20250703%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20250703T083406Z&X-Amz-Expires=60"
      "&X-Amz-SignedHeaders=host&X-Amz-Security-Token=the%2Fsession%2Btoken%3D%3D&X-Amz-Signature="
      "219d6eb1375c234c0d4475c78826f7dffbcdd633720eb25c1f324a8399d3662e",
      {{"host", "127.0.0.1:4566"}},
      ""};
}

void replace_header(wire::Request& request, const std::string& name, const std::string& what,
                    const std::string& with) {
  for (auto& [header, value] : request.headers) {
    if (header != name) continue;
    const auto at = value.find(what);
    ASSERT_NE(at, std::string::npos);
    value.replace(at, what.size(), with);
  }
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  Result<Principal> ask(const wire::Request& request, const model::Service& service,
                        AuthMode mode = AuthMode::signed_only) {
    return Authenticator(loop_, settings_, credentials_, mode).authenticate(request, service);
  }
  std::string refusal(const wire::Request& request, const model::Service& service = ecs::service()) {
    const auto answer = ask(request, service);
    return answer ? "" : answer.error().code + ": " + answer.error().message;
  }

  SimLoop loop_{*parse_iso("2025-07-03T08:34:06Z")};
  Settings settings_{};
  TestCredentials credentials_{};
};

TEST_F(AuthenticatorTest, AcceptsWhatBotocoreSigns) {
  const auto caller = ask(json_request(), ecs::service());
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->arn, "arn:aws:iam::123456789012:root");
  EXPECT_EQ(caller->access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(refusal(session_request(), sns::service()), "");
  EXPECT_EQ(refusal(presigned_request(), sts::service()), "");
}

TEST_F(AuthenticatorTest, RefusesWhateverWasChanged) {
  const auto mismatch = [&](wire::Request request) { return refusal(request).substr(0, 22); };
  wire::Request body = json_request();
  body.body[15] = '6';
  EXPECT_EQ(mismatch(body), "SignatureDoesNotMatch:");
  wire::Request header = json_request();
  replace_header(header, "x-amz-target", "List", "Make");
  EXPECT_EQ(mismatch(header), "SignatureDoesNotMatch:");
  wire::Request digest = json_request();
  replace_header(digest, "authorization", "fe2a0", "fe2a1");
  EXPECT_EQ(mismatch(digest), "SignatureDoesNotMatch:");
  wire::Request target = json_request();
  target.target = "/?x";
  EXPECT_EQ(mismatch(target), "SignatureDoesNotMatch:");
  wire::Request no_host = json_request();
  replace_header(no_host, "authorization", "host;", "");
  EXPECT_EQ(mismatch(no_host), "SignatureDoesNotMatch:");
}

TEST_F(AuthenticatorTest, SaysWhatASignatureLacks) {
  wire::Request bare = json_request();
  bare.headers.pop_back();
  EXPECT_EQ(refusal(bare), "MissingAuthenticationToken: Request is missing Authentication Token");
  wire::Request unnamed = json_request();
  replace_header(unnamed, "authorization", "Signature=", "Sign=");
  EXPECT_TRUE(
      refusal(unnamed).starts_with("IncompleteSignature: Authorization header requires 'Signature' "
                                   "parameter. Authorization=AWS4-HMAC-SHA256"));
  wire::Request basic = json_request();
  replace_header(basic, "authorization", "AWS4-HMAC-SHA256", "Basic");
  EXPECT_TRUE(refusal(basic).starts_with("IncompleteSignature: Unsupported AWS 'algorithm': 'Basic'"));
  wire::Request scope = json_request();
  replace_header(scope, "authorization", "/aws4_request", "");
  EXPECT_TRUE(refusal(scope).starts_with("IncompleteSignature: Credential must have exactly 5"));
}

TEST_F(AuthenticatorTest, RefusesUnknownKeysAndForeignScopes) {
  wire::Request key = json_request();
  replace_header(key, "authorization", "AKIDEXAMPLE", "AKIDUNKNOWN");
  EXPECT_EQ(refusal(key), "InvalidClientTokenId: The security token included in the request is invalid.");
  wire::Request token = session_request();
  replace_header(token, "x-amz-security-token", "the", "eth");
  EXPECT_EQ(refusal(token, sns::service()),
            "InvalidClientTokenId: The security token included in the request is invalid.");
  wire::Request region = json_request();
  replace_header(region, "authorization", "us-east-1", "eu-west-1");
  EXPECT_EQ(
      refusal(region),
      "SignatureDoesNotMatch: Credential should be scoped to a valid region, not 'eu-west-1'. This berth is "
      "'us-east-1'.");
  wire::Request date = json_request();
  replace_header(date, "authorization", "20250703", "20250702");
  EXPECT_TRUE(refusal(date).starts_with("SignatureDoesNotMatch: Date in Credential scope does not match"));
}

TEST_F(AuthenticatorTest, KeepsSignaturesForFiveMinutes) {
  loop_.run_for(Duration::minutes(5));
  EXPECT_EQ(refusal(json_request()), "");
  loop_.run_for(Duration::seconds(1));
  EXPECT_EQ(refusal(json_request()),
            "SignatureDoesNotMatch: Signature expired: 20250703T083406Z is now earlier than 20250703T083407Z "
            "(20250703T083907Z - 5 min.)");
  EXPECT_TRUE(refusal(presigned_request(), sts::service()).find("Signature expired") != std::string::npos);
  SimLoop early(*parse_iso("2025-07-03T08:29:05Z"));
  const auto answer = Authenticator(early, settings_, credentials_, AuthMode::signed_only)
                          .authenticate(json_request(), ecs::service());
  EXPECT_EQ(answer.error().message,
            "Signature not yet current: 20250703T083406Z is still later than 20250703T083405Z "
            "(20250703T082905Z + 5 "
            "min.)");
}

TEST_F(AuthenticatorTest, EndsSessionsWithTheirCredentials) {
  credentials_.expires_at = loop_.real_now() + Duration::seconds(1);
  EXPECT_EQ(refusal(session_request(), sns::service()), "");
  loop_.run_for(Duration::seconds(1));
  EXPECT_EQ(refusal(session_request(), sns::service()),
            "ExpiredToken: The security token included in the request is expired");
}

TEST_F(AuthenticatorTest, LetsAnyoneInWhenToldTo) {
  const auto caller = ask({"POST", "/", {}, ""}, ecs::service(), AuthMode::any);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->arn, "arn:aws:iam::123456789012:root");
  wire::Request test = json_request();
  replace_header(test, "authorization", "AKIDEXAMPLE", "test");
  EXPECT_EQ(ask(test, ecs::service(), AuthMode::test).error().code, "SignatureDoesNotMatch");
  EXPECT_EQ(ask(test, ecs::service()).error().code, "InvalidClientTokenId");
}

TEST(AuthError, IsSpelledByProtocol) {
  const Error unknown{"InvalidClientTokenId", "The security token included in the request is invalid.", 403};
  EXPECT_EQ(auth_error(unknown, wire::Protocol::query).code, "InvalidClientTokenId");
  EXPECT_EQ(auth_error(unknown, wire::Protocol::json_1_1).code, "UnrecognizedClientException");
  EXPECT_EQ(auth_error(unknown, wire::Protocol::cbor).code, "UnrecognizedClientException");
  EXPECT_EQ(auth_error(unknown, wire::Protocol::ec2).code, "AuthFailure");
  EXPECT_EQ(auth_error(unknown, wire::Protocol::ec2).status, 401);
  EXPECT_EQ(auth_error({"NotImplemented", ""}, wire::Protocol::json_1_1).code, "NotImplemented");
}

}  // namespace
}  // namespace berth::gateway
