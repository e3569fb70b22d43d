#include "host/build_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "base/read_file.h"
#include "base/text.h"
#include "host/process.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

struct BuildFilesTest : testing::Test {
  BuildFilesTest() {
    BERTH_CHECK(mkdtemp(root.data()) != nullptr);
    fs::create_directories(root + "/target");
    locations.buckets["named"] = root + "/bucket";
    locations.other_buckets = root + "/s3";
  }
  ~BuildFilesTest() override { fs::remove_all(root); }

  void put(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  }
  void git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"git", "-C", root + "/repository", "-c", "user.name=t", "-c",
                                         "user.email=t@example.com", "-c", "init.defaultBranch=main"});
    const auto done = run_checked(arguments);
    ASSERT_TRUE(done) << done.error().message;
  }
  Result<std::string> fetch(const std::string& type, const std::string& location,
                            const std::string& version = "") {
    world::BuildSource source;
    source.type = type;
    source.location = location;
    source.version = version;
    return fetch_source(locations, source, root + "/target", "");
  }
  Result<> store(const std::string& location, const std::vector<std::string>& files,
                 const std::string& base = "") {
    return store_artifacts(locations, {location, files, base, false}, root + "/target");
  }

  std::string root = testing::TempDir() + "build-files-XXXXXX";
  BuildLocations locations;
};

TEST_F(BuildFilesTest, PatternsNamePaths) {
  EXPECT_TRUE(names_artifact("**/*", "a/b/c.txt"));
  EXPECT_TRUE(names_artifact("**/*", "c.txt"));
  EXPECT_TRUE(names_artifact("a/**/c.txt", "a/c.txt"));
  EXPECT_TRUE(names_artifact("./out/*.txt", "out/c.txt"));
  EXPECT_FALSE(names_artifact("*.txt", "out/c.txt"));
  EXPECT_FALSE(names_artifact("out", "out/c.txt"));
}

TEST_F(BuildFilesTest, AFolderIsTakenAsItIs) {
  put("/plain/deep/file", "text");
  locations.sources["https://example.com/plain"] = root + "/plain";
  const auto fetched = fetch("GITHUB", "https://example.com/plain.git");
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(*fetched, "");
  EXPECT_EQ(read_file(root + "/target/deep/file"), "text");
}

TEST_F(BuildFilesTest, ARepositoryIsClonedAtItsVersion) {
  put("/repository/file", "one");
  git({"init", "--quiet"});
  git({"add", "."});
  git({"commit", "--quiet", "-m", "one"});
  git({"tag", "v1"});
  put("/repository/file", "two");
  git({"commit", "--quiet", "-a", "-m", "two"});
  const auto missing = fetch("CODECOMMIT", root + "/repository", "v9");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "CLIENT_ERROR");
  EXPECT_EQ(missing.error().message, "reference not found for primary source and source version v9");
  fs::remove_all(root + "/target");
  const auto fetched = fetch("CODECOMMIT", "file://" + root + "/repository", "v1");
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->size(), 40u);
  EXPECT_EQ(read_file(root + "/target/file"), "one");
}

TEST_F(BuildFilesTest, WhatRunsProgramsIsNotFetched) {
  EXPECT_FALSE(fetch("GITHUB", "ext::sh -c true"));
  EXPECT_FALSE(fetch("GITHUB", "ssh://example.com/app"));
  EXPECT_FALSE(fetch("GITHUB", root + "/nowhere"));
}

TEST_F(BuildFilesTest, ABucketIsAFolder) {
  put("/bucket/in/file", "text");
  EXPECT_EQ(
      fetch("S3", "nowhere/key").error().message.find("error while downloading key key, error: NoSuchBucket"),
      0u);
  EXPECT_NE(fetch("S3", "named/none.zip").error().message.find("NoSuchKey"), std::string::npos);
  EXPECT_FALSE(fetch("S3", "named/../../etc"));
  ASSERT_TRUE(fetch("S3", "arn:aws:s3:::named/in/"));
  EXPECT_EQ(read_file(root + "/target/file"), "text");
}

TEST_F(BuildFilesTest, ArtifactsGoToTheirBucket) {
  put("/target/out/a.txt", "a");
  put("/target/out/deep/b.txt", "b");
  put("/target/other", "c");
  ASSERT_TRUE(store("named/x", {"**/*"}, "out"));
  EXPECT_EQ(read_file(root + "/bucket/x/deep/b.txt"), "b");
  EXPECT_FALSE(fs::exists(root + "/bucket/x/other"));
  ASSERT_TRUE(store("unnamed/y", {"other"}));
  EXPECT_EQ(read_file(root + "/s3/unnamed/y/other"), "c");
  EXPECT_EQ(store("named/x", {"*.jar"}).error().message, "no matching artifact paths found");
  EXPECT_EQ(store("named/x", {"*"}, "none").error().message,
            "no matching base directory path found for none");
  EXPECT_FALSE(store("named/x", {"*"}, ".."));
  // A link in the build's folder is stored as a link: nothing of the machine is read through it.
  fs::create_symlink("/etc/hostname", root + "/target/link");
  ASSERT_TRUE(store("named/z", {"link"}));
  EXPECT_TRUE(fs::is_symlink(root + "/bucket/z/link"));
}

}  // namespace
}  // namespace berth::host
