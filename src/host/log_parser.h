// LogParser: a container's output out of the file in which the engine keeps it: Podman's k8s-file (CRI) or
// Docker's json-file, told apart by their first character. Joins partial records; positions are the file's,
// so that reading can begin again behind any line. It opens no file.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::host {

struct ParsedLine {
  std::int64_t time_us = 0;  // real time, since 1970
  std::string text;
  std::int64_t end_offset = 0;
};

class LogParser {
 public:
  // CloudWatch Logs takes no longer event; the awslogs driver splits lines there.
  static constexpr std::size_t line_bytes_max = 262'118;

  // The bytes fed begin at `start`; lines that end at `from` or before have been delivered earlier. Feeding
  // some of what precedes `from` restores lines that were begun but not ended there.
  LogParser(std::int64_t start, std::int64_t from) : position_(start), from_(from), skip_record_(start > 0) {}

  void feed(std::string_view bytes, std::vector<ParsedLine>& out);
  // The output has ended: what was begun becomes lines.
  void finish(std::vector<ParsedLine>& out);

  // Behind the last byte fed.
  std::int64_t position() const { return position_ + static_cast<std::int64_t>(rest_.size()); }

 private:
  struct Pending {
    bool any = false;
    std::int64_t time_us = 0;
    std::string text;
  };

  struct Record {
    int stream = 0;  // 0 stdout, 1 stderr
    bool complete = true;
    std::int64_t time_us = 0;
    std::string text;
  };

  static bool parse(std::string_view line, Record& record);
  static bool parse_cri(std::string_view line, Record& record);
  static bool parse_json_record(std::string_view line, Record& record);
  void take(Record record, std::int64_t end, std::vector<ParsedLine>& out);

  std::int64_t position_;  // of rest_
  std::int64_t from_;
  bool skip_record_;  // the first bytes may be the end of a record whose head is missing
  std::string rest_;  // a record whose end has not been written yet
  std::array<Pending, 2> pending_;
};

}  // namespace berth::host
