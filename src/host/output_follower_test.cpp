#include "host/output_follower.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "loop/asio_loop.h"

namespace berth::host {
namespace {

class OutputFollowerTest : public ::testing::Test {
 protected:
  void TearDown() override { unlink(path_.c_str()); }

  void append(const std::string& text, const char* tag = "F") {
    std::ofstream(path_, std::ios::app)
        << "2026-11-24T18:01:04.761028806Z stdout " << tag << " " << text << "\n";
  }

  void follow(std::int64_t offset) {
    follower_.follow("t/c", path_, offset, [this](std::vector<world::LogLine> lines, std::int64_t dropped) {
      for (auto& line : lines) lines_.push_back(std::move(line));
      dropped_ += dropped;
    });
  }

  // Runs the loop until then; a test that waits in vain is ended by the test program's own time limit.
  template <class Condition>
  void until(Condition condition) {
    while (!condition()) {
      loop_.io().restart();
      loop_.io().run_for(std::chrono::milliseconds(1));
    }
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const auto& line : lines_) out.push_back(line.text);
    return out;
  }

  std::string path_ = ::testing::TempDir() + "output_" + std::to_string(getpid()) + ".log";
  AsioLoop loop_{machine_date(), 1, 1};
  FdWatcher watcher_{loop_};
  OutputFollower follower_{loop_, watcher_};
  std::vector<world::LogLine> lines_;
  std::int64_t dropped_ = 0;
};

TEST_F(OutputFollowerTest, DeliversWhatIsThereAndWhatComes) {
  append("one");
  follow(0);
  until([&] { return lines_.size() == 1; });
  append("two");
  until([&] { return lines_.size() == 2; });
  append("th", "P");
  append("ree");
  until([&] { return lines_.size() == 3; });
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "two", "three"}));
  // The loop's clock began at the machine's date and runs as fast.
  EXPECT_NEAR(static_cast<double>((lines_[0].time - *parse_iso("2026-11-24T18:01:04.761028Z")).us), 0,
              50'000);
}

TEST_F(OutputFollowerTest, WaitsForAFileThatIsNotThereYet) {
  follow(0);
  append("late");
  until([&] { return lines_.size() == 1; });
}

TEST_F(OutputFollowerTest, BeginsAgainWhereAnEarlierFollowerStopped) {
  append("one");
  append("two");
  follow(0);
  until([&] { return lines_.size() == 2; });
  const std::int64_t behind_one = lines_[0].end_offset;
  lines_.clear();
  follow(behind_one);
  until([&] { return !lines_.empty(); });
  EXPECT_EQ(texts(), std::vector<std::string>{"two"});
}

TEST_F(OutputFollowerTest, CutsOutWhatIsStored) {
  const std::string text(1000, 'x');
  for (int i = 0; i < 8000; ++i) append(text);
  follow(0);
  until([&] { return lines_.size() == 8000; });
  const auto kept_bytes = [&] {
    struct stat status {};
    stat(path_.c_str(), &status);
    return status.st_blocks * 512;
  };
  const auto whole = kept_bytes();
  follower_.stored("t/c", lines_.back().end_offset);
  until([&] { return kept_bytes() < whole / 4; });
  append("more");
  until([&] { return lines_.size() == 8001; });
  // The next process finds its place, and one that lost its place gets what is left.
  const std::int64_t stored = lines_[7999].end_offset;
  lines_.clear();
  follow(stored);
  until([&] { return !lines_.empty(); });
  EXPECT_EQ(texts(), std::vector<std::string>{"more"});
  lines_.clear();
  follow(0);
  until([&] { return !lines_.empty() && lines_.back().text == "more"; });
  EXPECT_GT(lines_.size(), 500u);
  for (std::size_t i = 0; i + 1 < lines_.size(); ++i) EXPECT_EQ(lines_[i].text, text);
}

TEST_F(OutputFollowerTest, CountsAFileThatWasCutByOthers) {
  append("one");
  append("two");
  follow(0);
  until([&] { return lines_.size() == 2; });
  ASSERT_EQ(truncate(path_.c_str(), 0), 0);
  append("new");
  until([&] { return lines_.size() == 3; });
  EXPECT_EQ(dropped_, 1);
}

TEST_F(OutputFollowerTest, FinishesWhenTheLastLineIsStored) {
  append("one");
  follow(0);
  until([&] { return lines_.size() == 1; });
  append("no end", "P");
  bool finished = false;
  follower_.finish("t/c", [&] { finished = true; });
  until([&] { return lines_.size() == 2; });
  EXPECT_EQ(lines_[1].text, "no end");
  EXPECT_FALSE(finished);
  follower_.stored("t/c", lines_[1].end_offset);
  EXPECT_TRUE(finished || follower_.follows("t/c"));
  until([&] { return finished; });
  EXPECT_FALSE(follower_.follows("t/c"));
  finished = false;
  follower_.finish("unknown", [&] { finished = true; });
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace berth::host
