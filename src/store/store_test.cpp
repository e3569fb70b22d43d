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
