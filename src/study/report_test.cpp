#include "study/report.h"

#include <gtest/gtest.h>

namespace berth::study {
namespace {

Timeline two_minutes() {
  Timeline timeline{.service = "shop", .task_vcpu = 0.25, .minimum = 1, .maximum = 5};
  timeline.minutes.resize(2);
  timeline.minutes[0].desired = 1;
  timeline.minutes[1].desired = 2;
  timeline.minutes[1].cpu = 40.25;
  timeline.activities.push_back({.at_s = 61, .description = "Setting desired count to 2.", .ordered = 2});
  return timeline;
}

json::value data_in(const std::string& html) {
  const std::string opening = "id=\"data\">";
  const auto from = html.find(opening) + opening.size();
  json::value out;
  JsonError error;
  EXPECT_TRUE(parse_json(html.substr(from, html.find("</script>", from) - from), out, error));
  return out;
}

TEST(Report, HoldsTheMinutesAndTheActivities) {
  const auto data = data_in(report_html(two_minutes(), {}, {}));
  EXPECT_EQ(json::serialize(data.at("desired")), "[1,2]");
  EXPECT_EQ(json::serialize(data.at("cpu")), "[null,4.03E1]");
  EXPECT_EQ(data.at("activities").at(0).at("direction").as_int64(), 1);
}

TEST(Report, LoadsNothingFromOutside) {
  const auto html = report_html(two_minutes(), {}, {});
  EXPECT_EQ(html.find("http"), std::string::npos);
  EXPECT_EQ(html.find("src="), std::string::npos);
}

TEST(Report, TextOfARunCannotBecomeMarkup) {
  auto timeline = two_minutes();
  timeline.activities[0].explanation = "</script><b>";
  ReportFacts facts{.trace = "<script>"};
  const auto html = report_html(timeline, {}, facts);
  EXPECT_EQ(html.find("</script><b>"), std::string::npos);
  EXPECT_EQ(html.find("<script>:"), std::string::npos);
  EXPECT_EQ(data_in(html).at("activities").at(0).at("explanation").as_string(), "</script><b>");
}

}  // namespace
}  // namespace berth::study
