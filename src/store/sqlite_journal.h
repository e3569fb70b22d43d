// SqliteJournal: committed changes in `<data folder>/berth.db` (WAL, synchronous=NORMAL: kill -9 loses nothing, a
// power cut at most the last second). Also the home of log events, which are too many for memory, and of metric
// points.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/journal.h"
#include "store/log_events.h"
#include "store/metric_journal.h"

struct sqlite3;
struct sqlite3_stmt;

namespace berth {

class SqliteJournal final : public Journal, public LogEvents, public MetricJournal {
 public:
  // Opens or makes the file and brings an older one up to date. A folder in use by another process is refused.
  static Result<std::unique_ptr<SqliteJournal>> open(const std::string& data_dir);
  ~SqliteJournal() override;

  Result<> commit(const std::vector<Change>& changes, const std::vector<LogEvent>& events) override;
  Result<> load(const std::function<void(std::string_view, std::string_view, std::string_view)>& row) override;

  Result<std::vector<LogEvent>> read(const LogQuery& query) override;
  Result<> erase(const std::string& group, const std::string& stream, std::optional<Time> before) override;
  std::int64_t next_sequence() override { return ++last_sequence_; }

  Result<> write_metric_points(const std::vector<MetricPoint>& points) override;
  Result<> erase_metric_points_before(Time time) override;
  Result<> load_metric_points(const std::function<void(const MetricPoint&)>& each) override;

  // Why changes are not kept at present and what to do, said in the log once; empty while all is well.
  const std::string& problem() const { return problem_; }

 private:
  SqliteJournal(sqlite3* database, std::string data_dir)
      : database_(database), data_dir_(std::move(data_dir)) {}
  Result<> migrate();
  Result<> prepare_statements();
  Result<> read_last_sequence();
  Result<> write(const std::vector<Change>& changes, const std::vector<LogEvent>& events);
  Result<> write(const std::vector<MetricPoint>& points);
  Result<> noted(Result<> written);
  Result<> run(const char* sql);
  Result<> step(sqlite3_stmt* statement);
  Error last_error(const char* doing) const;

  sqlite3* database_;
  std::string data_dir_;
  std::string problem_;
  int lock_ = -1;
  std::int64_t last_sequence_ = 0;
  sqlite3_stmt* put_row_ = nullptr;
  sqlite3_stmt* erase_row_ = nullptr;
  sqlite3_stmt* put_event_ = nullptr;
  sqlite3_stmt* put_point_ = nullptr;
};

}  // namespace berth
