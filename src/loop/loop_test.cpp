#include <gtest/gtest.h>

#include <vector>

#include "loop/asio_loop.h"
#include "loop/parallel.h"
#include "loop/sim_loop.h"

namespace berth {
namespace {

TEST(Time, IsoRoundTrip) {
  const auto time = parse_iso("2025-07-03T08:34:06.300Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(iso_ms(*time), "2025-07-03T08:34:06.300Z");
  EXPECT_EQ(parse_iso("2025-07-03T10:34:06.3+02:00"), time);
  EXPECT_EQ(iso_s(*parse_iso("2025-07-03")), "2025-07-03T00:00:00Z");
  for (const char* bad : {"", "2025", "2025-13-01", "2025-07-03T", "2025-07-03T08:34:06x", "2025-07-03T08"}) {
    EXPECT_FALSE(parse_iso(bad)) << bad;
  }
}

TEST(SimLoop, RunsInOrderOfTimeThenOfCreation) {
  SimLoop loop;
  std::vector<int> seen;
  loop.after(Duration::seconds(2), [&] { seen.push_back(3); });
  loop.after(Duration::seconds(1), [&] { seen.push_back(1); });
  loop.after(Duration::seconds(1), [&] {
    seen.push_back(2);
    loop.post([&] { seen.push_back(20); });
  });
  const TimerId cancelled = loop.after(Duration::seconds(1), [&] { seen.push_back(-1); });
  loop.cancel(cancelled);
  const Time start = loop.now();
  loop.run_for(Duration::seconds(1.5));
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 20}));
  EXPECT_EQ(loop.now(), start + Duration::seconds(1.5));
  loop.run_for(Duration::minutes(1));
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 20, 3}));
}

TEST(SimLoop, ScaleShrinksBerthTimeOnly) {
  SimLoop loop(from_unix_seconds(0), 1, 10);
  Time berth_fired{}, real_fired{};
  loop.after(Duration::seconds(60), [&] { berth_fired = loop.now(); });
  loop.after_real(RealDuration::seconds(60), [&] { real_fired = loop.now(); });
  loop.run_for(Duration::seconds(1000));
  EXPECT_EQ(berth_fired, from_unix_seconds(60));
  EXPECT_EQ(real_fired, from_unix_seconds(600));
}

TEST(SimLoop, RunsLateWhatWasDueWhileItSlept) {
  SimLoop loop(from_unix_seconds(0));
  std::string order;
  loop.after(Duration::seconds(2), [&] { order += 'b'; });
  loop.after(Duration::seconds(1), [&] { order += 'a'; });
  loop.sleep_for(Duration::seconds(10));
  EXPECT_EQ(order, "");
  EXPECT_TRUE(loop.run_one(loop.now()));
  EXPECT_EQ(order, "a");
  EXPECT_EQ(loop.now(), from_unix_seconds(10));
  EXPECT_TRUE(loop.run_one(loop.now()));
  EXPECT_FALSE(loop.run_one(loop.now()));
  EXPECT_EQ(order, "ab");
}

TEST(SimLoop, TellsDeadlinesFromTicks) {
  SimLoop loop(from_unix_seconds(0));
  EXPECT_FALSE(loop.next_set_ahead(Duration::minutes(5)));
  loop.after(Duration::seconds(60), [] {});
  const TimerId taken_back = loop.after(Duration::seconds(600), [] {});
  loop.after(Duration::seconds(900), [] {});
  loop.cancel(taken_back);
  EXPECT_EQ(loop.next_set_ahead(Duration::minutes(5)), from_unix_seconds(900));
  loop.run_for(Duration::seconds(890));  // it was set long before, however near it is now
  EXPECT_EQ(loop.next_set_ahead(Duration::minutes(5)), from_unix_seconds(900));
  loop.run_for(Duration::seconds(20));
  EXPECT_FALSE(loop.next_set_ahead(Duration::minutes(5)));
}

TEST(SimLoop, TellsDeadlinesByItsOwnClock) {
  SimLoop loop(from_unix_seconds(0), 1, 20);
  loop.after(Duration::seconds(60), [] {});
  EXPECT_FALSE(loop.next_set_ahead(Duration::minutes(5)));
  loop.after(Duration::seconds(900), [] {});
  EXPECT_EQ(loop.next_set_ahead(Duration::minutes(5)), from_unix_seconds(900));
}

TEST(SimLoop, StreamsAreIndependentAndSeeded) {
  SimLoop a(Time{}, 7), b(Time{}, 7);
  a.rng("other").next();
  EXPECT_EQ(a.rng("ids").next(), b.rng("ids").next());
  EXPECT_NE(a.rng("ids").next(), a.rng("other").next());
  EXPECT_EQ(random_uuid(a.rng("ids")).size(), 36u);
}

TEST(AsioLoop, FiresTimersAndOffloads) {
  AsioLoop loop(from_unix_seconds(0), 20, 1);
  std::vector<int> seen;
  loop.after(Duration::ms(200), [&] { seen.push_back(2); });
  loop.cancel(loop.after(Duration::ms(100), [&] { seen.push_back(-1); }));
  int worked = 0;
  loop.offload([&] { worked = 1; }, [&] { seen.push_back(worked); });
  loop.run();
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(Parallel, EveryPieceRunsOnceOnAnyNumberOfThreads) {
  for (const unsigned threads : {0u, 1u, 3u, 50u}) {
    std::vector<int> runs(20);
    for_each_in_parallel(runs.size(), threads, [&](std::size_t i) { ++runs[i]; });
    EXPECT_EQ(runs, std::vector<int>(20, 1)) << threads;
  }
  for_each_in_parallel(0, 2, [](std::size_t) { FAIL(); });
}

}  // namespace
}  // namespace berth
