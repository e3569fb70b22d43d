#include "host/log_parser.h"

#include <gtest/gtest.h>

namespace berth::host {
namespace {

std::string cri(const std::string& stream, char tag, const std::string& text) {
  return "2026-11-24T18:01:04.761028806Z " + stream + " " + tag + " " + text + "\n";
}

std::vector<std::string> texts(const std::vector<ParsedLine>& lines) {
  std::vector<std::string> out;
  for (const auto& line : lines) out.push_back(line.text);
  return out;
}

TEST(LogParser, JoinsPartialRecordsOfEachStream) {
  const std::string file = cri("stdout", 'P', "out ") + cri("stderr", 'F', "error") +
                           cri("stdout", 'P', "goes ") + cri("stdout", 'F', "on") + cri("stdout", 'F', "");
  std::vector<ParsedLine> lines;
  LogParser parser(0, 0);
  for (const char byte : file) parser.feed({&byte, 1}, lines);  // however it is cut
  EXPECT_EQ(texts(lines), (std::vector<std::string>{"error", "out goes on", ""}));
  EXPECT_EQ(lines.back().end_offset, static_cast<std::int64_t>(file.size()));
  EXPECT_EQ(lines[0].time_us, 1795543264761028);
}

// Wherever a reader is stopped, the next one that begins behind the last delivered line delivers exactly the
// rest.
TEST(LogParser, BeginsAgainBehindAnyLine) {
  const std::string file = cri("stdout", 'F', "one") + cri("stdout", 'P', "prompt ") +
                           cri("stderr", 'F', "two") + cri("stderr", 'P', "th") +
                           cri("stdout", 'F', "answer") + cri("stderr", 'F', "ree");
  std::vector<ParsedLine> all;
  LogParser(0, 0).feed(file, all);
  ASSERT_EQ(texts(all), (std::vector<std::string>{"one", "two", "prompt answer", "three"}));
  for (std::size_t delivered = 0; delivered <= all.size(); ++delivered) {
    const std::int64_t from = delivered == 0 ? 0 : all[delivered - 1].end_offset;
    std::vector<ParsedLine> rest;
    LogParser(0, from).feed(file, rest);
    const auto expected = texts({all.begin() + static_cast<std::ptrdiff_t>(delivered), all.end()});
    EXPECT_EQ(texts(rest), expected) << delivered;
  }
}

TEST(LogParser, EndsLinesWithTheOutput) {
  std::vector<ParsedLine> lines;
  LogParser parser(0, 0);
  parser.feed(cri("stdout", 'P', "begun"), lines);
  EXPECT_TRUE(lines.empty());
  parser.finish(lines);
  EXPECT_EQ(texts(lines), std::vector<std::string>{"begun"});
  EXPECT_EQ(lines.back().end_offset, parser.position());
}

TEST(LogParser, SplitsLongLinesAndBeginsAgainBetweenTheParts) {
  const std::string piece(8192, 'x');
  std::string file;
  for (int i = 0; i < 40; ++i) file += cri("stdout", 'P', piece);
  file += cri("stdout", 'F', "end");
  std::vector<ParsedLine> all;
  LogParser(0, 0).feed(file, all);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_GE(all[0].text.size(), LogParser::line_bytes_max);
  std::vector<ParsedLine> rest;
  LogParser(0, all[0].end_offset).feed(file, rest);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].text, all[1].text);
}

TEST(LogParser, SkipsWhatIsNotARecord) {
  std::vector<ParsedLine> lines;
  LogParser parser(4096, 4096);
  parser.feed("tail of a record\n" + cri("stdout", 'F', "one") + "garbage\n\n" + cri("stdout", 'F', "two"),
              lines);
  EXPECT_EQ(texts(lines), (std::vector<std::string>{"one", "two"}));
}

TEST(LogParser, ReadsDockersJsonFile) {
  std::vector<ParsedLine> lines;
  LogParser(0, 0).feed(R"({"log":"par","stream":"stdout","time":"2026-11-24T18:01:04.761028806Z"})"
                       "\n"
                       R"({"log":"tial\n","stream":"stdout","time":"2026-11-24T18:01:05Z"})"
                       "\n",
                       lines);
  EXPECT_EQ(texts(lines), std::vector<std::string>{"partial"});
}

}  // namespace
}  // namespace berth::host
