#include "store/store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>

#include "model/ecs.h"
#include "store/sqlite_journal.h"

namespace berth {
namespace {

enum class Color { red, green };
BOOST_DESCRIBE_ENUM(Color, red, green)

struct Inner {
  std::vector<std::string> names;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (names))

struct TestRow {
  static constexpr const char* table = "test.rows";
  std::string id;
  int count = 0;
  Time at{};
  Color color = Color::red;
  std::optional<Inner> inner;
  std::map<std::string, double> numbers;
  ecs::Tag tag;
  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(TestRow, (), (id, count, at, color, inner, numbers, tag))

struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / ("berth-store-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

// Keeps nothing, and is full when a test says so.
struct FillableJournal final : Journal {
  Result<> commit(const std::vector<Change>&, const std::vector<LogEvent>&) override {
    return full ? Result<>(Error{"DiskFull", "no space left"}) : Result<>();
  }
  Result<> load(const std::function<void(std::string_view, std::string_view, std::string_view)>&) override {
    return {};
  }
  bool full = false;
};

TestRow sample() {
  TestRow row;
  row.id = "a";
  row.count = 7;
  row.at = from_unix_seconds(5);
  row.color = Color::green;
  row.inner = Inner{{"x", "y"}};
  row.numbers = {{"pi", 3.25}};
  row.tag.key = "k";
  return row;
}

TEST(Store, RollsBackWhatFails) {
  Store store;
  store.add<TestRow>();
  ASSERT_TRUE(store.transact([&]() -> Result<> {
    store.put(sample());
    return {};
  }));
  int notified = 0;
  store.watch([&](const auto&) { ++notified; });
  const auto failed = store.transact([&]() -> Result<> {
    store.edit<TestRow>("a")->count = 99;
    TestRow other = sample();
    other.id = "b";
    store.put(other);
    store.erase<TestRow>("a");
    return Error{"X", "no"};
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(store.find<TestRow>("a")->count, 7);
  EXPECT_EQ(store.find<TestRow>("b"), nullptr);
  EXPECT_EQ(notified, 0);
}

// A part of whatever "count" says.
struct PartRow {
  static constexpr const char* table = "test.parts";
  std::string id;
  int whole = 0;
  std::string key() const { return id; }
  std::string belongs_to() const { return std::to_string(whole); }
};
BOOST_DESCRIBE_STRUCT(PartRow, (), (id, whole))

std::string ids_of(const Store& store, const std::string& whole) {
  std::string ids;
  for (const auto* entry : store.rows_of<PartRow>(whole)) ids += entry->second.id + " ";
  return ids;
}

TEST(Store, FindsRowsByWhatTheyBelongTo) {
  Store store;
  store.add<PartRow>();
  const auto write = [&](bool done, const std::function<void()>& work) {
    return static_cast<bool>(store.transact([&]() -> Result<> {
      work();
      if (done) return {};
      return Error{"X", "no"};
    }));
  };
  write(true, [&] {
    for (const char* id : {"c", "a", "b"}) store.put(PartRow{id, 1});
    store.put(PartRow{"z", 2});
  });
  EXPECT_EQ(ids_of(store, "1"), "a b c ");
  EXPECT_EQ(ids_of(store, "2"), "z ");
  EXPECT_EQ(ids_of(store, "3"), "");
  write(false, [&] {
    store.erase<PartRow>("a");
    store.erase<PartRow>("z");
    store.put(PartRow{"d", 1});
    EXPECT_EQ(ids_of(store, "1"), "b c d ");
    EXPECT_EQ(ids_of(store, "2"), "");
  });
  EXPECT_EQ(ids_of(store, "1"), "a b c ") << "rolled back";
  EXPECT_EQ(ids_of(store, "2"), "z ");
  ASSERT_TRUE(store.reset());
  EXPECT_EQ(ids_of(store, "1"), "");
}

TEST(Store, TellsWhichRowsChanged) {
  Store store;
  store.add<TestRow>();
  store.add<PartRow>();
  const auto row = [](const std::string& id, int count) {
    TestRow made;
    made.id = id;
    made.count = count;
    return made;
  };
  std::string told;
  const int watch = store.watch([&](const Changes& changes) {
    told.clear();
    for (const auto& [key, before] : changes.rows<TestRow>())
      told += key + (before ? ":" + std::to_string(before->count) : "") + " ";
    EXPECT_FALSE(changes.touched<PartRow>());
    EXPECT_TRUE((changes.touched<PartRow, TestRow>()));
  });
  ASSERT_TRUE(store.transact([&]() -> Result<> {
    store.put(row("b", 1));
    store.put(row("a", 2));
    store.put(row("c", 3));
    store.erase<TestRow>("c");
    return {};
  }));
  EXPECT_EQ(told, "a b ") << "what came and went in one transaction was never there";
  ASSERT_TRUE(store.transact([&]() -> Result<> {
    store.edit<TestRow>("a")->count = 5;
    store.erase<TestRow>("b");
    return {};
  }));
  EXPECT_EQ(told, "a:2 b:1 ");
  store.stop_watching(watch);
}

TEST(Store, AmendmentsBelongToTheTransaction) {
  FillableJournal disk;
  Store store(&disk);
  store.add<TestRow>();
  int calls = 0;
  const int amendment = store.amend([&](const Changes& changes) {
    ++calls;
    const bool added = changes.rows<TestRow>().contains("a") && store.find<TestRow>("a");
    if (added) store.put(TestRow{.id = "told"});
  });
  const auto put = [&] {
    return store.transact([&]() -> Result<> {
      store.put(sample());
      return {};
    });
  };
  disk.full = true;
  EXPECT_FALSE(put());
  EXPECT_TRUE(store.all<TestRow>().empty()) << "it fails with what it amends";
  disk.full = false;
  std::size_t seen = 0;
  store.watch([&](const Changes& changes) { seen = changes.rows<TestRow>().size(); });
  EXPECT_TRUE(put());
  EXPECT_EQ(seen, 2u) << "one commit";
  EXPECT_EQ(calls, 2) << "what an amendment puts is not amended again";
  store.stop_amending(amendment);
  EXPECT_TRUE(put());
  EXPECT_EQ(calls, 2);
}

TEST(Store, AWatchMayEndItself) {
  Store store;
  store.add<TestRow>();
  int first = 0, second = 0, id = 0;
  id = store.watch([&](const auto&) {
    ++first;
    store.stop_watching(id);
  });
  store.watch([&](const auto&) { ++second; });
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      store.put(sample());
      return {};
    }));
  }
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
}

TEST(Store, KeepsRowsAcrossProcesses) {
  const Folder folder;
  {
    auto journal = SqliteJournal::open(folder.path);
    ASSERT_TRUE(journal) << journal.error().message;
    Store store(journal->get());
    store.add<TestRow>();
    ASSERT_TRUE(store.load());
    ASSERT_TRUE(store.transact([&]() -> Result<> {
      store.put(sample());
      store.append({"g", "s", 1, from_unix_seconds(1), from_unix_seconds(2), "hello"});
      return {};
    }));
    EXPECT_FALSE(SqliteJournal::open(folder.path)) << "a second process must be refused";
  }
  auto journal = SqliteJournal::open(folder.path);
  ASSERT_TRUE(journal);
  Store store(journal->get());
  store.add<TestRow>();
  ASSERT_TRUE(store.load());
  const auto* row = store.find<TestRow>("a");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->count, 7);
  EXPECT_EQ(row->at, from_unix_seconds(5));
  EXPECT_EQ(row->color, Color::green);
  EXPECT_EQ(row->inner->names, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(row->numbers.at("pi"), 3.25);
  EXPECT_EQ(row->tag.key, "k");
  const auto events = (*journal)->read({.group = "g"});
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().message, "hello");
  EXPECT_EQ((*journal)->next_sequence(), 2);
  ASSERT_TRUE(store.reset());
  EXPECT_TRUE(store.all<TestRow>().empty());
}

// As on a full disk: no file may grow.
TEST(Store, KeepsNothingOfWhatCannotBeWrittenAndGoesOnWhenItCan) {
  const Folder folder;
  auto journal = SqliteJournal::open(folder.path);
  ASSERT_TRUE(journal);
  Store store(journal->get());
  store.add<TestRow>();
  ASSERT_TRUE(store.load());
  const auto put = [&] {
    return store.transact([&]() -> Result<> {
      store.put(sample());
      return {};
    });
  };
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto refused = put();
  const auto points = (*journal)->write_metric_points({{"m", from_unix_seconds(60), "1"}});
  const std::string problem = (*journal)->problem();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
  EXPECT_FALSE(points);
  EXPECT_NE(problem.find(folder.path), std::string::npos) << problem;
  EXPECT_EQ(store.find<TestRow>("a"), nullptr);
  EXPECT_TRUE(put());
  EXPECT_EQ((*journal)->problem(), "");
  EXPECT_NE(store.find<TestRow>("a"), nullptr);
}

}  // namespace
}  // namespace berth
