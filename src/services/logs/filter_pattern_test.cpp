#include "services/logs/filter_pattern.h"

#include <gtest/gtest.h>

namespace berth::logs {
namespace {

bool matches(const std::string& pattern, const std::string& message) {
  const auto parsed = FilterPattern::parse(pattern);
  EXPECT_TRUE(parsed) << pattern;
  return parsed && parsed->matches(message);
}

TEST(FilterPattern, Terms) {
  const std::string message = "[ERROR 500] GET /api/load took 61 s";
  EXPECT_TRUE(matches("", message));
  EXPECT_TRUE(matches("ERROR", message));
  EXPECT_FALSE(matches("error", message));
  EXPECT_TRUE(matches("ERROR took", message));
  EXPECT_FALSE(matches("ERROR WARN", message));
  EXPECT_TRUE(matches("\"took 61 s\"", message));
  EXPECT_FALSE(matches("\"61 s took\"", message));
  EXPECT_TRUE(matches("?WARN ?ERROR", message));
  EXPECT_FALSE(matches("?WARN ?INFO", message));
  EXPECT_FALSE(matches("ERROR -\"/api/load\"", message));
  EXPECT_TRUE(matches("ERROR -WARN", message));
  EXPECT_TRUE(matches("ERROR ?WARN", message));
}

TEST(FilterPattern, Json) {
  const std::string message =
      R"({"level":"error","status":503,"ok":false,"user":null,"path":"/api/load","tags":["a","b"],"o":{"x-y":1.5}})";
  EXPECT_TRUE(matches(R"({ $.level = "error" })", message));
  EXPECT_TRUE(matches(R"({$.level=error})", message));
  EXPECT_FALSE(matches(R"({ $.level != "error" })", message));
  EXPECT_TRUE(matches(R"({ $.path = "/api/*" && $.status >= 500 })", message));
  EXPECT_TRUE(matches(R"({ $.path = "*load" })", message));
  EXPECT_FALSE(matches(R"({ $.path = "/a?i/load" })", message));
  EXPECT_TRUE(matches(R"({ $.status < 500 || $.tags[1] = "b" })", message));
  EXPECT_FALSE(matches(R"({ ($.status < 500 || $.status > 599) && $.level = "error" })", message));
  EXPECT_TRUE(matches(R"({ $.user IS NULL && $.ok IS FALSE && $.none NOT EXISTS })", message));
  EXPECT_FALSE(matches(R"({ $.none != "x" })", message));
  EXPECT_TRUE(matches(R"({ $.o.x-y = 1.5 && $['level'] = "error" })", message));
  EXPECT_FALSE(matches(R"({ $.status = "503x" })", message));
  EXPECT_FALSE(matches(R"({ $.level = "error" })", "no JSON"));
}

TEST(FilterPattern, RefusesWhatItCannotRead) {
  for (const auto* bad :
       {"{", "{}", "{ $.a }", "{ $.a = }", "{ a = 1 }", "{ $.a = 1 && }", "{ ($.a = 1 }", "{ $.a = \"x }",
        "{ $.a IS MAYBE }", "{ $.a[x] = 1 }", "\"open", "[a, b]", "%[0-9]%", "-", "?"}) {
    EXPECT_EQ(FilterPattern::parse(bad).error().code, "InvalidParameterException") << bad;
  }
  EXPECT_FALSE(FilterPattern::parse("{" + std::string(200, '(') + "$.a=1" + std::string(200, ')') + "}"));
  EXPECT_FALSE(FilterPattern::parse(std::string(1025, 'x')));
}

}  // namespace
}  // namespace berth::logs
