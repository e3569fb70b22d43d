#include "control/image_lifecycle.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

constexpr Time now{1'000'000'000'000'000};

std::string rule(int priority, const std::string& selection) {
  return R"({"rulePriority":)" + std::to_string(priority) + R"(,"selection":{)" + selection +
         R"(},"action":{"type":"expire"}})";
}

std::string policy(const std::string& rules) {
  return R"({"rules":[)" + rules + "]}";
}

std::string tagged(const std::string& prefix, int count) {
  return R"("tagStatus":"tagged","tagPrefixList":[")" + prefix +
         R"("],"countType":"imageCountMoreThan","countNumber":)" + std::to_string(count);
}

std::string aged(const std::string& status, int days) {
  return R"("tagStatus":")" + status +
         R"(","countType":"sinceImagePushed","countUnit":"days","countNumber":)" + std::to_string(days);
}

LifecycleImage image(const std::string& digest, std::vector<std::string> tags, double days_ago) {
  return {digest, std::move(tags), now - Duration::minutes(days_ago * 24 * 60)};
}

// "A by 1, ..."
std::string expire(const std::string& text, const std::vector<LifecycleImage>& images) {
  const auto rules = read_lifecycle_policy(text);
  if (!rules) return rules.error().message;
  std::string out;
  for (const auto& [expired, priority] : expired_images(*rules, images, now)) {
    out += (out.empty() ? "" : ", ") + expired->digest + " by " + std::to_string(priority);
  }
  return out;
}

// The example of AWS's user guide.
TEST(ImageLifecycle, ARuleKeepsWhatItSelectsFromTheRulesAfterIt) {
  const std::vector<LifecycleImage> images{image("A", {"beta-1", "prod-1"}, 10),
                                           image("B", {"beta-2", "prod-2"}, 9), image("C", {"beta-3"}, 8)};
  EXPECT_EQ(expire(policy(rule(1, tagged("prod", 1)) + "," + rule(2, tagged("beta", 1))), images), "A by 1");
}

TEST(ImageLifecycle, UntaggedImagesExpireByAge) {
  const std::vector<LifecycleImage> images{image("old", {}, 14.1), image("young", {}, 13.9),
                                           image("kept", {"v1"}, 99)};
  EXPECT_EQ(expire(policy(rule(1, aged("untagged", 14))), images), "old by 1");
  EXPECT_EQ(expire(policy(rule(1, aged("any", 14))), images), "old by 1, kept by 1");
}

TEST(ImageLifecycle, EveryPatternMustMatch) {
  const std::string selection =
      R"("tagStatus":"tagged","tagPatternList":["*prod*","eu-*"],"countType":"imageCountMoreThan","countNumber":1)";
  const std::vector<LifecycleImage> images{image("A", {"eu-prod"}, 3), image("B", {"prod"}, 2),
                                           image("C", {"prod", "eu-1"}, 1)};
  EXPECT_EQ(expire(policy(rule(1, selection)), images), "A by 1");
}

TEST(ImageLifecycle, WhatIsNoPolicyIsRefused) {
  const std::string none = "instance failed to match exactly one schema (matched 0 out of 2)";
  EXPECT_EQ(expire("{}", {}), R"(object has missing required properties (["rules"]))");
  EXPECT_NE(expire("{", {}), "");
  EXPECT_EQ(expire(policy("{}"), {}), none);
  EXPECT_EQ(
      expire(policy(rule(1, R"("tagStatus":"tagged","countType":"imageCountMoreThan","countNumber":1)")), {}),
      none);
  EXPECT_EQ(
      expire(policy(rule(1, R"("tagStatus":"any","countType":"sinceImagePushed","countNumber":1)")), {}),
      none);
  EXPECT_EQ(expire(policy(rule(0, aged("any", 1))), {}), none);
  EXPECT_NE(expire(policy(rule(1, aged("any", 1)) + "," + rule(2, tagged("a", 1))), {}), "");
  EXPECT_NE(expire(policy(rule(1, tagged("a", 1)) + "," + rule(1, tagged("b", 1))), {}), "");
}

}  // namespace
}  // namespace berth::control
