#include "reconcile/registry_sync.h"

#include <gtest/gtest.h>

#include "loop/sim_loop.h"

namespace berth::reconcile {
namespace {

struct FakeRegistry final : world::Registry {
  void run() override { running = true; }
  void put(world::RegistryManifest manifest, std::function<void(Result<>)> done) override {
    manifests.push_back(manifest.digest);
    if (refusing) return done(Error{"RegistryFailed", "not now"});
    done({});
  }
  void collect(world::RegistryContents kept, std::function<void(Result<bool>)> done) override {
    collections.push_back(std::move(kept));
    done(!busy);
  }

  bool running = false, refusing = false, busy = false;
  std::vector<std::string> manifests;
  std::vector<world::RegistryContents> collections;
};

struct RegistrySyncTest : testing::Test {
  RegistrySyncTest() {
    ecr::add_tables(store);
    sync.start();
    settle();
  }

  template <class Work>
  void write(Work work) {
    const auto done = store.transact([&]() -> Result<> {
      work();
      return {};
    });
    ASSERT_TRUE(done.has_value());
    settle();
  }
  void settle() { loop.run_for(Duration::seconds(1)); }
  void make_image(bool in_registry) {
    write([&] {
      ecr::ImageRow image{"app", "sha256:a"};
      image.in_registry = in_registry;
      store.put(ecr::RepositoryRow{"app"});
      store.put(image);
    });
  }

  Store store;
  SimLoop loop;
  FakeRegistry registry;
  RegistrySync sync{store, loop, registry};
};

TEST_F(RegistrySyncTest, NothingRunsBeforeItIsNeeded) {
  EXPECT_FALSE(registry.running);
  write([this] { store.put(ecr::RegistryUseRow{}); });
  EXPECT_TRUE(registry.running);
}

TEST_F(RegistrySyncTest, AManifestOfTheApiIsPutUntilTheRegistryHasIt) {
  registry.refusing = true;
  make_image(false);
  EXPECT_FALSE(store.find<ecr::ImageRow>("app@sha256:a")->in_registry);
  registry.refusing = false;
  loop.run_for(Duration::seconds(5));
  EXPECT_TRUE(store.find<ecr::ImageRow>("app@sha256:a")->in_registry);
  const auto asked = registry.manifests.size();
  EXPECT_GE(asked, 2u);
  loop.run_for(Duration::minutes(5));
  EXPECT_EQ(registry.manifests.size(), asked);
}

TEST_F(RegistrySyncTest, WhatIsDeletedIsCollectedWhenNobodyPushes) {
  make_image(true);
  const auto before = registry.collections.size();  // one for what an earlier daemon may have left
  registry.busy = true;
  write([this] { store.erase<ecr::ImageRow>("app@sha256:a"); });
  EXPECT_GT(registry.collections.size(), before);
  EXPECT_EQ(registry.collections.back(), (world::RegistryContents{{"app", {}}}));
  registry.busy = false;
  loop.run_for(Duration::seconds(10));
  const auto after = registry.collections.size();
  loop.run_for(Duration::minutes(5));
  EXPECT_EQ(registry.collections.size(), after);
}

}  // namespace
}  // namespace berth::reconcile
