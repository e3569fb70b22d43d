#include "reconcile/image_expiry.h"

#include <gtest/gtest.h>

#include "loop/sim_loop.h"

namespace berth::reconcile {
namespace {

constexpr const char* keep_one =
    R"({"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan",)"
    R"("countNumber":1},"action":{"type":"expire"}}]})";

struct ImageExpiryTest : testing::Test {
  ImageExpiryTest() {
    ecr::add_tables(store);
    write([this] { store.put(ecr::RepositoryRow{"app", loop.now()}); });
    expiry.start();
  }

  template <class Work>
  void write(Work work) {
    const auto done = store.transact([&]() -> Result<> {
      work();
      return {};
    });
    ASSERT_TRUE(done.has_value());
  }
  void push(const std::string& digest, const std::string& media_type = "image",
            const std::string& manifest = "{}") {
    write([&] {
      ecr::ImageRow image{"app", digest, media_type};
      image.manifest = manifest;
      image.pushed_at = loop.now();
      store.put(image);
    });
    loop.run_until(loop.now() + Duration::seconds(1));
  }
  void put_policy() {
    write([this] {
      auto* repository = store.edit<ecr::RepositoryRow>("app");
      repository->lifecycle_policy = keep_one;
      repository->lifecycle_evaluated_at.reset();
    });
    loop.run_until(loop.now() + Duration::seconds(1));
  }
  std::string images() const {
    std::string all;
    for (const auto& [key, image] : store.all<ecr::ImageRow>()) all += image.digest + " ";
    return all;
  }

  Store store;
  SimLoop loop;
  ImageExpiry expiry{store, loop};
};

TEST_F(ImageExpiryTest, APolicyIsAppliedWhenItIsPutAndEveryHour) {
  push("a");
  push("b");
  EXPECT_EQ(images(), "a b ");
  put_policy();
  EXPECT_EQ(images(), "b ");
  push("c");
  EXPECT_EQ(images(), "b c ");
  loop.run_until(loop.now() + Duration::minutes(61));
  EXPECT_EQ(images(), "c ");
}

TEST_F(ImageExpiryTest, AListThatStaysKeepsItsImages) {
  const std::string child = "sha256:" + std::string(64, 'a');
  push(child);
  push("z-list", "application/vnd.oci.image.index.v1+json",
       R"({"manifests":[{"digest":")" + child + R"(","size":1}]})");
  put_policy();
  EXPECT_EQ(images(), child + " z-list ");
}

}  // namespace
}  // namespace berth::reconcile
