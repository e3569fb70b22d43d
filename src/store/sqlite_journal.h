// SqliteJournal: committed changes in `<data folder>/berth.db` (WAL, synchronous=NORMAL: kill -9 loses nothing, a
// power cut at most the last second). Also the home of log events, which are too many for memory; they are read
// through snapshots of their own, off the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/journal.h"

struct sqlite3;
struct sqlite3_stmt;

namespace berth {

class SqliteJournal final : public Journal {
 public:
  // Opens or makes the file and brings an older one up to date. A folder in use by another process is refused.
  static Result<std::unique_ptr<SqliteJournal>> open(const std::string& data_dir);
  ~SqliteJournal() override;

  Result<> commit(const std::vector<Change>& changes, const std::vector<LogEvent>& events) override;
  Result<> load(const std::function<void(std::string_view, std::string_view, std::string_view)>& row) override;

  // The sequence that the next log event takes.
  Result<std::int64_t> next_log_sequence();
  // Erases events of a stream (or of the whole group when `stream` is empty) older than `before` (all: nullopt).
  Result<> erase_log_events(const std::string& group, const std::string& stream, std::optional<Time> before);

 private:
  explicit SqliteJournal(sqlite3* database) : database_(database) {}
  Result<> migrate();
  Result<> prepare_statements();
  Result<> run(const char* sql);
  Result<> step(sqlite3_stmt* statement);
  Error last_error(const char* doing) const;

  sqlite3* database_;
  int lock_ = -1;
  sqlite3_stmt* put_row_ = nullptr;
  sqlite3_stmt* erase_row_ = nullptr;
  sqlite3_stmt* put_event_ = nullptr;
};

struct LogQuery {
  std::string group;
  std::vector<std::string> streams;  // empty: all of the group
  std::string stream_prefix;
  std::optional<Time> start;         // inclusive
  std::optional<Time> end;           // exclusive
  std::int64_t after_sequence = -1;  // paging: (timestamp, sequence) behind this one
  std::optional<Time> after_time;
  bool newest_first = false;
  int limit = 10000;
};

// Reads log events on a read-only connection of its own; may run on any thread.
Result<std::vector<LogEvent>> read_log_events(const std::string& data_dir, const LogQuery& query);

}  // namespace berth
