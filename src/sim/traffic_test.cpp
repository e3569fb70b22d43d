#include "sim/traffic.h"

#include <gtest/gtest.h>

#include "loop/time.h"

namespace berth::sim {
namespace {

constexpr std::int64_t minute_us = us_per_minute;

std::string problem_of(std::string_view text) {
  const auto traffic = parse_trace(text, "t.csv");
  return traffic ? "none" : traffic.error().message;
}

Traffic made(std::string_view text, std::uint64_t seed = 1) {
  auto traffic = generate(text, {.duration_us = {}, .seed = seed});
  EXPECT_TRUE(traffic) << text;
  return traffic ? *traffic : Traffic{};
}

TEST(Trace, RowsAreRates) {
  const auto traffic = parse_trace("minute,requests\r\n0,60\r\n1,60\r\n2,120\r\n\n", "t.csv");
  ASSERT_TRUE(traffic);
  EXPECT_EQ(traffic->duration_us, 3 * minute_us);
  EXPECT_EQ(traffic->segments.size(), 2u);  // equal neighbours are one
  EXPECT_EQ(traffic->rate_at(0), 1);
  EXPECT_EQ(traffic->rate_at(2 * minute_us), 2);
  EXPECT_EQ(traffic->requests(), 240);
  EXPECT_EQ(traffic->peak_rps(), 2);
}

TEST(Trace, NothingCameInAGap) {
  const auto traffic = parse_trace("second,requests\n2,5\n5,7\n", "t.csv");
  ASSERT_TRUE(traffic);
  EXPECT_EQ(traffic->rate_at(0), 0);
  EXPECT_EQ(traffic->rate_at(2 * us_per_second), 5);
  EXPECT_EQ(traffic->rate_at(3 * us_per_second), 0);
  EXPECT_EQ(traffic->rate_at(5 * us_per_second), 7);
  EXPECT_EQ(traffic->requests(), 12);
}

TEST(Trace, KnowsEachArrival) {
  auto traffic = parse_trace("arrival\n0.25\n0.25\n0.5\n3.000001\n", "t.csv");
  ASSERT_TRUE(traffic) << traffic.error().message;
  EXPECT_EQ(traffic->arrivals_us, (std::vector<std::int64_t>{250'000, 250'000, 500'000, 3'000'001}));
  EXPECT_EQ(traffic->rate_at(0), 3);
  EXPECT_EQ(traffic->rate_at(us_per_second), 0);
  EXPECT_EQ(traffic->rate_at(3 * us_per_second), 1);
  EXPECT_EQ(traffic->duration_us, 4 * us_per_second);
  EXPECT_EQ(traffic->part(us_per_second, 4 * us_per_second).arrivals_us,
            (std::vector<std::int64_t>{2'000'001}));
  traffic->multiply(2);
  EXPECT_TRUE(traffic->arrivals_us.empty());
  EXPECT_EQ(problem_of("arrival\n1\n0.5\n"), "line 3: the times must not go back from row to row");
  EXPECT_EQ(problem_of("arrival\nsoon\n"), "line 2: 'soon' is not a time in seconds");
  EXPECT_EQ(problem_of("arrival\nnan\n"), "line 2: the time lies before the start or beyond ten years");
  EXPECT_EQ(problem_of("arrival\n1e12\n"), "line 2: the time lies before the start or beyond ten years");
}

TEST(Trace, ErrorsNameTheLine) {
  EXPECT_EQ(problem_of("day,requests\n0,1\n"),
            "line 1: the header must be second,requests or minute,requests or hour,requests or arrival");
  EXPECT_EQ(problem_of("minute,requests\n0,1\nx,2\n"), "line 3: 'x,2' is not index,requests");
  EXPECT_EQ(problem_of("minute,requests\n0\n"), "line 2: '0' is not index,requests");
  EXPECT_EQ(problem_of("minute,requests\n0,1\n\n1,-2\n"), "line 4: a count below zero");
  EXPECT_EQ(problem_of("minute,requests\n3,1\n3,1\n"), "line 3: the index must grow from row to row");
  EXPECT_EQ(problem_of("minute,requests\n"), "line 1: there is no row of counts");
  EXPECT_EQ(problem_of("minute,requests"), "line 1: there is no row of counts");
  EXPECT_EQ(problem_of("minute,requests\n-1,2\n"), "line 2: the index must grow from row to row");
}

TEST(Trace, WhatNoRunCouldPlayIsRefused) {
  EXPECT_EQ(problem_of("minute,requests\n0,nan\n"), "line 2: more requests than a simulation can play");
  EXPECT_EQ(problem_of("second,requests\n0,1e9\n"), "line 2: more requests than a simulation can play");
  EXPECT_EQ(problem_of("hour,requests\n99999999999999999,1\n"), "line 2: the index lies beyond ten years");
  for (const char* text : {"step:nan->8@10m", "step:8->inf", "poisson:nan", "poisson:1e12", "mmpp:1..1e30"}) {
    EXPECT_FALSE(generate(text, {})) << text;
  }
  for (const char* text : {"nan", "1e30d", "-5m"}) EXPECT_FALSE(parse_span_us(text)) << text;
  for (const char* text : {"peak=inf", "peak=nanrps", "x-1", "xnan", "x1e300", "mean=1e12rps"}) {
    Traffic traffic = made("step:8->48@10m");
    EXPECT_FALSE(rescale(traffic, text)) << text;
    EXPECT_EQ(traffic.peak_rps(), 48) << text;
  }
}

TEST(Traffic, SaysWhenItChanges) {
  const Traffic traffic{
      .name = {}, .duration_us = 100, .segments = {{0, 1}, {10, 2}, {50, 3}}, .clients = {}};
  EXPECT_EQ(traffic.next_change(-5), 0);
  EXPECT_EQ(traffic.next_change(0), 10);
  EXPECT_EQ(traffic.next_change(10), 50);
  EXPECT_EQ(traffic.next_change(99), 100);
  EXPECT_EQ(traffic.rate_at(-1), 0);
  EXPECT_EQ(traffic.rate_at(100), 0);
}

TEST(Traffic, APartCountsFromItsOwnStart) {
  Traffic traffic = made("load:60s*2@2m-12m");
  traffic.segments = {{0, 1}, {4 * minute_us, 2}, {6 * minute_us, 3}};
  const Traffic part = traffic.part(5 * minute_us, 8 * minute_us);
  EXPECT_EQ(part.duration_us, 3 * minute_us);
  ASSERT_EQ(part.segments.size(), 2u);
  EXPECT_EQ(part.rate_at(0), 2);
  EXPECT_EQ(part.segments[1].start_us, minute_us);
  ASSERT_EQ(part.clients.size(), 1u);
  EXPECT_EQ(part.clients[0].start_us, 0);
  EXPECT_EQ(part.clients[0].end_us, 3 * minute_us);
  EXPECT_EQ(traffic.part(50 * minute_us, 90 * minute_us).duration_us, 10 * minute_us);
}

TEST(Traffic, Rescales) {
  const Traffic original = made("step:8->48@10m");
  const auto scaled = [&](std::string_view text) {
    Traffic traffic = original;
    EXPECT_TRUE(rescale(traffic, text)) << text;
    return traffic;
  };
  EXPECT_DOUBLE_EQ(scaled("peak=96rps").rate_at(0), 16);
  EXPECT_DOUBLE_EQ(scaled("x0.5").peak_rps(), 24);
  EXPECT_NEAR(scaled("mean=10").requests(), 36'000, 0.01);
  Traffic traffic = original;
  for (const char* wrong : {"", "peak", "top=3rps", "x", "x-1", "peak=fast", "mean=-1rps"}) {
    EXPECT_FALSE(rescale(traffic, wrong)) << wrong;
  }
  traffic.multiply(0);
  EXPECT_FALSE(rescale(traffic, "peak=1rps"));
}

TEST(Generator, StepsRampsAndWaves) {
  const Traffic step = made("step:8->48@10m");
  EXPECT_EQ(step.duration_us, 60 * minute_us);
  EXPECT_EQ(step.rate_at(10 * minute_us - 1), 8);
  EXPECT_EQ(step.rate_at(10 * minute_us), 48);
  const Traffic ramp = made("ramp:5->50@10m-40m");
  EXPECT_EQ(ramp.rate_at(9 * minute_us), 5);
  EXPECT_DOUBLE_EQ(ramp.rate_at(25 * minute_us), 27.5);
  EXPECT_EQ(ramp.rate_at(50 * minute_us), 50);
  const Traffic day = made("diurnal:10..60");
  EXPECT_DOUBLE_EQ(day.rate_at(0), 10);
  EXPECT_DOUBLE_EQ(day.rate_at(12 * 60 * minute_us), 60);
  const Traffic flash = made("flash:10->100@30m");
  EXPECT_EQ(flash.rate_at(29 * minute_us), 10);
  EXPECT_EQ(flash.rate_at(33 * minute_us), 100);
  EXPECT_NEAR(flash.rate_at(42 * minute_us), 55, 0.01);
  const Traffic on_off = made("onoff:60s,5..50");
  EXPECT_EQ(on_off.rate_at(0), 5);
  EXPECT_EQ(on_off.rate_at(minute_us), 50);
  EXPECT_EQ(on_off.rate_at(2 * minute_us), 5);
}

TEST(Generator, ChanceHasTheMeanAndTheSeedItWasGiven) {
  const Traffic traffic = made("poisson:20");
  EXPECT_NEAR(traffic.requests() / 3600, 20, 0.5);
  EXPECT_EQ(traffic.requests(), made("poisson:20").requests());
  EXPECT_NE(traffic.requests(), made("poisson:20", 2).requests());
  const double mean = made("mmpp:10..60@5s").requests() / 7200;
  EXPECT_GT(mean, 25);
  EXPECT_LT(mean, 45);
}

TEST(Generator, ClientsThatBurnCpu) {
  const Traffic traffic = made("load:/api/load*3");
  ASSERT_EQ(traffic.clients.size(), 1u);
  EXPECT_EQ(traffic.clients[0].count, 3);
  EXPECT_EQ(traffic.clients[0].seconds, 60);
  EXPECT_EQ(made("load:/api/quickload").clients[0].seconds, 10);
  EXPECT_EQ(traffic.requests(), 0);
}

TEST(Generator, ErrorsShowHowToWriteIt) {
  for (const char* wrong : {"step:8", "step:8->x", "step:-1->2", "ramp:1->2@9m-3m", "onoff:0s", "poisson:-1",
                            "mmpp:1..2@0s", "load:/api/other", "load:60s*0", "diurnal:"}) {
    const auto traffic = generate(wrong, {});
    ASSERT_FALSE(traffic) << wrong;
    EXPECT_NE(traffic.error().message.find("write it like"), std::string::npos);
  }
  EXPECT_FALSE(is_generator("traffic.csv"));
  EXPECT_FALSE(is_generator("steps:1->2"));
  EXPECT_EQ(parse_span_us("90"), 90 * us_per_second);
  EXPECT_EQ(parse_span_us("1.5h"), 90 * minute_us);
  EXPECT_EQ(parse_span_us("7d"), 7 * 24 * 60 * minute_us);
  EXPECT_EQ(parse_span_us("m"), std::nullopt);
}

}  // namespace
}  // namespace berth::sim
