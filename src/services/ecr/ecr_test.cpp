#include "handlers/ecr.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "services/ecr/manifest.h"
#include "services/ecr/password.h"
#include "services/ecr/repository.h"
#include "services/testing.h"

namespace berth::ecr {
namespace {

constexpr const char* image_type = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* list_type = "application/vnd.oci.image.index.v1+json";

std::string blob(char digit) {
  return "sha256:" + std::string(64, digit);
}

std::string descriptor(const std::string& digest, int size_bytes) {
  return R"({"mediaType":"application/x","digest":")" + digest + R"(","size":)" + std::to_string(size_bytes) +
         "}";
}

std::string image_of(char config, char layer) {
  return R"({"schemaVersion":2,"config":)" + descriptor(blob(config), 10) + R"(,"layers":[)" +
         descriptor(blob(layer), 100) + "]}";
}

std::string list_of_images(const std::string& child) {
  return R"({"schemaVersion":2,"manifests":[)" + descriptor(child, 5) + "]}";
}

struct EcrTest : services::HandlerTest, testing::Test {
  EcrTest() {
    add_tables(store);
    settings.registry_key = "key";
  }

  std::string create(const std::string& name, const std::string& mutability = "MUTABLE") {
    CreateRepositoryRequest request;
    request.repository_name = name;
    request.image_tag_mutability = mutability;
    return message_of(create_repository, request);
  }

  // As the registry's front does after a push.
  std::string push(const std::string& text, const std::string& tag, const std::string& type = image_type) {
    const auto manifest = read_manifest(text, type);
    if (!manifest) return manifest.error().code;
    auto pushed = store.transact([&]() -> Result<> {
      const auto* repository = store.find<RepositoryRow>("app");
      auto movable = check_tag_move(store, *repository, tag, manifest->digest);
      if (!movable) return movable;
      store_image(store, *repository, *manifest, text, tag, true, loop.now());
      return {};
    });
    return pushed ? manifest->digest : pushed.error().code;
  }

  std::vector<ImageIdentifier> listed(const std::string& status = "ANY") {
    ListImagesRequest request;
    request.repository_name = "app";
    request.filter.emplace().tag_status = status;
    return *call(list_images, request)->image_ids;
  }

  BatchDeleteImageResponse remove(std::optional<std::string> digest, std::optional<std::string> tag) {
    BatchDeleteImageRequest request;
    request.repository_name = "app";
    request.image_ids = std::vector<ImageIdentifier>{{digest, tag}};
    return *call(batch_delete_image, request);
  }

  PutImageRequest put(const std::string& text, const std::string& tag) {
    PutImageRequest request;
    request.repository_name = "app";
    request.image_manifest = text;
    request.image_tag = tag;
    return request;
  }
};

TEST_F(EcrTest, RepositoryNamesAreLowerCaseWords) {
  for (const char* good : {"app", "a1", "team/app", "a.b_c-d/e"}) EXPECT_EQ(create(good), "") << good;
  for (const char* bad : {"App", "a/", "/aa", "a--b", "a//b", "app_"}) {
    EXPECT_EQ(create(bad),
              "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular "
              "expression "
              "'(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''")
        << bad;
  }
  EXPECT_EQ(create("a"),
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater "
            "than or equal to 2'");
  EXPECT_EQ(create("app"),
            "The repository with name 'app' already exists in the registry with id '123456789012'");
}

TEST_F(EcrTest, ARepositoryWithImagesIsDeletedByForceAlone) {
  create("app");
  push(image_of('1', '2'), "v1");
  DeleteRepositoryRequest request;
  request.repository_name = "app";
  EXPECT_EQ(
      message_of(delete_repository, request),
      "The repository with name 'app' in registry with id '123456789012' cannot be deleted because it still "
      "contains images");
  request.force = true;
  EXPECT_EQ(call(delete_repository, request)->repository->repository_uri,
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/app");
  EXPECT_TRUE(store.all<ImageRow>().empty());
  EXPECT_EQ(message_of(delete_repository, request),
            "The repository with name 'app' does not exist in the registry with id '123456789012'");
}

TEST_F(EcrTest, ATagMovesAndLeavesTheOldImageUntagged) {
  create("app");
  const auto first = push(image_of('1', '2'), "v1"), second = push(image_of('3', '4'), "v1");
  EXPECT_EQ(find_image(store, "app", "v1")->digest, second);
  ASSERT_EQ(listed("UNTAGGED").size(), 1u);
  EXPECT_EQ(listed("UNTAGGED")[0].image_digest, first);
  EXPECT_EQ(listed("TAGGED")[0].image_tag, "v1");
  EXPECT_EQ(find_image(store, "app", first)->size_bytes, 110);
}

TEST_F(EcrTest, AnImmutableTagDoesNotMove) {
  create("app", "IMMUTABLE");
  const auto digest = push(image_of('1', '2'), "v1");
  EXPECT_EQ(push(image_of('1', '2'), "v1"), digest);  // the same again is no move
  EXPECT_EQ(push(image_of('3', '4'), "v1"), "ImageTagAlreadyExistsException");
  const auto other = push(image_of('3', '4'), "v2");
  EXPECT_EQ(message_of(put_image, put(image_of('3', '4'), "v1")),
            "The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because the "
            "tag is "
            "immutable.");
  EXPECT_EQ(find_image(store, "app", "v2")->digest, other);
}

TEST_F(EcrTest, ExclusionsTurnTheRuleRound) {
  RepositoryRow repository;
  repository.mutability_exclusions = {{"WILDCARD", "latest*"}};
  repository.tag_mutability = "IMMUTABLE_WITH_EXCLUSION";
  EXPECT_FALSE(is_immutable(repository, "latest-2"));
  EXPECT_TRUE(is_immutable(repository, "v1"));
  repository.tag_mutability = "MUTABLE_WITH_EXCLUSION";
  EXPECT_TRUE(is_immutable(repository, "latest"));
  EXPECT_FALSE(is_immutable(repository, "v1"));
}

TEST_F(EcrTest, PutImageRetagsAndNeedsTheLayers) {
  create("app");
  const auto digest = push(image_of('1', '2'), "v1");
  EXPECT_EQ(call(put_image, put(image_of('1', '2'), "stable"))->image->image_id->image_digest, digest);
  EXPECT_EQ(code_of(put_image, put(image_of('1', '2'), "stable")), "ImageAlreadyExistsException");
  EXPECT_EQ(code_of(put_image, put(image_of('1', '9'), "new")), "LayersNotFoundException");
  EXPECT_EQ(code_of(put_image, put("{", "new")), "InvalidParameterException");
  auto list = put(list_of_images(blob('9')), "all");
  list.image_manifest_media_type = list_type;
  EXPECT_EQ(code_of(put_image, list), "ReferencedImagesNotFoundException");
  list.image_manifest = list_of_images(digest);
  EXPECT_EQ(code_of(put_image, list), "");
  EXPECT_FALSE(find_image(store, "app", "all")->in_registry);  // left to the reconciler
  EXPECT_EQ(find_image(store, "app", "all")->size_bytes, 110);
}

TEST_F(EcrTest, AnImageGoesWithItsLastTag) {
  create("app");
  const auto digest = push(image_of('1', '2'), "a");
  push(image_of('1', '2'), "b");
  EXPECT_EQ(remove({}, "a").image_ids->size(), 1u);
  EXPECT_NE(find_image(store, "app", digest), nullptr);
  remove({}, "b");
  EXPECT_EQ(find_image(store, "app", digest), nullptr);
  EXPECT_EQ(remove({}, "b").failures->at(0).failure_code, "ImageNotFound");
  EXPECT_EQ(remove({}, {}).failures->at(0).failure_code, "MissingDigestAndTag");
}

TEST_F(EcrTest, AListKeepsItsImages) {
  create("app");
  const auto child = push(image_of('1', '2'), "");
  const auto list = push(list_of_images(child), "all", list_type);
  EXPECT_EQ(remove(child, {}).failures->at(0).failure_reason,
            "Requested image referenced by manifest list: [" + list + "]");
  remove(list, {});
  EXPECT_EQ(remove(child, {}).image_ids->size(), 1u);
}

TEST_F(EcrTest, AMissingImageIsNamedAsAwsDoes) {
  create("app");
  DescribeImagesRequest request;
  request.repository_name = "app";
  request.image_ids = std::vector<ImageIdentifier>{{std::nullopt, "nope"}};
  EXPECT_EQ(message_of(describe_images, request),
            "The image with imageId {imageDigest:'null', imageTag:'nope'} does not exist within the "
            "repository with "
            "name 'app' in the registry with id '123456789012'");
}

TEST_F(EcrTest, APasswordIsGoodForTwelveHours) {
  GetAuthorizationTokenRequest request;
  const auto token = call(get_authorization_token, request)->authorization_data->at(0);
  EXPECT_EQ(token.proxy_endpoint, "http://127.0.0.1:5000");
  const std::string header = "Basic " + *token.authorization_token;
  const Time now = loop.real_now();
  EXPECT_TRUE(check_authorization("key", header, now + password_life - Duration::seconds(2)));
  EXPECT_EQ(check_authorization("key", header, now + password_life).error().status, 403);
  EXPECT_EQ(check_authorization("other", header, now).error().status, 401);
  EXPECT_EQ(check_authorization("key", "Basic " + base64("AWS:no.such.word"), now).error().status, 401);
  EXPECT_EQ(check_authorization("key", "Bearer x", now).error().status, 401);
  EXPECT_EQ(check_authorization("key", "", now).error().status, 401);
  const std::string pair = *from_base64(*token.authorization_token);
  EXPECT_EQ(check_authorization("key", "Basic " + base64("me" + pair.substr(3)), now).error().status, 401);
  EXPECT_EQ(store.all<RegistryUseRow>().size(), 1u);
}

TEST_F(EcrTest, ImageNamesOfThisRegistry) {
  const std::string host = "123456789012.dkr.ecr.us-east-1.amazonaws.com/";
  const auto parse = [&](const std::string& name) {
    const auto parsed = parse_image_name(settings, name);
    return parsed ? parsed->repository + " " + parsed->reference : "none";
  };
  EXPECT_EQ(parse(host + "app:v1"), "app v1");
  EXPECT_EQ(parse(host + "team/app"), "team/app latest");
  EXPECT_EQ(parse(host + "app:v1@sha256:ab"), "app sha256:ab");
  EXPECT_EQ(parse("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1"), "none");
  EXPECT_EQ(parse("nginx"), "none");
}

TEST_F(EcrTest, PoliciesAreKept) {
  create("app");
  GetRepositoryPolicyRequest get;
  get.repository_name = "app";
  EXPECT_EQ(message_of(get_repository_policy, get),
            "Repository policy does not exist for the repository with name 'app' in the registry with id "
            "'123456789012'");
  SetRepositoryPolicyRequest set;
  set.repository_name = "app";
  set.policy_text = "{";
  EXPECT_EQ(
      message_of(set_repository_policy, set),
      "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'");
  set.policy_text = R"({"Version":"2012-10-17","Statement":[]})";
  EXPECT_EQ(message_of(set_repository_policy, set), "");
  EXPECT_EQ(call(get_repository_policy, get)->policy_text, set.policy_text);
}

TEST(Manifest, WhatIsNoManifestIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"config":{},"layers":[]})",
                           R"({"config":{"digest":"sha256:1","size":1},"layers":[]})"}) {
    EXPECT_FALSE(read_manifest(text, image_type)) << text;
  }
  EXPECT_FALSE(read_manifest(image_of('1', '2'), "application/json"));
}

TEST(Manifest, Tags) {
  for (const char* good : {"v1", "_x", "A.b-c"}) EXPECT_TRUE(is_tag(good)) << good;
  for (const char* bad : {"", ".a", "-a", "a/b", "a b", "a:b"}) EXPECT_FALSE(is_tag(bad)) << bad;
}

}  // namespace
}  // namespace berth::ecr
