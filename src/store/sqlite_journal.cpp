#include "store/sqlite_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace berth {
namespace {

// Each entry brings a store of the version before it up to date; its index + 1 is the version it leads to.
constexpr const char* migrations[] = {
    "CREATE TABLE rows (name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    "  PRIMARY KEY (name, key)) WITHOUT ROWID;"
    "CREATE TABLE log_events (sequence INTEGER PRIMARY KEY, log_group TEXT NOT NULL, stream TEXT NOT NULL,"
    "  time_us INTEGER NOT NULL, ingested_us INTEGER NOT NULL, message TEXT NOT NULL);"
    "CREATE INDEX log_events_by_stream ON log_events (log_group, stream, time_us, sequence);"
    "CREATE TABLE metric_points (metric TEXT NOT NULL, start_us INTEGER NOT NULL, value TEXT NOT NULL,"
    "  PRIMARY KEY (metric, start_us)) WITHOUT ROWID;",
};

std::string database_path(const std::string& data_dir) { return data_dir + "/berth.db"; }

void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

std::string_view column_text(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return {text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

}  // namespace

Error SqliteJournal::last_error(const char* doing) const {
  return {"ServiceUnavailable", fmt::format("{}: {} ({})", database_path(data_dir_), sqlite3_errmsg(database_), doing), 503};
}

Result<> SqliteJournal::run(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return last_error(sql);
  return {};
}

Result<> SqliteJournal::step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (code != SQLITE_DONE && code != SQLITE_ROW) return last_error("writing the store");
  return {};
}

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::string& data_dir) {
  if (::mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{"StoreUnavailable",
                 fmt::format("Cannot make the data folder {}: {}", data_dir, std::strerror(errno))};
  }
  const std::string lock_path = data_dir + "/lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return Error{"StoreUnavailable", fmt::format("Cannot write in {}: {}", data_dir, std::strerror(errno))};
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return Error{"StoreInUse",
                 fmt::format("Another berthd uses the data folder {}; stop it or give another --data-dir",
                             data_dir)};
  }
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(database_path(data_dir).c_str(), &database,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  std::unique_ptr<SqliteJournal> journal(new SqliteJournal(database, data_dir));
  journal->lock_ = lock;
  if (opened != SQLITE_OK) return journal->last_error("opening the store");
  ::chmod(database_path(data_dir).c_str(), 0600);
  for (const char* setting : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA busy_timeout=2000",
                              "PRAGMA cache_size=-1024", "PRAGMA auto_vacuum=INCREMENTAL"}) {
    if (auto set = journal->run(setting); !set) return set.error();
  }
  if (auto migrated = journal->migrate(); !migrated) return migrated.error();
  if (auto prepared = journal->prepare_statements(); !prepared) return prepared.error();
  if (auto read = journal->read_last_sequence(); !read) return read.error();
  return journal;
}

SqliteJournal::~SqliteJournal() {
  for (auto* statement : {put_row_, erase_row_, put_event_, put_point_}) sqlite3_finalize(statement);
  sqlite3_close(database_);
  if (lock_ >= 0) ::close(lock_);
}

Result<> SqliteJournal::migrate() {
  int version = 0;
  const auto read_version = [](void* out, int, char** values, char**) {
    *static_cast<int*>(out) = std::atoi(values[0]);
    return 0;
  };
  if (sqlite3_exec(database_, "PRAGMA user_version", read_version, &version, nullptr) != SQLITE_OK) {
    return last_error("reading the store's version");
  }
  const int newest = static_cast<int>(std::size(migrations));
  if (version > newest) {
    return Error{"StoreTooNew",
                 fmt::format("The store was written by a newer berth (version {}, this one knows {})",
                                            version, newest)};
  }
  for (int next = version; next < newest; ++next) {
    const std::string sql =
        fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version={}; COMMIT;", migrations[next], next + 1);
    if (auto done = run(sql.c_str()); !done) return done;
  }
  return {};
}

Result<> SqliteJournal::prepare_statements() {
  const struct {
    sqlite3_stmt** statement;
    const char* sql;
  } wanted[] = {
      {&put_row_, "INSERT INTO rows VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = ?3"},
      {&erase_row_, "DELETE FROM rows WHERE name = ?1 AND key = ?2"},
      {&put_event_, "INSERT INTO log_events VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
      {&put_point_, "INSERT INTO metric_points VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = ?3"},
  };
  for (const auto& [statement, sql] : wanted) {
    if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, nullptr) != SQLITE_OK) {
      return last_error(sql);
    }
  }
  return {};
}

Result<> SqliteJournal::noted(Result<> written) {
  const std::string problem =
      written ? ""
              : fmt::format("Nothing can be stored: {}; changes are refused until there is room and it can be "
                            "written, what runs goes on",
                            written.error().message);
  if (!problem.empty() && problem_.empty()) log::error("store: {}", problem);
  if (problem.empty() && !problem_.empty()) log::info("store: changes are kept again");
  problem_ = problem;
  return written;
}

Result<> SqliteJournal::commit(const std::vector<Change>& changes, const std::vector<LogEvent>& events) {
  return noted(write(changes, events));
}

Result<> SqliteJournal::write(const std::vector<Change>& changes, const std::vector<LogEvent>& events) {
  if (auto begun = run("BEGIN IMMEDIATE"); !begun) return begun;
  const auto write_all = [&]() -> Result<> {
    for (const auto& change : changes) {
      auto* statement = change.value ? put_row_ : erase_row_;
      bind_text(statement, 1, change.table);
      bind_text(statement, 2, change.key);
      if (change.value) bind_text(statement, 3, *change.value);
      if (auto done = step(statement); !done) return done;
    }
    for (const auto& event : events) {
      sqlite3_bind_int64(put_event_, 1, event.sequence);
      bind_text(put_event_, 2, event.group);
      bind_text(put_event_, 3, event.stream);
      sqlite3_bind_int64(put_event_, 4, event.timestamp.us);
      sqlite3_bind_int64(put_event_, 5, event.ingestion_time.us);
      bind_text(put_event_, 6, event.message);
      if (auto done = step(put_event_); !done) return done;
    }
    return run("COMMIT");
  };
  auto written = write_all();
  if (!written) static_cast<void>(run("ROLLBACK"));
  return written;
}

Result<> SqliteJournal::load(
    const std::function<void(std::string_view, std::string_view, std::string_view)>& row) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, "SELECT name, key, value FROM rows", -1, &statement, nullptr) != SQLITE_OK) {
    return last_error("reading the store");
  }
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    row(column_text(statement, 0), column_text(statement, 1), column_text(statement, 2));
  }
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE) return last_error("reading the store");
  return {};
}

Result<> SqliteJournal::read_last_sequence() {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, "SELECT max(sequence) FROM log_events", -1, &statement, nullptr) != SQLITE_OK) {
    return last_error("reading the log events");
  }
  if (sqlite3_step(statement) == SQLITE_ROW) last_sequence_ = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return {};
}

Result<> SqliteJournal::write_metric_points(const std::vector<MetricPoint>& points) {
  return noted(write(points));
}

Result<> SqliteJournal::write(const std::vector<MetricPoint>& points) {
  if (auto begun = run("BEGIN IMMEDIATE"); !begun) return begun;
  for (const auto& point : points) {
    bind_text(put_point_, 1, point.metric);
    sqlite3_bind_int64(put_point_, 2, point.start.us);
    bind_text(put_point_, 3, point.value);
    if (auto done = step(put_point_); !done) {
      static_cast<void>(run("ROLLBACK"));
      return done;
    }
  }
  auto written = run("COMMIT");
  if (!written) static_cast<void>(run("ROLLBACK"));  // a transaction left open would refuse the next one
  return written;
}

Result<> SqliteJournal::erase_metric_points_before(Time time) {
  return run(fmt::format("DELETE FROM metric_points WHERE start_us < {}", time.us).c_str());
}

Result<> SqliteJournal::load_metric_points(const std::function<void(const MetricPoint&)>& each) {
  sqlite3_stmt* statement = nullptr;
  const char* sql = "SELECT metric, start_us, value FROM metric_points ORDER BY metric, start_us";
  if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK) return last_error(sql);
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    each({std::string(column_text(statement, 0)), Time{sqlite3_column_int64(statement, 1)},
          std::string(column_text(statement, 2))});
  }
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE) return last_error("reading the metric points");
  return {};
}

Result<> SqliteJournal::erase(const std::string& group, const std::string& stream, std::optional<Time> before) {
  sqlite3_stmt* statement = nullptr;
  const char* sql =
      "DELETE FROM log_events WHERE log_group = ?1 AND (?2 = '' OR stream = ?2) AND (?3 IS NULL OR time_us < ?3)";
  if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK) return last_error(sql);
  bind_text(statement, 1, group);
  bind_text(statement, 2, stream);
  if (before) sqlite3_bind_int64(statement, 3, before->us);
  auto done = step(statement);
  sqlite3_finalize(statement);
  return done;
}

namespace {

std::string log_query_sql(const LogQuery& query) {
  std::string sql =
      "SELECT sequence, stream, time_us, ingested_us, message FROM log_events WHERE log_group = ?1";
  if (!query.streams.empty()) {
    sql += " AND stream IN (";
    for (std::size_t i = 0; i < query.streams.size(); ++i) sql += fmt::format("{}?{}", i ? ", " : "", 10 + i);
    sql += ")";
  }
  if (!query.stream_prefix.empty()) sql += " AND substr(stream, 1, length(?2)) = ?2";
  if (query.start) sql += " AND time_us >= ?3";
  if (query.end) sql += " AND time_us < ?4";
  if (query.after_time) {
    sql += query.newest_first ? " AND (time_us, sequence) < (?5, ?6)" : " AND (time_us, sequence) > (?5, ?6)";
  }
  sql += query.newest_first ? " ORDER BY time_us DESC, sequence DESC" : " ORDER BY time_us, sequence";
  return sql + fmt::format(" LIMIT {}", query.limit);
}

void bind_log_query(sqlite3_stmt* statement, const LogQuery& query) {
  bind_text(statement, 1, query.group);
  for (std::size_t i = 0; i < query.streams.size(); ++i) {
    bind_text(statement, static_cast<int>(10 + i), query.streams[i]);
  }
  if (!query.stream_prefix.empty()) bind_text(statement, 2, query.stream_prefix);
  if (query.start) sqlite3_bind_int64(statement, 3, query.start->us);
  if (query.end) sqlite3_bind_int64(statement, 4, query.end->us);
  if (query.after_time) {
    sqlite3_bind_int64(statement, 5, query.after_time->us);
    sqlite3_bind_int64(statement, 6, query.after_sequence);
  }
}

}  // namespace

Result<std::vector<LogEvent>> SqliteJournal::read(const LogQuery& query) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, log_query_sql(query).c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    return last_error("reading log events");
  }
  bind_log_query(statement, query);
  std::vector<LogEvent> events;
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    events.push_back({query.group, std::string(column_text(statement, 1)), sqlite3_column_int64(statement, 0),
                      Time{sqlite3_column_int64(statement, 2)}, Time{sqlite3_column_int64(statement, 3)},
                      std::string(column_text(statement, 4))});
  }
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE) return last_error("reading log events");
  return events;
}

}  // namespace berth
