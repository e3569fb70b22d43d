#include "store/blob_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace berth {
namespace {

namespace fs = std::filesystem;

class BlobFilesTest : public testing::Test {
 protected:
  BlobFilesTest() {
    char pattern[] = "/tmp/berth-blobs-XXXXXX";
    folder = mkdtemp(pattern);
    store.add<BlobRow>();
  }
  ~BlobFilesTest() override { fs::remove_all(folder); }

  void keep(BlobFiles& blobs, const std::string& name, const std::string& text) {
    const auto writer = blobs.write(name);
    writer->write(text);
    ASSERT_TRUE(writer->sync());
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      hold_blob(store, name, writer->size_bytes());
      return {};
    }));
    writer->keep();
  }
  void release(const std::string& name) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      release_blob(store, name);
      return {};
    }));
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder + "/blobs"), fs::directory_iterator()));
  }

  std::string folder;
  Store store;
};

TEST_F(BlobFilesTest, AFileLivesAsLongAsItsRow) {
  BlobFiles blobs(store, folder);
  ASSERT_TRUE(blobs.collect());
  keep(blobs, "a", "hello");
  keep(blobs, "b", "world");
  EXPECT_EQ(*blobs.read_text({{"a", 0, 5}, {"b", 1, 3}}), "helloorl");
  const auto reader = blobs.read({{"a", 0, 5}});
  release("a");
  EXPECT_EQ(files(), 2u) << "somebody reads it";
  EXPECT_EQ(reader->read(3), "hel");
  EXPECT_EQ(reader->read(100), "lo");
  EXPECT_EQ(reader->read(100), "");
}

TEST_F(BlobFilesTest, TheLastReaderOfADeletedOneTakesItAway) {
  BlobFiles blobs(store, folder);
  ASSERT_TRUE(blobs.collect());
  keep(blobs, "a", "hello");
  auto reader = blobs.read({{"a", 0, 5}});
  release("a");
  reader.reset();
  EXPECT_EQ(files(), 0u);
  EXPECT_FALSE(blobs.read_text({{"a", 0, 5}}));
}

TEST_F(BlobFilesTest, WhatIsHeldTwiceGoesWithItsLastHolder) {
  BlobFiles blobs(store, folder);
  ASSERT_TRUE(blobs.collect());
  keep(blobs, "a", "hello");
  keep(blobs, "a", "hello");
  release("a");
  EXPECT_EQ(files(), 1u);
  release("a");
  EXPECT_EQ(files(), 0u);
}

TEST_F(BlobFilesTest, AnAbandonedUploadLeavesNothing) {
  BlobFiles blobs(store, folder);
  ASSERT_TRUE(blobs.collect());
  {
    const auto begun = blobs.write("begun");
    begun->write("text");
    const auto synced = blobs.write("synced");
    synced->write("text");
    EXPECT_TRUE(synced->sync());
    EXPECT_EQ(files(), 2u);
  }
  EXPECT_EQ(files(), 0u);
}

TEST_F(BlobFilesTest, LeftoversOfAKilledDaemonAreCollected) {
  fs::create_directories(folder + "/blobs");
  std::ofstream(folder + "/blobs/draft.new") << "half";
  std::ofstream(folder + "/blobs/unnamed") << "whole, without a row";
  BlobFiles blobs(store, folder);
  ASSERT_TRUE(blobs.collect());
  EXPECT_EQ(files(), 0u);
}

TEST_F(BlobFilesTest, WhatCannotBeWrittenIsRefused) {
  BlobFiles blobs(store, folder + "/none");
  const auto writer = blobs.write("a");
  writer->write("text");
  EXPECT_FALSE(writer->sync());
}

}  // namespace
}  // namespace berth
