// LogEvents: reading and erasing what Store::append() has kept. Events are too many for memory, so they live in the
// journal's file; tests and the simulator keep theirs in a vector.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/journal.h"

namespace berth {

struct LogQuery {
  std::string group;
  std::vector<std::string> streams;  // empty: all of the group
  std::string stream_prefix;
  std::optional<Time> start;         // inclusive
  std::optional<Time> end;           // exclusive
  std::optional<Time> after_time;    // paging: events behind (after_time, after_sequence)
  std::int64_t after_sequence = -1;
  bool newest_first = false;
  int limit = 10000;
};

class LogEvents {
 public:
  virtual ~LogEvents() = default;
  virtual Result<std::vector<LogEvent>> read(const LogQuery& query) = 0;
  // Of one stream, or of the whole group when `stream` is empty; older than `before`, or all of them.
  virtual Result<> erase(const std::string& group, const std::string& stream, std::optional<Time> before) = 0;
  // The sequence for the next event to append.
  virtual std::int64_t next_sequence() = 0;
};

// In memory; also a journal that keeps nothing but events.
class MemoryLogEvents final : public LogEvents, public Journal {
 public:
  Result<std::vector<LogEvent>> read(const LogQuery& query) override;
  Result<> erase(const std::string& group, const std::string& stream, std::optional<Time> before) override;
  std::int64_t next_sequence() override { return ++last_sequence_; }

  Result<> commit(const std::vector<Change>& changes, const std::vector<LogEvent>& events) override;
  Result<> load(const std::function<void(std::string_view, std::string_view, std::string_view)>& row) override;

 private:
  std::vector<LogEvent> events_;
  std::int64_t last_sequence_ = 0;
};

}  // namespace berth
