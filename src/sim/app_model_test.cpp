#include "sim/app_model.h"

#include <gtest/gtest.h>

namespace berth::sim {
namespace {

std::string problem_of(const std::string& text) {
  const auto app = parse_app_model(text, "app.toml");
  return app ? "none" : app.error().message;
}

TEST(AppModel, IsReadAsWritten) {
  AppModel app;
  app.cpu_ms = 7.5;
  app.cpu_variation = 0.8;
  app.threads = 12;
  app.timeout_s = 30;
  app.cores = 2;
  app.core_misses = 0.25;
  const auto again = parse_app_model(write_app_model(app), "app.toml");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->cpu_ms, 7.5);
  EXPECT_EQ(again->cpu_variation, 0.8);
  EXPECT_EQ(again->threads, 12);
  EXPECT_EQ(again->timeout_s, 30);
  EXPECT_EQ(again->cores, 2);
  EXPECT_EQ(again->core_misses, 0.25);
  EXPECT_EQ(again->objective_ms, app.objective_ms);
}

TEST(AppModel, WhatIsNotStatedIsUsual) {
  const auto app = parse_app_model("cpu_ms = 3\n", "app.toml");
  ASSERT_TRUE(app);
  EXPECT_EQ(app->cpu_ms, 3);
  EXPECT_EQ(app->threads, AppModel{}.threads);
}

TEST(AppModel, ErrorsNameFileAndKey) {
  EXPECT_EQ(problem_of("cpu = 3"), "app.toml: unknown key cpu");
  EXPECT_EQ(problem_of("cpu_ms = 'ten'"), "app.toml: cpu_ms must be a number");
  EXPECT_EQ(problem_of("cpu_ms = 0"), "app.toml: cpu_ms must be 0.001 to 600000");
  EXPECT_EQ(problem_of("cpu_ms = nan"), "app.toml: cpu_ms must be 0.001 to 600000");
  EXPECT_EQ(problem_of("timeout_s = inf"), "app.toml: timeout_s must be 0.1 to 4000");
  EXPECT_EQ(problem_of("threads = nan"), "app.toml: threads must be 1 to 10000");
  EXPECT_EQ(problem_of("core_misses = 1.5"), "app.toml: core_misses must be 0 to 1");
  EXPECT_EQ(problem_of("threads = 0"), "app.toml: threads must be 1 to 10000");
  EXPECT_EQ(problem_of("cpu_ms = 1\n= 2").rfind("app.toml: line 2: ", 0), 0u);
}

}  // namespace
}  // namespace berth::sim
