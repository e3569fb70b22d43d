#include "control/cron.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

std::vector<std::string> fires(const char* text, const char* after, int count) {
  const auto cron = parse_cron(text);
  EXPECT_TRUE(cron) << text;
  std::vector<std::string> times;
  std::optional<Time> at = *parse_iso(after);
  for (int i = 0; i < count && at; ++i) {
    at = cron->next(*at);
    times.push_back(at ? format_utc(*at, "%Y-%m-%d %H:%M") : "never");
  }
  return times;
}

using Times = std::vector<std::string>;

TEST(Cron, FieldsRangesListsAndSteps) {
  EXPECT_EQ(fires("0 12 * * ? *", "2026-01-01T11:59:59Z", 2),
            (Times{"2026-01-01 12:00", "2026-01-02 12:00"}));
  EXPECT_EQ(fires("0 12 * * ? *", "2026-01-01T12:00:00Z", 1), (Times{"2026-01-02 12:00"}));
  EXPECT_EQ(fires("*/20 8-9 ? * MON-FRI *", "2026-10-02T09:30:00Z", 3),  // a Friday
            (Times{"2026-10-02 09:40", "2026-10-05 08:00", "2026-10-05 08:20"}));
  EXPECT_EQ(fires("5/30 0 1,15 * ? *", "2026-01-31T00:00:00Z", 3),
            (Times{"2026-02-01 00:05", "2026-02-01 00:35", "2026-02-15 00:05"}));
  EXPECT_EQ(fires("0 0 1 JAN,JUL ? 2027", "2026-01-01T00:00:00Z", 3),
            (Times{"2027-01-01 00:00", "2027-07-01 00:00", "never"}));
  EXPECT_EQ(fires("0 0 ? * FRI-SUN *", "2026-10-01T00:00:00Z", 4),  // goes round the end of the week
            (Times{"2026-10-02 00:00", "2026-10-03 00:00", "2026-10-04 00:00", "2026-10-09 00:00"}));
}

TEST(Cron, LastAndNth) {
  EXPECT_EQ(fires("0 0 L * ? *", "2028-01-31T00:00:00Z", 2), (Times{"2028-02-29 00:00", "2028-03-31 00:00"}));
  EXPECT_EQ(fires("0 0 ? * 6L *", "2026-10-01T00:00:00Z", 2),
            (Times{"2026-10-30 00:00", "2026-11-27 00:00"}));
  EXPECT_EQ(fires("0 0 ? * FRI#3 *", "2026-10-01T00:00:00Z", 1), (Times{"2026-10-16 00:00"}));
  EXPECT_EQ(fires("0 0 ? * L *", "2026-10-01T00:00:00Z", 1), (Times{"2026-10-03 00:00"}));
  EXPECT_EQ(fires("0 0 30 2 ? *", "2026-10-01T00:00:00Z", 1), (Times{"never"}));
}

TEST(Cron, LeadingSecondsCountAsZero) {
  EXPECT_EQ(fires("30 0 12 * * ? *", "2026-01-01T00:00:00Z", 1), (Times{"2026-01-01 12:00"}));
}

TEST(Cron, RefusesWhatIsNoCron) {
  for (const char* text :
       {"", "* * * * *", "0 12 * * * *", "0 12 ? * ? *", "60 12 * * ? *", "0 24 * * ? *", "0 12 0 * ? *",
        "0 12 15W * ? *", "0 12 * 13 ? *", "0 12 ? * 8 *", "0 12 ? * MON#6 *", "0 12 * * ? 1969",
        "1, 2 * * ? *", "*/0 12 * * ? *", "a 12 * * ? *", "99 0 12 * * ? *"}) {
    EXPECT_FALSE(parse_cron(text)) << text;
  }
}

}  // namespace
}  // namespace berth::control
