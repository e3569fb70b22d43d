#include "gateway/registry_api.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "services/ecr/password.h"
#include "services/ecr/rows.h"
#include "services/testing.h"

namespace berth::gateway {
namespace {

struct RegistryApiTest : services::HandlerTest, testing::Test {
  RegistryApiTest() {
    ecr::add_tables(store);
    settings.registry_key = "key";
    api.add_routes(routes);
    write([this] {
      store.put(ecr::RepositoryRow{"app"});
      ecr::ImageRow image{"app", "sha256:a", "application/x", "", "{}"};
      image.tags = {"v2", "v1", "v3"};
      store.put(image);
    });
  }

  wire::Response ask(const std::string& method, const std::string& path, const std::string& key = "key",
                     const std::string& body = {}) {
    const auto password = ecr::make_password(key, "me", loop.real_now() + Duration::minutes(1));
    const wire::Request request{
        method, registry_route + path, {{"authorization", "Basic " + base64("AWS:" + password)}}, body};
    wire::Response answer{0, {}, {}};
    const auto route = routes.find(method, request.path());
    if (route.handler)
      (*route.handler)(request, "127.0.0.1", [&](wire::Response response) { answer = response; });
    return answer;
  }
  static std::string header(const wire::Response& response, const std::string& name) {
    for (const auto& [own, value] : response.headers) {
      if (own == name) return value;
    }
    return {};
  }

  bool closed = false;
  Routes routes;
  RegistryApi api{context, "/nowhere", [this] { return closed; }};
};

TEST_F(RegistryApiTest, AnotherKeysPasswordIsRefused) {
  EXPECT_EQ(ask("GET", "/v2/").status, 200);
  const auto refused = ask("GET", "/v2/", "other");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(header(refused, "WWW-Authenticate").starts_with("Basic"));
}

TEST_F(RegistryApiTest, ATagLeadsToItsManifest) {
  const auto found = ask("GET", "/v2/app/manifests/v1");
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.body, "{}");
  EXPECT_EQ(header(found, "Docker-Content-Digest"), "sha256:a");
  EXPECT_EQ(ask("HEAD", "/v2/app/manifests/sha256%3Aa").status, 200);
  EXPECT_TRUE(store.find<ecr::ImageRow>("app@sha256:a")->pulled_at);
  const auto missing = ask("GET", "/v2/app/manifests/nope");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body,
            R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"Requested image not found"}]})");
}

TEST_F(RegistryApiTest, AForeignRepositoryIsRefusedBeforeAnythingIsSent) {
  for (const char* path : {"/v2/foreign/manifests/v1", "/v2/foreign/tags/list"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
  const auto refused = ask("POST", "/v2/foreign/blobs/uploads/");
  EXPECT_EQ(refused.status, 404);
  EXPECT_NE(refused.body.find("NAME_UNKNOWN"), std::string::npos);
}

TEST_F(RegistryApiTest, TagsComeInOrderAndInPages) {
  EXPECT_EQ(ask("GET", "/v2/app/tags/list").body, R"({"name":"app","tags":["v1","v2","v3"]})");
  const auto page = ask("GET", "/v2/app/tags/list?n=2&last=v0");
  EXPECT_EQ(page.body, R"({"name":"app","tags":["v1","v2"]})");
  EXPECT_EQ(header(page, "Link"), R"(</v2/app/tags/list?n=2&last=v2>; rel="next")");
  EXPECT_EQ(ask("GET", "/v2/app/tags/list?n=2&last=v2").body, R"({"name":"app","tags":["v3"]})");
}

TEST_F(RegistryApiTest, APushWaitsWhileGarbageIsCollected) {
  closed = true;
  EXPECT_EQ(ask("PUT", "/v2/app/manifests/v1").status, 0);
  closed = false;
  EXPECT_EQ(ask("PUT", "/v2/app/manifests/v1").status, 400);  // an empty manifest
}

TEST_F(RegistryApiTest, WhatTheRegistryDoesNotHaveIsRefused) {
  EXPECT_EQ(ask("GET", "/v2/app/referrers/sha256:a").status, 404);
  EXPECT_EQ(ask("POST", "/v2/app/tags/list").status, 405);
}

}  // namespace
}  // namespace berth::gateway
