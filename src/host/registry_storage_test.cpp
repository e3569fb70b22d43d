#include "host/registry_storage.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace berth::host {
namespace {

namespace fs = std::filesystem;

struct RegistryStorageTest : testing::Test {
  RegistryStorageTest() { fs::remove_all(folder); }
  ~RegistryStorageTest() override { fs::remove_all(folder); }

  std::string repository(const std::string& name) const { return root + "/repositories/" + name; }
  std::string manifest(const std::string& name, const std::string& digest) const {
    return repository(name) + "/_manifests/revisions/sha256/" + digest;
  }
  static void make(const std::string& path) { fs::create_directories(path); }
  void age(int minutes = 5) const {
    const auto then = fs::file_time_type::clock::now() - std::chrono::minutes(minutes);
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      fs::last_write_time(entry.path(), then);
  }

  std::string folder = testing::TempDir() + "registry_storage_test";
  std::string root = folder + "/docker/registry/v2";
  RegistryStorage storage{folder};
};

TEST_F(RegistryStorageTest, ARepositoryMayLieInAnother) {
  make(manifest("team", "aa"));
  make(manifest("team/app", "bb"));
  EXPECT_EQ(storage.repositories(), (std::vector<std::string>{"team", "team/app"}));
  EXPECT_FALSE(storage.remove_repositories({{"team", {}}, {"team/app", {}}}));
  EXPECT_TRUE(storage.remove_repositories({{"team/app", {"sha256:bb"}}}));
  EXPECT_EQ(storage.repositories(), (std::vector<std::string>{"team/app"}));
  EXPECT_TRUE(fs::exists(manifest("team/app", "bb")));
}

TEST_F(RegistryStorageTest, ManifestsThatNobodyNamesGo) {
  make(manifest("app", "aa"));
  make(manifest("app", "bb"));
  const world::RegistryContents kept{{"app", {"sha256:aa"}}};
  EXPECT_TRUE(storage.has_garbage(kept));
  storage.remove_manifests(kept);
  EXPECT_FALSE(storage.has_garbage(kept));
  EXPECT_TRUE(fs::exists(manifest("app", "aa")));
  EXPECT_FALSE(fs::exists(manifest("app", "bb")));
}

TEST_F(RegistryStorageTest, AnUploadAndAFreshLayerAreUse) {
  make(repository("app") + "/_layers/sha256/aa");
  EXPECT_TRUE(storage.is_in_use(RealDuration::seconds(60)));
  age();
  EXPECT_FALSE(storage.is_in_use(RealDuration::seconds(60)));
  make(repository("app") + "/_uploads/1234");
  age();
  EXPECT_TRUE(storage.is_in_use(RealDuration::seconds(60)));
  age(60);  // its client has gone
  EXPECT_FALSE(storage.is_in_use(RealDuration::seconds(60)));
  std::ofstream(repository("app") + "/_uploads/1234/data") << "more";
  EXPECT_TRUE(storage.is_in_use(RealDuration::seconds(60)));
}

TEST_F(RegistryStorageTest, LinksToLayersThatAreGoneGo) {
  make(repository("app") + "/_layers/sha256/aa11");
  make(repository("app") + "/_layers/sha256/bb22");
  make(root + "/blobs/sha256/aa/aa11");
  std::ofstream(root + "/blobs/sha256/aa/aa11/data") << "layer";
  storage.remove_dead_links();
  EXPECT_TRUE(fs::exists(repository("app") + "/_layers/sha256/aa11"));
  EXPECT_FALSE(fs::exists(repository("app") + "/_layers/sha256/bb22"));
}

}  // namespace
}  // namespace berth::host
