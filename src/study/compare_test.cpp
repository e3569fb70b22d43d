#include "study/compare.h"

#include <gtest/gtest.h>

#include "sim/traffic.h"
#include "study/result_json.h"
#include "study/scatter.h"

namespace berth::study {
namespace {

TEST(Compare, AVariantIsANameAndItsChanges) {
  const auto variant = parse_variant("cheap: Policy.Target=70; Scaling.MaxCapacity=3;");
  ASSERT_TRUE(variant);
  EXPECT_EQ(variant->name, "cheap");
  EXPECT_EQ(variant->sets, (std::vector<std::string>{"Policy.Target=70", "Scaling.MaxCapacity=3"}));
  for (const char* bad : {"", "cheap", "cheap:", ": A.B=1", "cheap: A.B"})
    EXPECT_FALSE(parse_variant(bad)) << bad;
}

TEST(Compare, APageShowsEveryPolicyAndEndsNoElementEarly) {
  const auto page = scatter_page("<b>", "w", {{"trace", {{"one & two", 1, 0, PointKind::current, ""}}}},
                                 {{"policy"}, {"<i>"}});
  EXPECT_NE(page.find("one &amp; two"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
}

}  // namespace
}  // namespace berth::study
