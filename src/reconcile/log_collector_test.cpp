#include "reconcile/log_collector.h"

#include <gtest/gtest.h>

#include <optional>

#include "loop/sim_loop.h"
#include "reconcile/log_retention.h"
#include "store/log_events.h"

namespace berth::reconcile {
namespace {

// One container's output, which outlives whoever follows it: delivered in batches, one per millisecond, from
// any position on.
struct FakeOutput final : world::Runtime {
  explicit FakeOutput(Loop& with) : loop(with) {}

  void run(const world::TaskSpec&) override {}
  void stop(const std::string&) override {}
  void list(std::function<void(Result<std::vector<world::TaskState>>)>) override {}
  std::optional<world::Usage> usage(const std::string&) override { return std::nullopt; }

  void follow_output(const std::string&, const std::string&, std::int64_t offset) override {
    at = offset;
    loop.cancel(timer);
    deliver_later();
  }
  void output_stored(const std::string&, const std::string&, std::int64_t offset) override {
    stored = std::max(stored, offset);
  }

  void write(const std::string& text) { lines.push_back(text); }

  void deliver_later() {
    timer = loop.after_real(RealDuration::ms(1), [this] {
      std::vector<world::LogLine> batch;
      for (; at < static_cast<std::int64_t>(lines.size()) && batch.size() < 3; ++at) {
        batch.push_back({loop.now(), lines[static_cast<std::size_t>(at)], at + 1});
      }
      if (!batch.empty() && listener) listener(std::move(batch));
      deliver_later();
    });
  }

  Loop& loop;
  std::vector<std::string> lines;
  std::function<void(std::vector<world::LogLine>)> listener;
  std::int64_t at = 0;
  std::int64_t stored = 0;
  TimerId timer = no_timer;
};

// Refuses as many commits as it is told.
struct FailingJournal final : Journal {
  Result<> commit(const std::vector<Change>& changes, const std::vector<LogEvent>& events) override {
    if (failures > 0) {
      --failures;
      return Error{"StoreFull", "disk full"};
    }
    return kept.commit(changes, events);
  }
  Result<> load(const std::function<void(std::string_view, std::string_view, std::string_view)>&) override {
    return {};
  }
  MemoryLogEvents kept;
  int failures = 0;
};

struct LogCollectorTest : testing::Test {
  LogCollectorTest() {
    logs::add_tables(store);
    store.add<ecs::TaskRow>();
    task.id = "t1";
    ecs::ContainerRow container;
    container.name = "app";
    container.log_group = "/ecs/learner";
    container.log_stream = "ecs/app/t1";
    task.containers = {container};
    write([&] {
      logs::LogGroupRow group;
      group.name = "/ecs/learner";
      store.put(group);
      store.put(task);
    });
    output.listener = [this](std::vector<world::LogLine> lines) {
      collector->on_output(task, "app", std::move(lines), 0);
    };
  }

  template <class Work>
  void write(Work work) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      work();
      return {};
    }));
  }

  // A new process on the same store.
  void restart() {
    collector.reset();
    collector.emplace(store, loop, journal.kept, output);
    collector->start();
    output.follow_output("t1", "app", collector->stored_offset(task, "app"));
  }

  std::vector<std::string> stored_lines() {
    LogQuery query;
    query.group = "/ecs/learner";
    query.limit = 1'000'000;
    std::vector<std::string> texts;
    const auto events = journal.kept.read(query);
    for (const auto& event : *events) texts.push_back(event.message);
    return texts;
  }

  FailingJournal journal;
  Store store{&journal};
  SimLoop loop;
  FakeOutput output{loop};
  ecs::TaskRow task;
  std::optional<LogCollector> collector;
};

TEST_F(LogCollectorTest, StoresEveryLineInItsStream) {
  restart();
  for (int n = 0; n < 10; ++n) output.write("line " + std::to_string(n));
  output.write("");
  output.write(
      "bad \xff byte, gr\xc3\xbc\xc3\x9f"
      "e");
  loop.run_for(Duration::seconds(1));
  const auto lines = stored_lines();
  ASSERT_EQ(lines.size(), 11u);
  EXPECT_EQ(lines[9], "line 9");
  EXPECT_EQ(lines[10],
            "bad \xef\xbf\xbd byte, gr\xc3\xbc\xc3\x9f"
            "e");
  EXPECT_EQ(output.stored, 12);
  EXPECT_TRUE(store.find<logs::LogStreamRow>("/ecs/learner:ecs/app/t1"));
}

struct FreshCollectorTest : LogCollectorTest {
  void TestBody() override {}
};

TEST(LogCollector, ExactlyOnceWhereverTheProcessEnds) {
  constexpr int lines_count = 20;
  for (int crash_at = 0; crash_at <= 2 * lines_count; ++crash_at) {
    FreshCollectorTest fresh;
    fresh.restart();
    std::vector<std::string> expected;
    for (int n = 0; n < lines_count; ++n) {
      expected.push_back("line " + std::to_string(n));
      fresh.output.write(expected.back());
      fresh.loop.run_for(Duration{500});
      if (n * 2 == crash_at || n * 2 + 1 == crash_at) {
        if (crash_at % 2 == 1) fresh.output.at = 0;  // and the runtime begins anew, too
        fresh.restart();
      }
    }
    fresh.loop.run_for(Duration::seconds(1));
    EXPECT_EQ(fresh.stored_lines(), expected) << "ended after " << crash_at;
  }
}

TEST_F(LogCollectorTest, FollowingAgainRepeatsNothing) {
  restart();
  for (int n = 0; n < 7; ++n) output.write(std::to_string(n));
  loop.run_for(Duration::seconds(1));
  output.follow_output("t1", "app", 0);
  output.write("7");
  loop.run_for(Duration::seconds(1));
  EXPECT_EQ(stored_lines(), (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7"}));
}

TEST_F(LogCollectorTest, AFullDiskLeavesNoGap) {
  restart();
  std::vector<std::string> expected;
  for (int n = 0; n < 10; ++n) expected.push_back("line " + std::to_string(n));
  for (const auto& line : expected) output.write(line);
  journal.failures = 2;
  loop.run_for(Duration::seconds(4));
  EXPECT_TRUE(stored_lines().empty());
  EXPECT_EQ(output.stored, 0);
  loop.run_for(Duration::seconds(10));
  EXPECT_EQ(stored_lines(), expected);
}

TEST_F(LogCollectorTest, LostLinesAreCountedAndShown) {
  restart();
  collector->on_output(task, "app", {{loop.now(), "after the loss", 5}}, 3);
  EXPECT_EQ(stored_lines(),
            (std::vector<std::string>{"[berth] 3 lines of output were lost before they could be stored",
                                      "after the loss"}));
  // The engine's file began anew: positions start over.
  collector->on_output(task, "app", {{loop.now(), "again", 2}}, 1);
  EXPECT_EQ(stored_lines().size(), 4u);
  EXPECT_EQ(store.find<logs::LogOffsetRow>("t1/app")->dropped, 4);
  EXPECT_EQ(collector->stored_offset(task, "app"), 2);
}

TEST_F(LogCollectorTest, AMissingGroupCostsLinesAndSaysSoWhenItIsBack) {
  restart();
  write([&] { store.erase<logs::LogGroupRow>("/ecs/learner"); });
  collector->on_output(task, "app", {{loop.now(), "a", 1}, {loop.now(), "b", 2}}, 0);
  EXPECT_EQ(output.stored, 2);
  write([&] {
    logs::LogGroupRow group;
    group.name = "/ecs/learner";
    store.put(group);
  });
  collector->on_output(task, "app", {{loop.now(), "c", 3}}, 0);
  EXPECT_EQ(stored_lines(), (std::vector<std::string>{
                                "[berth] 2 lines of output were lost before they could be stored", "c"}));
}

TEST_F(LogCollectorTest, PositionsGoWithTheirTask) {
  restart();
  output.write("x");
  loop.run_for(Duration::seconds(1));
  EXPECT_TRUE(store.find<logs::LogOffsetRow>("t1/app"));
  write([&] { store.erase<ecs::TaskRow>("t1"); });
  loop.run_ready();
  EXPECT_FALSE(store.find<logs::LogOffsetRow>("t1/app"));
}

struct LogRetentionTest : LogCollectorTest {
  void append(double age_days, const std::string& text, int count = 1) {
    write([&] {
      std::vector<logs::NewEvent> events;
      for (int n = 0; n < count; ++n) {
        events.push_back({loop.now() - Duration::seconds(age_days * 86400) + Duration::ms(n), text});
      }
      logs::append_events(store, journal.kept, "/ecs/learner", "s", std::move(events), loop.now());
    });
  }
  const logs::LogStreamRow& stream() const { return *store.find<logs::LogStreamRow>("/ecs/learner:s"); }
  void keep(int days) {
    write([&] { store.edit<logs::LogGroupRow>("/ecs/learner")->retention_days = days; });
  }
};

TEST_F(LogRetentionTest, ErasesWhatIsOlderOncePerHour) {
  append(3, "old");
  append(0.99, "almost");
  append(0, "new");
  std::optional<LogRetention> retention;
  retention.emplace(store, loop, journal.kept);
  retention->start();
  EXPECT_EQ(stored_lines().size(), 3u);  // kept for ever
  keep(1);
  loop.run_for(Duration::seconds(3600));
  EXPECT_EQ(stored_lines(), (std::vector<std::string>{"new"}));
  EXPECT_EQ(stream().stored_bytes, 29);
  EXPECT_EQ(stream().first_event, stream().last_event);
  loop.run_for(Duration::seconds(25 * 3600));
  EXPECT_TRUE(stored_lines().empty());
  EXPECT_EQ(stream().stored_bytes, 0);
  EXPECT_FALSE(stream().first_event);
}

TEST_F(LogRetentionTest, WorksInSlicesAndFinishesWhatACrashLeft) {
  append(3, "old", 25'000);
  append(0, "new");
  keep(1);
  {
    LogRetention retention(store, loop, journal.kept);
    retention.start();  // the first slice only: the loop does not run
  }
  EXPECT_LT(stored_lines().size(), 25'001u);
  EXPECT_GT(stored_lines().size(), 10'000u);
  LogRetention retention(store, loop, journal.kept);
  retention.start();
  loop.run_ready();
  EXPECT_EQ(stored_lines(), std::vector<std::string>{"new"});
  EXPECT_EQ(stream().stored_bytes, 29);
}

TEST_F(LogRetentionTest, EventsCalledExpiredButNotErasedGoAtTheNextStart) {
  append(3, "old");
  append(0, "new");
  write([&] {
    auto* group = store.edit<logs::LogGroupRow>("/ecs/learner");
    group->retention_days = 1;
    group->expired_before = loop.now() - Duration::seconds(86400);
  });
  LogRetention retention(store, loop, journal.kept);
  retention.start();
  EXPECT_EQ(stored_lines(), std::vector<std::string>{"new"});
}

}  // namespace
}  // namespace berth::reconcile
